/** What the console draws is what the figures say: whose lanes belong together, and what is full, paused or growing. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Lane, sceneOf } from "../../console/src/pages/flows/lanes.ts";
import type { ServedOperation } from "../../console/src/wire.ts";
import { look, operationEntry, resourceEntry } from "../support/console-figures.ts";

const named = (name: string, ...resources: string[]) => operationEntry({ name, resources });

function onlyLane(...looks: Parameters<typeof sceneOf>[0]): Lane {
  const [group] = sceneOf(looks).groups;
  const lane = group?.lanes[0];
  assert.ok(lane, "no lane is drawn");
  return lane;
}

/** One operation, seen once a second with these changes. */
function seen(...changes: Parameters<typeof operationEntry>[0][]) {
  return changes.map((change, second) => look(second, [operationEntry(change)]));
}

suite("which lanes are drawn together", () => {
  const resources = ["a", "b", "c"].map((name) => resourceEntry({ name }));
  const drawn = (...operations: ServedOperation[]) =>
    sceneOf([look(0, operations, { resources })]).groups.map((group) => [
      group.resources.map(({ entry }) => entry.name).join("+"),
      group.lanes.map(({ operation }) => operation.name).join("+"),
    ]);

  test("operations that share a resource share a picture, also by way of a third", () => {
    assert.deepEqual(drawn(named("x", "a"), named("y", "b"), named("z", "a", "b")), [["a+b", "x+y+z"]]);
    assert.deepEqual(drawn(named("x", "a"), named("y", "c")), [
      ["a", "x"],
      ["c", "y"],
    ]);
  });

  test("pictures stand in the order in which the app names their operations", () => {
    assert.deepEqual(
      drawn(named("v", "a"), named("w", "b"), named("x", "c"), named("y", "a"), named("z", "b")).map(
        ([resource]) => resource,
      ),
      ["a", "b", "c"],
    );
  });

  test("operations without a resource come last, together", () => {
    assert.deepEqual(drawn(named("x"), named("y", "a"), named("z")), [
      ["a", "y"],
      ["", "x+z"],
    ]);
  });

  test("the request lane comes first, then the event lane, then the one that uses both", () => {
    const flows = (["spill", "event", "request"] as const).map((flow) =>
      operationEntry({ name: flow, flow }),
    );
    assert.deepEqual(
      sceneOf([look(0, flows)]).groups[0]?.lanes.map(({ operation }) => operation.name),
      ["request", "event", "spill"],
    );
  });

  test("an administrator's operation is a control and no lane", () => {
    const scene = sceneOf([look(0, [operationEntry({ name: "turn", access: "admin", resources: [] })])]);
    assert.deepEqual(scene.groups, []);
    assert.deepEqual(
      scene.controls.map(({ name }) => name),
      ["turn"],
    );
  });

  test("an operation that is not registered is told apart", () => {
    const gone = { name: "gone", queued: 3, waiting: 3, running: 0, failed: 1, oldestAgeMs: 9 };
    const { groups, unserved } = sceneOf([look(0, [{ ...gone, unserved: true }])]);
    assert.deepEqual([groups, unserved.length], [[], 1]);
  });

  test("nothing is drawn before the first figures", () => {
    assert.deepEqual(sceneOf([]), { groups: [], controls: [], unserved: [] });
  });
});

suite("what moves along a lane", () => {
  test("rates are what was counted over the last three seconds", () => {
    const lane = onlyLane(
      ...seen(
        {},
        { totals: { answered: 900 } },
        {},
        {},
        { totals: { answered: 960, accepted: 30, refused: 3 } },
      ),
    );
    assert.deepEqual([lane.moves.answered, lane.moves.accepted, lane.offered], [20, 10, 31]);
  });

  test("a server that was started anew begins at nothing, and never below", () => {
    const entry = (answered: number) => [operationEntry({ totals: { answered } })];
    const lane = onlyLane(look(0, entry(500)), look(1, entry(20), { startedAt: "second" }));
    assert.equal(lane.moves.answered, 0);
  });

  test("jobs that ended are attempts that succeeded or failed, without calls that were answered at once", () => {
    const lane = onlyLane(...seen({}, { totals: { answered: 5, succeeded: 11, failed: 2 } }));
    assert.equal(lane.ended, 8);
  });

  test("what other operations send here is told, also where another node runs all of it", () => {
    const internal = { access: "internal", flow: "event" } as const;
    const lane = onlyLane(
      ...seen({ ...internal, queued: 9 }, { ...internal, queued: 2, totals: { accepted: 12 } }),
    );
    assert.deepEqual([lane.moves.accepted, lane.ended], [12, 0]);
  });
});

