/** What a process knows of what it runs: who is timed out when, and what is forgotten with a run's end. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { operation } from "../../src/core/operation.ts";
import { anything } from "../support/schemas.ts";
import { World } from "../support/small-world.ts";

type Handle = Parameters<typeof operation>[1];

const timed = (name: string, timeout: `${number}ms`, handler: Handle = () => new Promise(() => {})) =>
  operation({ name, input: anything, flow: "request", limits: { concurrency: 100 }, timeout }, handler);

/** The statuses of those that are answered by then. */
function answered(calls: readonly Promise<{ readonly status: number }>[]) {
  const statuses: (number | undefined)[] = calls.map(() => undefined);
  for (const [i, call] of calls.entries()) {
    void call.then(({ status }) => {
      statuses[i] = status;
    });
  }
  return statuses;
}

describe("a handler that overruns", () => {
  test("is ended at its time to the millisecond, whatever began before it with a longer one", async () => {
    const world = await World.start({ operations: [timed("long", "5000ms"), timed("short", "1000ms")] });
    const statuses = answered([world.call("long", 1), world.call("short", 1)]);
    await world.clock.run(999);
    assert.deepEqual(statuses, [undefined, undefined]);
    await world.clock.run(1);
    assert.deepEqual(statuses, [undefined, 504]);
    await world.clock.run(3_999);
    assert.deepEqual(statuses, [undefined, 504]);
    await world.clock.run(1);
    assert.deepEqual(statuses, [504, 504]);
  });

  test("is ended at its own time when it began while others waited for theirs", async () => {
    const world = await World.start({ operations: [timed("op", "1000ms")] });
    const calls = [world.call("op", 1)];
    for (let i = 0; i < 5; i++) {
      await world.clock.run(100);
      calls.push(world.call("op", 1));
    }
    const statuses = answered(calls);
    await world.clock.run(500);
    for (let ended = 1; ended <= 6; ended++) {
      assert.equal(statuses.filter((status) => status === 504).length, ended);
      await world.clock.run(99);
      assert.equal(statuses.filter((status) => status === 504).length, ended);
      await world.clock.run(1);
    }
  });

  test("is ended although those before it ended in time", async () => {
    const world = await World.start({
      operations: [timed("quick", "1000ms", async () => null), timed("slow", "1500ms")],
    });
    assert.equal((await world.call("quick", 1)).status, 200);
    const statuses = answered([world.call("slow", 1)]);
    assert.equal((await world.call("quick", 1)).status, 200);
    await world.clock.run(1_499);
    assert.deepEqual(statuses, [undefined]);
    await world.clock.run(1);
    assert.deepEqual(statuses, [504]);
  });

  test("leaves no timer behind once everything has ended", async () => {
    const world = await World.start({ operations: [timed("quick", "1000ms", async () => null)] });
    const before = world.clock.pending;
    for (let i = 0; i < 10; i++) await world.call("quick", 1);
    assert.ok(world.clock.pending <= before + 1, "one for all");
    await world.clock.run(1_000);
    assert.equal(world.clock.pending, before);
  });
});

describe("what runs at the same time", () => {
  test("is each ended, cancelled and shown as itself, in whatever order it ends", async () => {
    const ends = new Map<unknown, () => void>();
    const signals = new Map<unknown, AbortSignal>();
    const job = operation(
      { name: "job", input: anything, flow: "event", limits: { concurrency: 100 } },
      async (input, { progress, signal }) => {
        signals.set(input, signal);
        progress({ message: `at ${input}` });
        await new Promise<void>((resolve) => ends.set(input, resolve));
        return input;
      },
    );
    const world = await World.start({ operations: [job] });
    const ids: unknown[] = [];
    for (let i = 0; i < 5; i++) ids.push((await world.call("job", i)).body["id"]);
    await world.clock.run(0);
    ends.get(0)?.();
    ends.get(2)?.();
    for (const [i, id] of ids.entries()) {
      const receipt = await world.receiptAfter(0, id);
      const told = (receipt["progress"] as { message?: string } | undefined)?.message;
      assert.deepEqual(
        [receipt["status"], told],
        i === 0 || i === 2 ? ["succeeded", undefined] : ["running", `at ${i}`],
      );
    }
    await world.ask("DELETE", `/receipts/${ids[4]}`);
    assert.deepEqual([signals.get(4)?.aborted, signals.get(3)?.aborted], [true, false]);
    for (const i of [1, 3, 4]) ends.get(i)?.();
    for (const id of ids) assert.equal((await world.receiptAfter(0, id))["status"], "succeeded");
  });
});
