// Leases: held as long as they are extended; taken back when they run out, the attempt counted.
import assert from "node:assert/strict";
import { promises } from "./promises.ts";
import { applied, keyed, LEASE_MS, leaseOf, put } from "./world.ts";

promises("leases and rescue", (promise) => {
  promise("an extended lease is held from now on, without a new revision", async (world) => {
    const { job, lease } = await world.running();
    world.clock.advance(1_000);
    const answer = await world.commit({ kind: "extend", lease, leaseMs: LEASE_MS });
    assert.deepEqual(answer, { kind: "held", until: world.clock.now() + LEASE_MS, cancelRequested: false });
    const record = await world.known(job.id);
    assert.deepEqual([record.revision, record.leaseUntil], [job.revision, world.clock.now() + LEASE_MS]);
  });

  promise("a lease that is extended in time is never taken back", async (world) => {
    const { lease } = await world.running();
    for (let beat = 0; beat < 10; beat++) {
      world.clock.advance(LEASE_MS - 1);
      assert.deepEqual(await world.engine.sweep(10), { rescued: [], pruned: 0 });
      assert.equal((await world.commit({ kind: "extend", lease, leaseMs: LEASE_MS })).kind, "held");
    }
    assert.equal((await world.settle(lease)).kind, "applied");
  });

  promise("a lease with another token, of an ended job or of none, is stale", async (world) => {
    const { lease } = await world.running();
    const extend = (one: typeof lease) => world.commit({ kind: "extend", lease: one, leaseMs: LEASE_MS });
    assert.deepEqual(await extend({ ...lease, token: world.token() }), { kind: "stale" });
    assert.deepEqual(await extend({ id: "nothing", token: lease.token }), { kind: "stale" });
    await world.settle(lease);
    assert.deepEqual(await extend(lease), { kind: "stale" });
  });

  promise("a job whose lease ran out is queued again, its attempt counted and told", async (world) => {
    const { job, lease } = await world.running();
    world.clock.advance(LEASE_MS - 1);
    assert.deepEqual((await world.engine.sweep(10)).rescued, []);
    world.clock.advance(1);
    const { rescued } = await world.engine.sweep(10);
    assert.equal(rescued.length, 1);
    const record = await world.known(job.id);
    assert.deepEqual([record.status, record.attempt, record.revision], ["queued", 1, job.revision + 1]);
    assert.equal(rescued[0]?.revision, record.revision);
    assert.equal(JSON.parse(record.error ?? "").code, "handler-failed");
    assert.equal(record.attempts.length, 1);
    const { number, startedAt, endedAt, error } = record.attempts[0] ?? {};
    assert.deepEqual(
      [number, startedAt, endedAt, error?.code],
      [1, job.updatedAt, world.clock.now(), "handler-failed"],
    );
    assert.deepEqual(await world.settle(lease), { kind: "stale" });
  });

  promise("a rescued job waits out a backoff and then runs again", async (world) => {
    const { job } = await world.running();
    world.clock.advance(LEASE_MS);
    await world.engine.sweep(10);
    const { availableAt } = await world.known(job.id);
    assert.ok(availableAt >= world.clock.now() && availableAt <= world.clock.now() + 500);
    world.clock.advance(500);
    assert.equal((await world.claim())[0]?.job.attempt, 2);
  });

  promise(
    "after a rescue, the lost attempt's end is stale and leaves nothing, before and after the next claim",
    async (world) => {
      const { lease } = await world.running();
      world.clock.advance(LEASE_MS);
      await world.engine.sweep(10);
      assert.deepEqual(await world.settle(lease, undefined, { writes: [put("a", 1)] }), { kind: "stale" });
      assert.deepEqual(await world.commit({ kind: "extend", lease, leaseMs: LEASE_MS }), { kind: "stale" });
      world.clock.advance(500);
      const [again] = await world.claim();
      assert.ok(again);
      assert.deepEqual(await world.settle(lease, undefined, { writes: [put("a", 1)] }), { kind: "stale" });
      assert.equal(await world.value("things", "a"), undefined);
      assert.equal((await world.settle(again.lease)).kind, "applied");
    },
  );

  promise("a job that is lost at its last attempt is failed, for good", async (world) => {
    const { job, lease } = await world.running({ maxAttempts: 1 });
    world.clock.advance(LEASE_MS);
    const { rescued } = await world.engine.sweep(10);
    assert.deepEqual([rescued[0]?.status, rescued[0]?.errorCode], ["failed", "handler-failed"]);
    assert.deepEqual(await world.settle(lease), { kind: "stale" });
    assert.deepEqual(
      (await world.engine.deadLetters()).map(({ count, errorCode }) => [count, errorCode]),
      [[1, "handler-failed"]],
    );
    assert.equal((await world.known(job.id)).attempts.length, 1);
    assert.equal(applied(await world.commit({ kind: "redrive", id: job.id, delayMs: 0 })).status, "queued");
  });

  promise("a call at once that is lost is forgotten, and was rescued by nobody", async (world) => {
    const call = world.callAtOnce("forget", keyed("k"));
    await world.commit({ kind: "open", call });
    world.clock.advance(LEASE_MS);
    assert.deepEqual((await world.engine.sweep(10)).rescued, []);
    assert.equal(await world.record(call.id), undefined);
    assert.deepEqual(await world.settle(leaseOf(call)), { kind: "stale" });
  });

  promise("a call at once that was to be queued if lost is queued", async (world) => {
    const call = world.callAtOnce("queue");
    await world.commit({ kind: "open", call });
    world.clock.advance(LEASE_MS);
    const { rescued } = await world.engine.sweep(10);
    assert.deepEqual(
      rescued.map(({ id, status, attempt }) => [id, status, attempt]),
      [[call.id, "queued", 1]],
    );
  });

  promise(
    "a sweep takes back at most its limit, the longest lost first, and the next goes on",
    async (world) => {
      const calls = Array.from({ length: 5 }, () => world.call());
      await world.engine.commit(calls.map((call) => ({ kind: "open", call })));
      const claims = await world.claim(5);
      const [first] = claims;
      assert.ok(first);
      await world.commit({ kind: "extend", lease: first.lease, leaseMs: LEASE_MS + 1 });
      world.clock.advance(LEASE_MS + 1);
      const rounds = [];
      for (let round = 0; round < 4; round++) {
        rounds.push((await world.engine.sweep(2)).rescued.map(({ id }) => id));
      }
      const ids = claims.map(({ job }) => job.id);
      assert.deepEqual(rounds, [[ids[1], ids[2]], [ids[3], ids[4]], [ids[0]], []]);
    },
  );
});
