// Dead letters and figures: what an operator sees at a glance.
import assert from "node:assert/strict";
import type { DeadLetters, Figures } from "../../src/core/engine.ts";
import { promises } from "./promises.ts";
import { keyed, LEASE_MS, type World } from "./world.ts";

promises("dead letters and figures", (promise) => {
  promise(
    "failed jobs are grouped by operation and error code, with their first and last end",
    async (world) => {
      const start = world.clock.now();
      for (const [operation, code] of [
        ["a", "x"],
        ["a", "y"],
        ["b", "x"],
        ["a", "x"],
        ["a", "x"],
      ] as const) {
        world.clock.advance(10);
        await fail(world, operation, code);
      }
      assert.deepEqual(await deadLetters(world), [
        { operation: "a", errorCode: "x", count: 3, firstAt: start + 10, lastAt: start + 50 },
        { operation: "a", errorCode: "y", count: 1, firstAt: start + 20, lastAt: start + 20 },
        { operation: "b", errorCode: "x", count: 1, firstAt: start + 30, lastAt: start + 30 },
      ]);
    },
  );

  promise("what is redriven is no dead letter, until it fails again", async (world) => {
    const { id } = await fail(world, "a", "x");
    await world.commit({ kind: "redrive", id, delayMs: 0 });
    assert.deepEqual(await deadLetters(world), []);
    const [claim] = await world.claim(1, "a");
    assert.ok(claim);
    await world.settle(claim.lease, { kind: "failed", error: error("z") });
    assert.deepEqual(
      (await deadLetters(world)).map(({ errorCode, count }) => [errorCode, count]),
      [["z", 1]],
    );
  });

  promise("succeeded and cancelled jobs are no dead letters", async (world) => {
    await world.settle((await world.running()).lease);
    const { id } = await world.opened();
    await world.commit({ kind: "cancel", ref: { id, principal: "ann" } });
    assert.deepEqual(await deadLetters(world), []);
  });

  promise("figures count each operation's jobs that wait, run and have failed", async (world) => {
    await fail(world, "a", "x");
    await world.running({ operation: "a" });
    await world.opened({ operation: "a" });
    await world.opened({ operation: "a", delayMs: 1_000 });
    await world.settle((await world.running({ operation: "b" })).lease);
    await world.opened({ operation: "b", principal: "bob" });
    const now = world.clock.now();
    assert.deepEqual(await figures(world), [
      { operation: "a", queued: 2, running: 1, failed: 1, oldestAt: now, nextAt: now + 1_000 },
      { operation: "b", queued: 1, running: 0, failed: 0, oldestAt: now },
    ]);
  });

  promise("the oldest is, of the queued jobs that are due, the one accepted first", async (world) => {
    const start = world.clock.now();
    await world.opened({ delayMs: 1_000 });
    world.clock.advance(100);
    assert.equal((await figures(world))[0]?.oldestAt, undefined);
    await world.opened();
    world.clock.advance(100);
    assert.equal((await figures(world))[0]?.oldestAt, start + 100);
    world.clock.advance(800);
    assert.equal((await figures(world))[0]?.oldestAt, start);
    await world.claim(10);
    assert.equal((await figures(world))[0]?.oldestAt, undefined);
    await oldestOfOthers(world);
  });

  promise("figures say when the first of the jobs that are not due will be", async (world) => {
    const start = world.clock.now();
    await world.opened({ delayMs: 2_000 });
    await world.opened({ delayMs: 1_000 });
    assert.equal((await figures(world))[0]?.nextAt, start + 1_000);
    world.clock.advance(1_000);
    assert.equal((await figures(world))[0]?.nextAt, start + 2_000);
    world.clock.advance(1_000);
    assert.equal((await figures(world))[0]?.nextAt, undefined);
  });

  promise("figures follow every change, back to nothing", async (world) => {
    const { id } = await world.opened();
    const counts = async () => {
      const [one] = await figures(world);
      return one ? [one.queued, one.running, one.failed] : [0, 0, 0];
    };
    assert.deepEqual(await counts(), [1, 0, 0]);
    await world.claim();
    assert.deepEqual(await counts(), [0, 1, 0]);
    world.clock.advance(LEASE_MS);
    await world.engine.sweep(10);
    assert.deepEqual(await counts(), [1, 0, 0]);
    world.clock.advance(1_000);
    const [claim] = await world.claim();
    assert.ok(claim);
    await world.settle(claim.lease, { kind: "failed", error: error("x") });
    assert.deepEqual(await counts(), [0, 0, 1]);
    await world.commit({ kind: "purge", id });
    assert.deepEqual(await counts(), [0, 0, 0]);
  });

  promise("calls at once are not counted, kept or not", async (world) => {
    await world.commit({ kind: "open", call: world.callAtOnce("forget", keyed("k")) });
    await world.write([]);
    assert.deepEqual(await figures(world), []);
  });
});

const error = (code: string) => ({ type: "t", title: "t", status: 500, code });

const fail = (world: World, operation: string, code: string) =>
  world.failed({ operation }, { kind: "failed", error: error(code) });

/** In whatever order an engine finds them. */
async function deadLetters(world: World): Promise<readonly DeadLetters[]> {
  const name = ({ operation, errorCode }: DeadLetters) => `${operation} ${errorCode}`;
  return (await world.engine.deadLetters()).toSorted((one, other) => (name(one) < name(other) ? -1 : 1));
}

/** An engine may leave out an operation that has nothing to count. */
async function figures(world: World): Promise<readonly Figures[]> {
  const all = await world.engine.figures();
  return all
    .filter(({ queued, running, failed }) => queued + running + failed > 0)
    .toSorted((one, other) => (one.operation < other.operation ? -1 : 1));
}

/** Neither the one whose id was made first, nor the first in line. */
async function oldestOfOthers(world: World): Promise<void> {
  const start = world.clock.now();
  const madeFirst = world.call();
  world.clock.advance(100);
  const { lease } = await world.running();
  await world.settle(lease, { kind: "released", delayMs: 200 });
  world.clock.advance(100);
  await world.opened();
  world.clock.advance(50);
  await world.commit({ kind: "open", call: madeFirst });
  assert.equal((await figures(world))[0]?.oldestAt, start + 200, "not the one whose id was made first");
  world.clock.advance(100);
  assert.equal(
    (await figures(world))[0]?.oldestAt,
    start + 100,
    "one that was given back is as old as before",
  );
  await world.claim(2);
  assert.equal((await figures(world))[0]?.oldestAt, start + 100);
}
