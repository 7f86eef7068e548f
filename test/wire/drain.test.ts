// docs/wire.md §6 (`draining`) and §3 (1012): how a server goes that is told to.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { openEvents } from "./support/events.ts";
import { accepted, answered, finalReceipt, refused } from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { openSocket } from "./support/socket.ts";
import { SECOND, until, within } from "./support/wait.ts";

async function withLab(work: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await Lab.start();
  try {
    await work(lab);
  } finally {
    await lab.stop();
  }
}

suite("a server that is told to end", { concurrency: 3 }, () => {
  test("§6 is not ready, refuses requests as draining, and still accepts events and spills durably", () =>
    withLab(async (lab) => {
      const tag = fresh();
      const held = lab.act("wide-request", tag, ["hold"]);
      await lab.atWork(tag);
      lab.server.signal("SIGTERM");
      await until("it is not ready", async () => (await lab.client.get("/health/ready")).status === 503);
      const refusal = await until("requests are refused", async () => {
        const answer = await lab.act("wide-request", fresh(), ["ok"]);
        return answer.status === 503 && answer;
      });
      refused(refusal, 503, "draining");
      const kept = [
        accepted(await lab.act("wide-event", fresh(), ["ok"])).id,
        accepted(await lab.act("wide-spill", fresh(), ["ok"])).id,
      ];
      await lab.release(tag);
      answered(await held);
      assert.deepEqual(await within("it ends", lab.server.exited, 20 * SECOND), { code: 0, signal: null });
      const again = await Lab.start("lab", { folder: lab.server.folder });
      try {
        for (const id of kept) assert.equal((await finalReceipt(again.client, id)).status, "succeeded");
      } finally {
        await again.stop();
      }
    }));

  test("§2, §3 lets running jobs end, ends streams, and closes sockets with 1012", () =>
    withLab(async (lab) => {
      const tag = fresh();
      const { id } = accepted(await lab.act("wide-event", tag, ["hold"]));
      await lab.atWork(tag);
      const stream = await openEvents(lab.client, `/receipts/${id}/events`);
      const socket = await openSocket(lab.server.port);
      lab.server.signal("SIGTERM");
      assert.equal(await socket.closeCode(), 1012);
      await lab.release(tag);
      await stream.all(20 * SECOND);
      assert.deepEqual(await within("it ends", lab.server.exited, 20 * SECOND), { code: 0, signal: null });
      const again = await Lab.start("lab", { folder: lab.server.folder });
      try {
        const receipt = await finalReceipt(again.client, id);
        assert.deepEqual([receipt.status, receipt.attempt], ["succeeded", 1]);
      } finally {
        await again.stop();
      }
    }));

  test("§2 with nothing to do ends with exit code 0 within seconds", () =>
    withLab(async (lab) => {
      lab.server.signal("SIGTERM");
      assert.deepEqual(await within("it ends", lab.server.exited, 10 * SECOND), { code: 0, signal: null });
    }));
});
