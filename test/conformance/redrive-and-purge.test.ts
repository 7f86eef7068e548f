// Redrive and purge: what an operator does with the dead letters.
import assert from "node:assert/strict";
import { promises } from "./promises.ts";
import { applied, DAY_MS, FAILED, keyed, type World } from "./world.ts";

const redrive = (world: World, id: string, delayMs = 0) => world.commit({ kind: "redrive", id, delayMs });
const purge = (world: World, id: string) => world.commit({ kind: "purge", id });

promises("redrive and purge", (promise) => {
  promise(
    "a failed job that is redriven is queued again, its attempts from 0, its revision going on",
    async (world) => {
      const failed = await world.failed();
      const job = applied(await redrive(world, failed.id, 50));
      assert.deepEqual(
        [job.status, job.attempt, job.throttles, job.revision, job.availableAt, job.acceptedAt],
        ["queued", 0, 0, failed.revision + 1, world.clock.now() + 50, failed.acceptedAt],
      );
      assert.deepEqual(
        [job.error, job.errorCode, job.token, job.expiresAt],
        [undefined, undefined, undefined, undefined],
      );
      assert.deepEqual(await world.claim(), []);
      world.clock.advance(50);
      const [claim] = await world.claim();
      assert.deepEqual([claim?.job.id, claim?.job.attempt], [failed.id, 1]);
      assert.ok(claim);
      assert.equal(applied(await world.settle(claim.lease)).status, "succeeded");
    },
  );

  promise("a redriven job keeps what its earlier attempts did", async (world) => {
    const { job, lease } = await world.running();
    const attempt = { number: 1, startedAt: 1, endedAt: 2, node: "a", error: { code: "x" } };
    const error = { type: "t", title: "t", status: 500, code: "x" };
    await world.settle(lease, { kind: "failed", error }, { attempt });
    await redrive(world, job.id);
    assert.deepEqual((await world.known(job.id)).attempts, [attempt]);
    assert.equal((await world.known(job.id)).input, '{"n":1}');
  });

  promise("a redriven job is not pruned when its old time comes", async (world) => {
    const failed = await world.failed();
    await redrive(world, failed.id, 30 * DAY_MS);
    world.clock.advance(20 * DAY_MS);
    assert.equal((await world.engine.sweep(10)).pruned, 0);
    assert.equal((await world.known(failed.id)).status, "queued");
  });

  promise("a purged job is gone, from everywhere", async (world) => {
    const failed = await world.failed();
    assert.deepEqual(await purge(world, failed.id), { kind: "applied" });
    assert.equal(await world.record(failed.id), undefined);
    assert.deepEqual((await world.engine.list({ limit: 10 })).items, []);
    assert.deepEqual((await world.engine.changes("ann", undefined, 10)).jobs, []);
    assert.deepEqual(await world.engine.deadLetters(), []);
  });

  promise("a purged job's key is free again", async (world) => {
    const failed = await world.failed(keyed("k"));
    await purge(world, failed.id);
    const again = await world.commit({
      kind: "open",
      call: world.call({ ...keyed("k", "other"), input: "2" }),
    });
    assert.ok(again.kind === "opened");
    assert.equal(again.job.revision, 1);
    assert.deepEqual((await world.known(failed.id)).attempts, []);
    assert.equal((await world.claim())[0]?.input, "2");
  });

  promise(
    "an id that is purged and opened once more, by the very same change, is listed once",
    async (world) => {
      const call = world.call();
      await world.commit({ kind: "open", call });
      const [claim] = await world.claim();
      assert.ok(claim);
      await world.settle(claim.lease, FAILED);
      await purge(world, call.id);
      assert.equal((await world.commit({ kind: "open", call })).kind, "opened");
      const { items } = await world.engine.list({ limit: 10 });
      assert.deepEqual(
        items.map(({ id, revision }) => [id, revision]),
        [[call.id, 1]],
      );
      assert.equal((await world.claim(10)).length, 1);
    },
  );

  promise("only what failed can be redriven or purged", async (world) => {
    const queued = await world.opened({ delayMs: 1_000 });
    const cancelled = await world.opened({ delayMs: 1_000 });
    await world.commit({ kind: "cancel", ref: { id: cancelled.id, principal: "ann" } });
    const { job: running } = await world.running();
    const done = await world.running();
    await world.settle(done.lease);
    for (const { id } of [queued, cancelled, running, done.job]) {
      const before = await world.known(id);
      assert.deepEqual(await redrive(world, id), { kind: "unknown" });
      assert.deepEqual(await purge(world, id), { kind: "unknown" });
      assert.deepEqual(await world.known(id), before);
    }
    assert.deepEqual(await redrive(world, "nothing"), { kind: "unknown" });
    assert.deepEqual(await purge(world, "nothing"), { kind: "unknown" });
  });

  promise("a job may fail, be redriven and fail again, many times over", async (world) => {
    const { id } = await world.failed();
    for (let round = 0; round < 5; round++) {
      await redrive(world, id);
      const [claim] = await world.claim();
      assert.ok(claim);
      assert.equal(claim.job.attempt, 1);
      const error = { type: "t", title: "t", status: 500, code: `round-${round}` };
      await world.settle(claim.lease, { kind: "failed", error });
      assert.equal((await world.known(id)).errorCode, `round-${round}`);
    }
    assert.equal((await world.engine.deadLetters()).length, 1);
  });
});
