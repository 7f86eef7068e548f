// docs/wire.md §1 and §6 under concurrency: nothing is lost, nothing is done twice, nothing goes past a limit.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { unless } from "./support/deployment.ts";
import { accepted, answered, finalReceipt, type Receipt, refused, tally } from "./support/judge.ts";
import { type Acted, fresh, Lab } from "./support/lab.ts";
import { startApp } from "./support/server.ts";
import { eachOf, SECOND, times, until } from "./support/wait.ts";

const lab = await Lab.start();
const { client } = lab;
after(() => lab.stop());

async function counter(left: number): Promise<string> {
  const name = fresh("counter");
  answered(await client.call("count-request", { name, left }));
  return name;
}

const look = async (name: string) => answered<number>(await client.call("look", { name }));

suite("200 concurrent decrements of one counter", () => {
  test("§1 by request calls: it moved by as many as succeeded, the others were refused", async () => {
    const name = await counter(1_000);
    const answers = await eachOf(times(200), 200, () => client.call("count-request", { name }));
    const counts = tally(answers);
    assert.deepEqual(
      Object.keys(counts).filter((key) => key !== "200" && key !== "saturated"),
      [],
    );
    assert.equal(1_000 - (await look(name)), counts["200"] ?? 0);
    const seen = answers
      .filter(({ status }) => status === 200)
      .map((answer) => answer.as<{ left: number }>().left);
    assert.equal(new Set(seen).size, seen.length, "no two saw the same count");
  });

  for (const flow of ["event", "spill"]) {
    const slow = unless({ container: "two hundred at odds over one row take the emulated table minutes" });
    test(`§1 by ${flow} calls: it moved by all 200`, slow, async () => {
      const name = await counter(1_000);
      const answers = await eachOf(times(200), 200, () => client.call(`count-${flow}`, { name }));
      const receipts = answers.filter(({ status }) => status === 202).map((answer) => accepted(answer).id);
      assert.deepEqual(
        answers.filter(({ status }) => status !== 200 && status !== 202).map(({ text }) => text),
        [],
      );
      for (const id of receipts) {
        assert.equal((await finalReceipt(client, id, 30 * SECOND)).status, "succeeded");
      }
      assert.equal(await look(name), 800);
    });
  }
});

suite("one key", { concurrency: 4 }, () => {
  for (const flow of ["request", "event", "spill"]) {
    test(`§1 in 30 simultaneous ${flow} calls makes one run`, async () => {
      const tag = fresh();
      const key = { "idempotency-key": fresh("key") };
      const answers = await Promise.all(times(30).map(() => lab.act(`wide-${flow}`, tag, ["ok"], key)));
      const ids = new Set<string>();
      for (const answer of answers) {
        if (answer.status === 200) ids.add(answered<Acted>(answer).id);
        else if (answer.status === 202) ids.add(accepted(answer).id);
        else refused(answer, 409, "idempotency-in-flight");
      }
      assert.equal(ids.size, 1);
      const [id] = ids;
      const last = await until("the outcome is there", async () => {
        const again = await lab.act(`wide-${flow}`, tag, ["ok"], { ...key, prefer: "wait=5" });
        return again.status === 200 && again;
      });
      assert.equal(answered<Acted>(last).id, id);
      assert.equal((await lab.runs(tag)).length, 1);
    });
  }

  test("§1 in 30 simultaneous calls that fail at first still has one run at a time, all under one id", async () => {
    const tag = fresh();
    const key = { "idempotency-key": fresh("key") };
    const plan = ["throw", "throw", "throw", "ok"];
    const answers = await Promise.all(times(30).map(() => lab.act("wide-request", tag, plan, key)));
    for (const answer of answers) assert.ok([200, 500, 409].includes(answer.status), `${answer.status}`);
    await until("it succeeds", async () => (await lab.act("wide-request", tag, plan, key)).status === 200);
    const { runs, peak } = await lab.world(tag);
    assert.deepEqual([runs.length, peak, new Set(runs.map(({ id }) => id)).size], [4, 1, 1]);
  });

  test("§1 a 504 and its repeat showed the outside world one id", async () => {
    for (const flow of ["request", "spill"]) {
      const tag = fresh();
      const key = { "idempotency-key": fresh("key") };
      const first = await lab.act(`brief-${flow}`, tag, ["hold", "ok"], key);
      if (flow === "request") refused(first, 504, "handler-timeout");
      else await finalReceipt(client, accepted(first).id);
      const { id } = answered<Acted>(await lab.act(`brief-${flow}`, tag, ["hold", "ok"], key));
      const runs = await lab.runs(tag);
      assert.deepEqual(
        runs.map((run) => run.id),
        [id, id],
      );
    }
  });

  const OTHERS = "until its lease is over, another process may still be at it";
  const shared = unless({ container: OTHERS, postgres: OTHERS });
  test("§1 a call that died with its process runs again under the same id", shared, async () => {
    for (const flow of ["request", "spill"]) {
      const before = await startApp("lab");
      const tag = fresh();
      const key = { "idempotency-key": fresh("key") };
      const cut = before.client.call(`wide-${flow}`, { tag, plan: ["hold"] }, key);
      const dying = cut.then(
        () => assert.fail("It was answered."),
        () => undefined,
      );
      const first = await until("it runs", async () => {
        const { runs } = await before.ask<{ runs: readonly { id: string }[] }>("world", tag);
        return runs[0];
      });
      before.signal("SIGKILL");
      await dying;
      await before.exited;
      const again = await Lab.start("lab", { folder: before.folder });
      await again.release(tag);
      const answer = await again.client.call(
        `wide-${flow}`,
        { tag, plan: ["hold"] },
        { ...key, prefer: "wait=10" },
      );
      assert.equal(answered<Acted>(answer).id, first.id);
      await again.stop();
      await before.stop();
    }
  });
});

