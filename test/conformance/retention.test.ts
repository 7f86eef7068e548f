// Retention: final records go when their time is over, and nothing else ever does.
import assert from "node:assert/strict";
import type { AuditEntry } from "../../src/core/engine.ts";
import { promises } from "./promises.ts";
import { applied, DAY_MS, HOUR_MS, keyed, LEASE_MS, type World } from "./world.ts";

promises("retention", (promise) => {
  promise("a succeeded job is kept for 24 hours", async (world) => {
    const { job, lease } = await world.running();
    await world.settle(lease);
    await assertKeptFor(world, job.id, 24 * HOUR_MS);
  });

  promise("a failed job is kept for 14 days", async (world) => {
    const { id } = await world.failed();
    await assertKeptFor(world, id, 14 * DAY_MS);
  });

  promise("a cancelled job is kept for 14 days", async (world) => {
    const { id } = await world.opened();
    await world.commit({ kind: "cancel", ref: { id, principal: "ann" } });
    await assertKeptFor(world, id, 14 * DAY_MS);
  });

  promise("the time counts from the end of the job, not from its beginning", async (world) => {
    const { job, lease } = await world.running({ delayMs: 0 });
    await world.settle(lease, { kind: "released", delayMs: 3 * DAY_MS });
    world.clock.advance(3 * DAY_MS);
    const [again] = await world.claim();
    assert.ok(again);
    assert.equal(applied(await world.settle(again.lease)).expiresAt, world.clock.now() + DAY_MS);
    await assertKeptFor(world, job.id, DAY_MS);
  });

  promise("what is queued or running is never pruned, however old it is", async (world) => {
    const queued = await world.opened({ delayMs: 1_000 * DAY_MS });
    const { job, lease } = await world.running({ operation: "other" });
    await world.commit({ kind: "extend", lease, leaseMs: 1_000 * DAY_MS });
    world.clock.advance(500 * DAY_MS);
    assert.deepEqual(await world.engine.sweep(10), { rescued: [], pruned: 0 });
    assert.equal((await world.known(queued.id)).status, "queued");
    assert.equal((await world.known(job.id)).status, "running");
  });

  promise("a pruned job is gone from lists, changes and dead letters, and its key is free", async (world) => {
    const { id } = await world.failed(keyed("k"));
    world.clock.advance(14 * DAY_MS);
    assert.equal((await world.engine.sweep(10)).pruned, world.pruned(1));
    assert.deepEqual((await world.engine.list({ limit: 10 })).items, []);
    assert.deepEqual((await world.engine.changes("ann", undefined, 10)).jobs, []);
    assert.deepEqual(await world.engine.deadLetters(), []);
    assert.equal(await world.record(id), undefined);
    const again = await world.commit({ kind: "open", call: world.call(keyed("k", "other")) });
    assert.equal(again.kind, "opened");
  });

  promise("a sweep prunes at most its limit, and the next goes on", async (world) => {
    for (let n = 0; n < 5; n++) await world.settle((await world.running()).lease);
    world.clock.advance(DAY_MS);
    const pruned: number[] = [];
    for (let round = 0; round < 4; round++) pruned.push((await world.engine.sweep(2)).pruned);
    assert.deepEqual(pruned, [2, 2, 1, 0]);
    assert.deepEqual((await world.engine.list({ limit: 10 })).items, []);
  });

  promise("tables and settings are kept", async (world) => {
    const setting = { scope: "operation", name: "work", paused: true, concurrency: 3 } as const;
    await world.commit({ kind: "set", setting });
    await world.write([{ kind: "put", table: "things", key: "a", value: "1" }]);
    world.clock.advance(1_000 * DAY_MS);
    await world.engine.sweep(100);
    assert.deepEqual(await world.engine.settings(), [setting]);
    assert.equal(await world.value("things", "a"), 1);
  });

  promise("what operators did is told for 90 days", async (world) => {
    const first = await noted(world, "first");
    world.clock.advance(DAY_MS);
    const second = await noted(world, "second");
    world.clock.advance(89 * DAY_MS - 1);
    assert.equal((await world.engine.sweep(10)).pruned, 0);
    assert.deepEqual((await world.engine.audit(10)).items, [second, first]);
    world.clock.advance(1);
    assert.equal((await world.engine.sweep(10)).pruned, world.pruned(1));
    assert.deepEqual(await world.engine.audit(10), { items: [second], next: null });
  });

  promise("the audit is pruned from its oldest end, at most a sweep's limit at a time", async (world) => {
    const entries: AuditEntry[] = [];
    for (let n = 0; n < 5; n++) entries.push(await noted(world, `job-${n}`));
    world.clock.advance(90 * DAY_MS);
    const left: number[] = [];
    for (let round = 0; round < 4; round++) {
      await world.engine.sweep(2);
      const { items } = await world.engine.audit(10);
      assert.deepEqual(items, entries.toReversed().slice(0, items.length));
      left.push(items.length);
    }
    assert.deepEqual(left, [3, 1, 0, 0]);
  });

  promise(
    "pages of the audit do not shift where its oldest entries go while someone reads",
    async (world) => {
      await noted(world, "old");
      world.clock.advance(DAY_MS);
      const entries: AuditEntry[] = [];
      for (let n = 0; n < 3; n++) entries.push(await noted(world, `job-${n}`));
      const first = await world.engine.audit(2);
      world.clock.advance(89 * DAY_MS);
      await world.engine.sweep(10);
      const later = await noted(world, "later");
      assert.ok(first.next !== null);
      const second = await world.engine.audit(2, first.next);
      assert.deepEqual([...first.items, ...second.items], entries.toReversed());
      assert.equal(second.next, null);
      assert.deepEqual((await world.engine.audit(1)).items, [later]);
    },
  );

  promise("a sweep may do both: take back leases and prune", async (world) => {
    await world.settle((await world.running()).lease);
    await world.running();
    world.clock.advance(DAY_MS + LEASE_MS);
    const { rescued, pruned } = await world.engine.sweep(10);
    assert.deepEqual([rescued.length, pruned], [1, world.pruned(1)]);
  });
});

async function noted(world: World, target: string): Promise<AuditEntry> {
  const entry = { at: world.clock.now(), by: "admin", action: "redrive", target, detail: "{}" };
  await world.commit({ kind: "audit", entry });
  return entry;
}

async function assertKeptFor(world: World, id: string, ms: number): Promise<void> {
  world.clock.advance(ms - 1);
  assert.equal((await world.engine.sweep(10)).pruned, 0);
  assert.ok(await world.record(id), "kept to the last moment");
  world.clock.advance(1);
  assert.equal((await world.engine.sweep(10)).pruned, world.pruned(1));
  assert.equal(await world.record(id), undefined, "then gone");
}
