// Repeats: a change whose answer was lost is sent again, and must neither happen twice nor be answered otherwise.
import assert from "node:assert/strict";
import type { Change, Verdict } from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import { promises } from "./promises.ts";
import { DONE, FAILED, keyed, LEASE_MS, leaseOf, put, type World } from "./world.ts";

const error = problem("handler-failed");
const verdicts: readonly Verdict[] = [
  DONE,
  FAILED,
  { kind: "queued", delayMs: 100, error, spent: true },
  { kind: "queued", delayMs: 100, error, spent: false },
  { kind: "released", delayMs: 100 },
  { kind: "cancelled" },
];

promises("repeat", (promise) => {
  promise("an open without a key", async (world) => {
    await assertRepeats(world, { kind: "open", call: world.call() });
    assert.equal((await world.claim(10)).length, 1);
  });

  promise("an open of a call at once, with a key, also once it is settled", async (world) => {
    const call = world.callAtOnce("forget", keyed("k"));
    await assertRepeats(world, { kind: "open", call });
    await world.settle(leaseOf(call));
    assert.equal((await world.commit({ kind: "open", call })).kind, "opened");
  });

  promise("an open under a key that was queued finds itself", async (world) => {
    const call = world.call(keyed("k"));
    const first = await world.commit({ kind: "open", call });
    const again = await world.commit({ kind: "open", call });
    assert.ok(first.kind === "opened" && again.kind === "existing");
    assert.deepEqual(again.job, first.job);
  });

  promise("the opening that makes a call at once a job", async (world) => {
    const call = world.callAtOnce("forget", keyed("k"));
    await world.commit({ kind: "open", call });
    await assertRepeats(world, {
      kind: "open",
      call: { ...call, start: { ...call.start, ifLost: "queue" } },
    });
  });

  for (const verdict of verdicts) {
    promise(`a settlement as ${named(verdict)}, with all its effects`, async (world) => {
      const { job, lease } = await world.running();
      const settlement = world.settlement(lease, verdict, {
        writes: [
          { kind: "insert", table: "things", key: "once", value: "1" },
          { kind: "add", table: "things", key: "count", fields: { n: 1 } },
        ],
        sends: [world.call({ operation: "sent" })],
        attempt: { number: 1, startedAt: 1, endedAt: 2, node: "a" },
      });
      await assertRepeats(world, { kind: "settle", settlement });
      assert.deepEqual(await world.value("things", "count"), { n: 1 });
      assert.equal((await world.claim(10, "sent")).length, 1);
      const record = await world.known(job.id);
      assert.deepEqual([record.attempts.length, record.effects.length], [1, 3]);
    });
  }

  promise("a settlement whose reads no longer hold because it was itself applied", async (world) => {
    await world.write([{ kind: "put", table: "things", key: "a", value: "1" }]);
    const reads = [{ table: "things", key: "a", version: await world.version("things", "a") }];
    const { lease } = await world.running();
    const writes = [{ kind: "put", table: "things", key: "a", value: "2" } as const];
    await assertRepeats(world, {
      kind: "settle",
      settlement: world.settlement(lease, DONE, { reads, writes }),
    });
  });

  promise("a settlement that conflicts, or is stale", async (world) => {
    const { lease } = await world.running();
    const reads = [{ table: "things", key: "a", version: 9 }];
    await assertRepeats(world, { kind: "settle", settlement: world.settlement(lease, DONE, { reads }) });
    const stale = { ...lease, token: world.token() };
    await assertRepeats(world, { kind: "settle", settlement: world.settlement(stale, DONE) });
  });

  promise("a settlement that forgets a call at once", async (world) => {
    const call = world.callAtOnce("forget", keyed("k"));
    await world.commit({ kind: "open", call });
    const settlement = world.settlement(leaseOf(call), { kind: "forgotten" });
    await assertRepeats(world, { kind: "settle", settlement });
  });

  promise("a settlement that brings its own call, and keeps it", async (world) => {
    const born = world.callAtOnce("forget");
    const verdict = { kind: "queued", delayMs: 0, error, spent: true } as const;
    const writes = [{ kind: "add", table: "things", key: "count", fields: { n: 1 } } as const];
    const settlement = { ...world.settlement(leaseOf(born), verdict, { writes }), born };
    await assertRepeats(world, { kind: "settle", settlement });
    assert.deepEqual(await world.value("things", "count"), { n: 1 });
    assert.equal((await world.claim(10)).length, 1);
  });

  promise("a claim: the same jobs under the same leases, and no others", async (world) => {
    for (let n = 0; n < 6; n++) await world.opened({ operation: n % 2 === 0 ? "a" : "b" });
    const queues = [
      { operation: "b", limit: 2 },
      { operation: "a", limit: 1 },
    ];
    const change = { kind: "claim", queues, token: world.token(), leaseMs: LEASE_MS } as const;
    const first = await world.commit(change);
    const again = await world.commit(change);
    assert.ok(first.kind === "claimed" && again.kind === "claimed");
    assert.equal(first.claims.length, 3);
    assert.deepEqual(again.claims, first.claims);
    assert.equal((await world.claim(10, "a")).length, 2);
  });

  promise("a claim of which some is settled answers with the rest", async (world) => {
    for (let n = 0; n < 4; n++) await world.opened();
    const queues = [{ operation: "work", limit: 3 }];
    const change = { kind: "claim", queues, token: world.token(), leaseMs: LEASE_MS } as const;
    const first = await world.commit(change);
    assert.ok(first.kind === "claimed" && first.claims[1]);
    await world.settle(first.claims[1].lease);
    const again = await world.commit(change);
    assert.ok(again.kind === "claimed");
    assert.deepEqual(
      again.claims.map(({ lease }) => lease),
      [first.claims[0]?.lease, first.claims[2]?.lease],
    );
  });

  for (const verdict of [
    ...verdicts.filter(({ kind }) => kind === "queued" || kind === "released"),
    FAILED,
  ]) {
    promise(
      `a claim, when its job is back after it was ${named(verdict)}: under no token of before`,
      async (world) => {
        const { id } = await world.opened();
        const queues = [{ operation: "work", limit: 1 }];
        const change = { kind: "claim", queues, token: world.token(), leaseMs: LEASE_MS } as const;
        const first = await world.commit(change);
        assert.ok(first.kind === "claimed" && first.claims[0]);
        const settlement = world.settlement(first.claims[0].lease, verdict, { writes: [put("a", 1)] });
        await world.commit({ kind: "settle", settlement });
        const version = await world.version("things", "a");
        await world.commit({ kind: "redrive", id, delayMs: 0 });
        world.clock.advance(100);
        const again = await world.commit(change);
        assert.ok(again.kind === "claimed" && again.claims[0]);
        assert.notEqual(again.claims[0].lease.token, first.claims[0].lease.token);
        assert.deepEqual(await world.commit({ kind: "settle", settlement }), { kind: "stale" });
        assert.equal((await world.settle(again.claims[0].lease)).kind, "applied");
        assert.ok(version > 0);
        assert.equal(await world.version("things", "a"), version);
      },
    );
  }

  promise("an extension, a cancel of what waits, a cancel of what runs, a setting", async (world) => {
    const { job, lease } = await world.running();
    await assertRepeats(world, { kind: "extend", lease, leaseMs: LEASE_MS });
    await assertRepeats(world, { kind: "cancel", ref: { id: job.id, principal: "ann" } });
    const queued = await world.opened();
    await assertRepeats(world, { kind: "cancel", ref: { id: queued.id, principal: "ann" } });
    const setting = { scope: "resource", name: "db", paused: false, concurrency: 4 } as const;
    await assertRepeats(world, { kind: "set", setting });
    assert.deepEqual(await world.engine.settings(), [setting]);
  });

  promise(
    "a redrive or a purge does nothing the second time, and says that nothing of that kind is there",
    async (world) => {
      for (const kind of ["redrive", "purge"] as const) {
        const { id } = await world.failed({ operation: kind });
        const change = kind === "redrive" ? ({ kind, id, delayMs: 0 } as const) : ({ kind, id } as const);
        assert.equal((await world.commit(change)).kind, "applied");
        const after = await world.record(id);
        assert.deepEqual(await world.commit(change), { kind: "unknown" });
        assert.deepEqual(await world.record(id), after);
      }
    },
  );

  promise("a whole commit", async (world) => {
    const { lease } = await world.running();
    const changes: readonly Change[] = [
      { kind: "open", call: world.call() },
      { kind: "settle", settlement: world.settlement(lease, DONE) },
      { kind: "open", call: world.callAtOnce("forget", keyed("k")) },
    ];
    const first = await world.engine.commit(changes);
    assert.deepEqual(await world.engine.commit(changes), first);
    assert.deepEqual(await world.engine.commit([...changes, ...changes]), [...first, ...first]);
  });
});

function named(verdict: Verdict): string {
  if (verdict.kind !== "queued") return verdict.kind;
  return verdict.spent ? "retried" : "throttled";
}

/** Once more, and twice in one commit: always the first answer, and nothing further happens. */
async function assertRepeats(world: World, change: Change): Promise<void> {
  const [first] = await world.engine.commit([change]);
  const { items } = await world.engine.list({ limit: 100 });
  assert.deepEqual(await world.engine.commit([change]), [first]);
  assert.deepEqual(await world.engine.commit([change, change]), [first, first]);
  assert.deepEqual((await world.engine.list({ limit: 100 })).items, items);
}
