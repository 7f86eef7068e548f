/** What the worker asks of the store, and when: seen from the groups that are committed. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Change, EngineSource } from "../../src/core/engine.ts";
import { operation } from "../../src/core/operation.ts";
import { resource } from "../../src/core/resource.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { altered, committing } from "../support/altered-engine.ts";
import { anything } from "../support/schemas.ts";
import { World } from "../support/small-world.ts";

type Groups = (readonly Change[])[];

/** The memory engine, telling what it is given; its first group is answered when that is allowed. */
function toldBy(groups: Groups, allowed: Promise<void> = Promise.resolve()): EngineSource {
  return committing(memory(), async (changes, commit) => {
    groups.push(changes);
    await allowed;
    return commit(changes);
  });
}

const kinds = (groups: Groups) => groups.map((changes) => changes.map(({ kind }) => kind));
const limitsOf = (groups: Groups) =>
  groups.flat().flatMap((change) => (change.kind === "claim" ? [change.queues] : []));
const waiting = () => new Promise(() => {});

describe("the worker", () => {
  test("claims a job in the group that accepts it, and settles it in the next", async () => {
    const groups: Groups = [];
    const job = operation({ name: "job", input: anything, flow: "event" }, () => null);
    const world = await World.start({ operations: [job] }, toldBy(groups));
    await world.clock.run(0);
    for (let round = 0; round < 3; round++) {
      groups.length = 0;
      await world.call("job", 1);
      await world.clock.run(0);
      assert.deepEqual(kinds(groups), [["open", "claim"], ["settle"]]);
    }
  });

  test("takes slots for the queues in turn, so that none takes all of what they share", async () => {
    const groups: Groups = [];
    const limits = resource("shared", { concurrency: 6 });
    const operations = ["a", "b"].map((name) =>
      operation({ name, input: anything, flow: "event", limits, timeout: "1s" }, waiting),
    );
    const world = await World.start({ operations }, toldBy(groups));
    await world.clock.run(0);
    groups.length = 0;
    await Promise.all(["a", "a", "a", "a", "a", "a", "b", "b", "b"].map((name) => world.call(name, 1)));
    await world.clock.run(0);
    const [queues = []] = limitsOf(groups);
    assert.deepEqual(Object.fromEntries(queues.map(({ operation: name, limit }) => [name, limit])), {
      a: 3,
      b: 3,
    });
  });

  test("has two claims of a long queue on their way, in two groups", async () => {
    const groups: Groups = [];
    const limits = { concurrency: 1_000 };
    const job = operation({ name: "job", input: anything, flow: "event", limits }, () => null);
    const slow = Promise.withResolvers<void>();
    const world = await World.start({ operations: [job] }, toldBy(groups, slow.promise));
    const calls = Array.from({ length: 1_500 }, () => world.call("job", 1));
    await world.clock.run(100);
    slow.resolve();
    await Promise.all(calls);
    await world.clock.run(0);
    const claims = groups.map((changes) => changes.filter(({ kind }) => kind === "claim").length);
    assert.ok(Math.max(...claims) === 1, "one in a group");
    const asked = limitsOf(groups).map(([queue]) => queue?.limit ?? 0);
    assert.deepEqual(
      groups.slice(0, 2).map((changes) => changes.at(-1)?.kind),
      ["claim", "claim"],
      "the second left before the first was answered",
    );
    assert.equal(Math.max(...asked), 500, "each leaves slots for the other");
    const settled = groups.flat().filter(({ kind }) => kind === "settle").length;
    assert.equal(settled, 1_500);
  });

  test("claims no job without a slot for it", async () => {
    const groups: Groups = [];
    const job = operation(
      { name: "job", input: anything, flow: "event", limits: { concurrency: 2 } },
      waiting,
    );
    const world = await World.start({ operations: [job] }, toldBy(groups));
    await world.clock.run(0);
    for (let i = 0; i < 5; i++) await world.call("job", i);
    await world.clock.run(500);
    const asked = limitsOf(groups).flatMap((queues) => queues.map(({ limit }) => limit));
    assert.equal(
      asked.reduce((sum, limit) => sum + limit, 0),
      2,
    );
  });

  test("looks into the store as often as it may start a job, where a rate holds a long queue back", async () => {
    const groups: Groups = [];
    let looks = 0;
    let starts = 0;
    const limits = resource("api", { concurrency: 10, rate: "5/s" });
    const job = operation({ name: "job", input: anything, flow: "event", limits }, () => void starts++);
    const counting = altered(toldBy(groups), (engine) => {
      const figures = engine.figures.bind(engine);
      engine.figures = () => {
        looks++;
        return figures();
      };
    });
    const world = await World.start({ operations: [job] }, counting);
    await Promise.all(Array.from({ length: 1_000 }, () => world.call("job", 1)));
    await world.clock.run(0);
    [groups.length, looks, starts] = [0, 0, 0];
    await world.clock.run(20_000);
    assert.equal(starts, 100);
    assert.ok(looks <= 2 * starts, `${looks} looks at the figures for ${starts} starts`);
    assert.ok(groups.length <= 3 * starts, `${groups.length} groups for ${starts} starts`);
  });

  test("has nothing left to wait for when its jobs are settled, and waits for those that are not", async () => {
    const ends: (() => void)[] = [];
    const job = operation(
      { name: "job", input: anything, flow: "event", limits: { concurrency: 10 } },
      () => new Promise<void>((resolve) => ends.push(resolve)),
    );
    const world = await World.start({ operations: [job] });
    for (let i = 0; i < 3; i++) await world.call("job", i);
    await world.clock.run(0);
    let finished = false;
    const finish = world.app.finishWork(10_000).then(() => {
      finished = true;
    });
    for (const end of ends) {
      await world.clock.run(0);
      assert.equal(finished, false);
      end();
    }
    await finish;
  });
});
