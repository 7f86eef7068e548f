/** What several nodes do together is the sum of what each said, without those that are gone; and each has a name. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { nameOf } from "../../console/src/node-name.ts";
import {
  inOrder,
  operationsOf,
  present,
  resourcesOf,
  sumOf,
} from "../../console/src/pages/nodes/together.ts";
import type { NodeEntry } from "../../console/src/wire.ts";

type Runs = Partial<NodeEntry["operations"][number]>;

const IDLE = {
  ...{ name: "place", inUse: 0, runMs: null, runsPerSecond: 0, arrivalsPerSecond: 0 },
  ...{ answeredPerSecond: 0, refusedPerSecond: 0 },
};

function node(process: number, role: string, runs: readonly Runs[] = [{}], more: Partial<NodeEntry> = {}) {
  const id = `here-${process}-0af3`;
  const startedAt = new Date(Date.parse("2026-05-04T12:00:00.000Z") + process).toISOString();
  return {
    ...{ id, host: "here", role, startedAt, seenAt: startedAt, lost: false, self: false },
    operations: runs.map((one) => ({ ...IDLE, ...one })),
    resources: [{ name: "db", inUse: runs.reduce((sum, { inUse = 0 }) => sum + inUse, 0) }],
    ...more,
  };
}

suite("what nodes are called", () => {
  test("by what they do and their process, which the machine's name does not hide", () => {
    const named = (id: string, role = "gateway") => nameOf({ id, host: "web-01", role });
    assert.equal(named("web-01-4711-0af3"), "gateway 4711");
    assert.equal(named("web-01-4711", "all"), "node 4711");
    assert.equal(named("another-4711"), "gateway another-4711");
    assert.equal(named("web-01-lambda"), "gateway lambda");
  });

  test("those that do the same stand together, the oldest first, and lost ones last", () => {
    const nodes = [node(5, "worker"), node(3, "gateway"), node(2, "gateway", [{}], { lost: true })];
    const order = inOrder([...nodes, node(1, "worker"), node(4, "gateway")]).map(nameOf);
    assert.deepEqual(order, ["gateway 3", "gateway 4", "worker 1", "worker 5", "gateway 2"]);
  });
});

suite("what nodes do together", () => {
  const nodes = [
    node(1, "gateway", [
      { inUse: 2, runMs: 10, runsPerSecond: 30, arrivalsPerSecond: 5, answeredPerSecond: 28 },
      { name: "ask", refusedPerSecond: 4 },
    ]),
    node(4, "gateway", [
      { name: "ask", refusedPerSecond: 3 },
      { arrivalsPerSecond: 1, answeredPerSecond: 2, refusedPerSecond: 1 },
    ]),
    node(2, "worker", [{ inUse: 1, runMs: 50, runsPerSecond: 10 }, { name: "idle" }]),
    node(3, "worker", [{ inUse: 7, runMs: 900, runsPerSecond: 400 }], { lost: true }),
  ];

  test("is the sum of those that are present", () => {
    assert.deepEqual(sumOf(present(nodes)), {
      ...{ inUse: 3, runsPerSecond: 40, arrivalsPerSecond: 6 },
      ...{ answeredPerSecond: 30, refusedPerSecond: 8 },
    });
    assert.deepEqual(resourcesOf(present(nodes)), [
      {
        name: "db",
        inUse: 3,
        at: [
          { node: "gateway 1", much: 2 },
          { node: "worker 2", much: 1 },
        ],
      },
    ]);
  });

  test("of an operation, says where it runs, and how long a run takes, by how many were run where", () => {
    const [place, ...others] = operationsOf(present(nodes));
    assert.deepEqual(
      others.map(({ name }) => name),
      ["ask"],
      "what nobody ever ran or called is left out",
    );
    assert.deepEqual([place?.name, place?.inUse, place?.runsPerSecond, place?.runMs], ["place", 3, 40, 20]);
    assert.deepEqual(place?.at, [
      { node: "gateway 1", much: 30 },
      { node: "worker 2", much: 10 },
    ]);
  });

  test("is what its calls came to, at whichever gateway, also where none was let in", () => {
    const calls = operationsOf(present(nodes)).map(({ name, answeredPerSecond, refusedPerSecond }) => [
      ...[name, answeredPerSecond, refusedPerSecond],
    ]);
    assert.deepEqual(calls, [
      ["place", 30, 1],
      ["ask", 0, 7],
    ]);
  });

  test("is how long a run took lately, also where nothing runs now", () => {
    const [place] = operationsOf([node(1, "worker", [{ runMs: 12 }]), node(2, "worker")]);
    assert.deepEqual([place?.runMs, place?.at], [12, []]);
  });
});
