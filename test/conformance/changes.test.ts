// Changes: a principal that comes back after any cursor is told the latest state of every job that changed since.
import assert from "node:assert/strict";
import type { Cursor } from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import type { Job } from "../../src/core/job.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { promises } from "./promises.ts";
import { DONE, FAILED, LEASE_MS, type World } from "./world.ts";

promises("changes", (promise) => {
  promise(
    "without a cursor all of a principal's jobs are told, in the order of their last change",
    async (world) => {
      const first = await world.opened({ delayMs: 1 });
      const second = await world.opened({ delayMs: 1 });
      await world.opened({ principal: "bob", delayMs: 1 });
      await world.commit({ kind: "cancel", ref: { id: first.id, principal: "ann" } });
      const { jobs, next } = await world.engine.changes("ann", undefined, 10);
      assert.deepEqual(latest(jobs), { [second.id]: 1, [first.id]: 2 });
      assert.deepEqual(
        jobs.slice(-1).map(({ job }) => job.id),
        [first.id],
      );
      assert.deepEqual(await world.engine.changes("ann", next, 10), { jobs: [], next });
    },
  );

  promise("what is told is the job, without its input", async (world) => {
    const opened = await world.opened();
    const { jobs } = await world.engine.changes("ann", undefined, 10);
    assert.deepEqual(
      jobs.map(({ job }) => job),
      [opened],
    );
  });

  promise("each kind of change is told", async (world) => {
    let cursor = (await world.engine.changes("ann", undefined, 10)).next;
    const told = async (what: string, status: Job["status"]) => {
      const { jobs, next } = await world.engine.changes("ann", cursor, 10);
      assert.ok(jobs.length > 0, `${what} is told`);
      assert.equal(jobs.at(-1)?.job.status, status, what);
      cursor = next;
    };
    const { id } = await world.opened({ maxAttempts: 3 });
    await told("opened", "queued");
    const [claim] = await world.claim();
    assert.ok(claim);
    await told("claimed", "running");
    await world.settle(claim.lease, {
      kind: "queued",
      delayMs: 0,
      error: problem("handler-failed"),
      spent: true,
    });
    await told("retried", "queued");
    await world.claim();
    world.clock.advance(LEASE_MS);
    await world.engine.sweep(10);
    await told("rescued", "queued");
    world.clock.advance(LEASE_MS);
    const [last] = await world.claim();
    assert.ok(last);
    await world.settle(last.lease, FAILED);
    await told("failed", "failed");
    await world.commit({ kind: "redrive", id, delayMs: 0 });
    await told("redriven", "queued");
    const [again] = await world.claim();
    assert.ok(again);
    await world.commit({ kind: "cancel", ref: { id, principal: "ann" } });
    await told("asked to stop", "running");
    await world.settle(again.lease, DONE);
    await told("succeeded", "succeeded");
  });

  promise("each job's own cursor leads on to exactly what follows it", async (world) => {
    for (let n = 0; n < 6; n++) await world.opened({ delayMs: 1 });
    const { jobs } = await world.engine.changes("ann", undefined, 10);
    for (const [n, { cursor }] of jobs.entries()) {
      const rest = await world.engine.changes("ann", cursor, 10);
      assert.deepEqual(rest.jobs, jobs.slice(n + 1));
    }
  });

  promise("page by page everything is told, whatever the size of a page", async (world) => {
    for (let n = 0; n < 9; n++) await world.opened({ principal: n % 3 === 0 ? "bob" : "ann" });
    for (const limit of [1, 2, 5, 6, 7]) {
      const told = await follow(world, "ann", undefined, limit);
      assert.equal(Object.keys(told.revisions).length, 6);
    }
  });

  promise("a job that becomes a job while it runs is told from then on", async (world) => {
    const call = world.callAtOnce("forget");
    await world.commit({ kind: "open", call });
    const { jobs, next } = await world.engine.changes("ann", undefined, 10);
    assert.deepEqual(jobs, []);
    await world.commit({ kind: "open", call: { ...call, start: { ...call.start, ifLost: "queue" } } });
    const told = await world.engine.changes("ann", next, 10);
    assert.deepEqual(
      told.jobs.map(({ job }) => job.id),
      [call.id],
    );
  });

  promise(
    "a reader that follows with any page size while jobs change never misses a last state",
    async (world) => {
      const random = new SeededRandom(7);
      const seen: Record<string, number> = {};
      let cursor: Cursor | undefined;
      for (let round = 0; round < 60; round++) {
        await churn(world, random);
        const { jobs, next } = await world.engine.changes("ann", cursor, 1 + random.integer(4));
        Object.assign(seen, latest(jobs));
        cursor = next;
      }
      Object.assign(seen, (await follow(world, "ann", cursor, 3)).revisions);
      const { items } = await world.engine.list({ principal: "ann", limit: 500 });
      assert.deepEqual(seen, Object.fromEntries(items.map(({ id, revision }) => [id, revision])));
    },
  );
});

async function churn(world: World, random: SeededRandom): Promise<void> {
  const calls = Array.from({ length: random.integer(4) }, () => world.call());
  await world.engine.commit(calls.map((call) => ({ kind: "open", call })));
  for (const { lease, job } of await world.claim(random.integer(4))) {
    if (random.chance(0.2)) await world.commit({ kind: "cancel", ref: { id: job.id, principal: "ann" } });
    await world.settle(lease, random.pick([DONE, FAILED, { kind: "released", delayMs: 0 } as const]));
  }
}

async function follow(world: World, principal: string, from: Cursor | undefined, limit: number) {
  const revisions: Record<string, number> = {};
  for (let cursor = from; ; ) {
    const { jobs, next } = await world.engine.changes(principal, cursor, limit);
    assert.ok(jobs.length <= limit);
    if (jobs.length === 0) return { revisions, next };
    Object.assign(revisions, latest(jobs));
    assert.notEqual(next, cursor);
    cursor = next;
  }
}

function latest(jobs: readonly { readonly job: Job }[]): Record<string, number> {
  return Object.fromEntries(jobs.map(({ job }) => [job.id, job.revision]));
}
