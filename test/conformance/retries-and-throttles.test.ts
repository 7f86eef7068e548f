// Again later: what costs an attempt and what does not.
import assert from "node:assert/strict";
import type { Verdict } from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import { promises } from "./promises.ts";
import { applied, DONE } from "./world.ts";

const error = problem("handler-failed", "Not yet.");
const retry: Verdict = { kind: "queued", delayMs: 100, error, spent: true };
const throttle: Verdict = { kind: "queued", delayMs: 100, error: problem("saturated"), spent: false };

promises("retries and throttles", (promise) => {
  promise("a retry is queued again for later, shows its last error, and costs the attempt", async (world) => {
    const { lease } = await world.running();
    const job = applied(await world.settle(lease, retry));
    assert.deepEqual(
      [job.status, job.attempt, job.throttles, job.availableAt, job.revision, job.leaseUntil, job.errorCode],
      ["queued", 1, 0, world.clock.now() + 100, 3, undefined, undefined],
    );
    assert.deepEqual(JSON.parse(job.error ?? ""), error);
    assert.deepEqual(await world.claim(), []);
    world.clock.advance(100);
    assert.equal((await world.claim())[0]?.job.attempt, 2);
  });

  promise("a throttle costs no attempt and is counted, until an attempt is spent", async (world) => {
    const { lease } = await world.running();
    const first = applied(await world.settle(lease, throttle));
    assert.deepEqual([first.attempt, first.throttles], [0, 1]);
    world.clock.advance(100);
    const [second] = await world.claim();
    assert.equal(second?.job.attempt, 1);
    assert.ok(second);
    assert.deepEqual(applied(await world.settle(second.lease, throttle)).throttles, 2);
    world.clock.advance(100);
    const [third] = await world.claim();
    assert.ok(third);
    const retried = applied(await world.settle(third.lease, retry));
    assert.deepEqual([retried.attempt, retried.throttles], [1, 0]);
  });

  promise(
    "a job given back unrun costs no attempt, keeps its throttles and shows the error it had",
    async (world) => {
      const { lease } = await world.running();
      await world.settle(lease, throttle);
      world.clock.advance(100);
      const [again] = await world.claim();
      assert.ok(again);
      const released = applied(await world.settle(again.lease, { kind: "released", delayMs: 5 }));
      assert.deepEqual(
        [released.status, released.attempt, released.throttles, released.availableAt],
        ["queued", 0, 1, world.clock.now() + 5],
      );
      assert.equal(JSON.parse(released.error ?? "").code, "saturated");
    },
  );

  promise("a success after a retry shows no error, its attempts counted", async (world) => {
    const { lease } = await world.running();
    await world.settle(lease, retry);
    world.clock.advance(100);
    const [again] = await world.claim();
    assert.ok(again);
    const job = applied(await world.settle(again.lease, DONE));
    assert.deepEqual([job.status, job.attempt, job.error, job.throttles], ["succeeded", 2, undefined, 0]);
  });

  promise("the revision grows by one with every change, through all of a job's life", async (world) => {
    const seen: number[] = [];
    const job = await world.opened();
    for (let round = 0; round < 4; round++) {
      seen.push((await world.known(job.id)).revision);
      const [claim] = await world.claim();
      assert.ok(claim);
      seen.push(claim.job.revision);
      await world.settle(claim.lease, retry);
      world.clock.advance(100);
    }
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8]);
  });

  promise("a retry may write and send what it decided on", async (world) => {
    const { job, lease } = await world.running();
    const writes = [{ kind: "put", table: "things", key: "a", value: "1" } as const];
    await world.settle(lease, retry, { writes });
    assert.equal(await world.value("things", "a"), 1);
    assert.equal((await world.known(job.id)).effects.length, 1);
  });
});