suite("a limit", () => {
  test("§1 holds though handlers ignore their signal: never more are at work than there are slots", async () => {
    const also = fresh("place");
    const tag = fresh();
    const input = { tag, also, plan: ["deaf"] };
    const first = await Promise.all(times(2).map(() => client.call("deaf-request", input)));
    for (const answer of first) refused(answer, 504, "handler-timeout");
    const rest = await eachOf(times(20), 4, () => client.call("deaf-request", input));
    for (const answer of rest) refused(answer, 503, "saturated");
    assert.equal((await lab.world(also)).peak, 2);
    await lab.release(tag);
    await until("a slot is free again", async () => {
      const answer = await client.call("deaf-request", { tag: fresh(), also });
      return answer.status === 200;
    });
    assert.ok((await lab.world(also)).peak <= 2);
  });

  test("§1 that nobody uses is free for every call, one after another", async () => {
    const statuses = new Set<number>();
    const end = performance.now() + 3 * SECOND;
    while (performance.now() < end) statuses.add((await lab.act("one-request", fresh(), ["ok"])).status);
    assert.deepEqual([...statuses], [200]);
  });

  test("§1 a spill call with every slot free is answered at once, one after another", async () => {
    const statuses = new Set<number>();
    const end = performance.now() + 3 * SECOND;
    while (performance.now() < end) statuses.add((await lab.act("one-spill", fresh(), ["ok"])).status);
    assert.deepEqual([...statuses], [200]);
  });

  test("§1 no call is lost when its client has gone", async () => {
    const tag = fresh();
    const cut = client.open("/operations/wide-spill", {
      method: "POST",
      body: { tag, plan: ["deaf", "ok"] },
    });
    cut.catch(() => undefined);
    await lab.atWork(tag);
    const narrow = client.wide(1);
    const leaving = narrow.call("wide-spill", { tag: `${tag}-2`, plan: ["hold"] });
    leaving.catch(() => undefined);
    await lab.atWork(`${tag}-2`);
    narrow.close();
    await lab.release(`${tag}-2`);
    const runs = await lab.ended(`${tag}-2`);
    assert.deepEqual([runs.length, runs[0]?.aborted], [1, false]);
    await lab.release(tag);
    (await cut).resume();
  });
});

suite("a receipt", () => {
  test("§1 is on durable storage before its 202: all are there after the process was killed", async () => {
    const before = await startApp("lab");
    const tag = fresh();
    const wide = before.client.wide(50);
    const calls = times(400).map(() => wide.call("one-event", { tag, plan: ["hold"] }));
    const ids = new Set<string>();
    let killed = false;
    await Promise.all(
      calls.map((call) =>
        call.then(
          (answer) => {
            ids.add(accepted(answer).id);
            if (ids.size >= 150 && !killed) {
              killed = true;
              before.signal("SIGKILL");
            }
          },
          () => assert.ok(killed, "only a killed server cuts a call"),
        ),
      ),
    );
    await before.exited;
    const again = await Lab.start("lab", { folder: before.folder });
    try {
      await again.release(tag);
      for (const id of ids) {
        const receipt = answered<Receipt>(await again.client.receipt(id));
        assert.equal(receipt.id, id);
      }
      for (const id of ids)
        assert.equal((await finalReceipt(again.client, id, 30 * SECOND)).status, "succeeded");
    } finally {
      await again.stop();
      await before.stop();
    }
  });
});