suite("what a lane says of itself", () => {
  const full = resourceEntry({ inUse: 10 });

  test("a resource that had no slot left in any of the last looks is full, and its lanes say so", () => {
    const looks = [
      look(0, [operationEntry()], { resources: [full] }),
      look(1, [operationEntry({ inUse: 3 })]),
    ];
    const [group] = sceneOf(looks).groups;
    assert.deepEqual([group?.resources[0]?.strain, group?.resources[0]?.inUse], ["slots", 10]);
    assert.deepEqual(group?.lanes[0]?.strained, { name: "db", by: "slots" });
  });

  test("three seconds later it is not", () => {
    const looks = [look(0, [operationEntry()], { resources: [full] }), look(3, [operationEntry()])];
    assert.equal(onlyLane(...looks).strained, undefined);
  });

  test("an operation at its own limit names itself", () => {
    assert.deepEqual(onlyLane(...seen({ inUse: 4, limit: 4 })).strained, { name: "place", by: "slots" });
    assert.equal(onlyLane(...seen({ inUse: 400, limit: null })).strained, undefined);
  });

  test("a resource that begins as many a second as it may is strained by its rate", () => {
    const begun = (succeeded: number) => ({
      resources: [resourceEntry({ ratePerSecond: 5, totals: { succeeded, retried: 1 } })],
    });
    const looks = (succeeded: number) => [
      look(0, [operationEntry()], begun(0)),
      look(2, [operationEntry()], begun(succeeded)),
    ];
    assert.deepEqual(onlyLane(...looks(10)).strained, { name: "db", by: "rate" });
    assert.equal(onlyLane(...looks(7)).strained, undefined);
  });

  test("where calls are refused although a slot is free, none is to spare", () => {
    const looks = seen({ flow: "request" }, { flow: "request", totals: { refused: 4 } });
    const [group] = sceneOf(looks).groups;
    assert.deepEqual(group?.lanes[0]?.strained, { name: "place", by: "share" });
    assert.equal(group?.resources[0]?.strain, "share");
  });

  test("a resource that jobs wait for is busy, unless what they wait for is to be resumed", () => {
    const isBusy = (paused: boolean) =>
      sceneOf(seen({ queued: 7, oldestAgeMs: 900, paused })).groups[0]?.resources[0]?.isBusy;
    assert.deepEqual([isBusy(false), isBusy(true)], [true, false]);
  });

  test("it is paused by itself or with its resource", () => {
    assert.equal(onlyLane(...seen({ paused: true })).pausedAt, "place");
    const resources = [resourceEntry({ paused: true })];
    assert.equal(onlyLane(look(0, [operationEntry()], { resources })).pausedAt, "db");
  });

  const queues: readonly [string, readonly number[], number | null, string][] = [
    ["nothing is queued", [5, 0], null, "empty"],
    ["nothing has waited long, however many came", [0, 500], 499, "prompt"],
    ["more wait, and they wait long", [0, 50, 100], 500, "growing"],
    ["fewer wait", [1_000, 800, 600], 9_000, "draining"],
    ["as many wait as before", [1_000, 1_001, 1_002], 9_000, "steady"],
    ["it is the first look", [1_000], 9_000, "steady"],
  ];
  for (const [when, depths, oldestAgeMs, trend] of queues) {
    test(`a queue is ${trend} when ${when}`, () => {
      assert.equal(onlyLane(...seen(...depths.map((queued) => ({ queued, oldestAgeMs })))).trend, trend);
    });
  }
});
