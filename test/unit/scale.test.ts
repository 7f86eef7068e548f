// How many workers are wanted: to clear what waits in time, to keep up with what comes, and no more than the limits let.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { meanRunMs, type NodeReport, readReport } from "../../src/core/node-report.ts";
import { type Load, wanted } from "../../src/core/scale.ts";

const load = (more: Partial<Load> = {}): Load => ({
  operation: "work",
  paused: false,
  waiting: 0,
  running: 0,
  arrivalsPerSecond: 0,
  runMs: 100,
  limit: null,
  resources: [],
  perWorker: 10,
  ...more,
});

function workers(more: Partial<Load>, withinS = 60): number {
  return wanted([load(more)], [], withinS).workers;
}

describe("the workers that are wanted", () => {
  test("are none where there is nothing to do, and one where something waits or runs", () => {
    assert.equal(workers({}), 0);
    assert.equal(workers({ waiting: 1 }), 1);
    assert.equal(workers({ running: 1 }), 1);
    assert.equal(workers({ waiting: 5_000, runMs: 0 }), 1);
  });

  test("clear the backlog within the time", () => {
    // 60,000 jobs of 100 ms in 60 s take 100 slots at once: ten workers of ten.
    assert.equal(workers({ waiting: 60_000 }), 10);
    assert.equal(workers({ waiting: 60_000 }, 600), 1);
    assert.equal(workers({ waiting: 60_001 }), 11);
  });

  test("keep up with what comes meanwhile", () => {
    assert.equal(workers({ arrivalsPerSecond: 300 }), 3);
    assert.equal(workers({ arrivalsPerSecond: 300, waiting: 60_000 }), 13);
  });

  test("are no more than the limits give slots to, up and down", () => {
    assert.equal(workers({ waiting: 1_000_000, limit: 40 }), 4);
    const bounds = [{ name: "db", concurrency: 30, ratePerSecond: null }];
    const both = [
      load({ operation: "a", waiting: 600_000, resources: ["db"] }),
      load({ operation: "b", waiting: 1_200_000, resources: ["db"] }),
    ];
    const { workers: all, operations } = wanted(both, bounds, 60);
    assert.equal(all, 3);
    assert.deepEqual(
      operations.map(({ slots, workers }) => [Math.round(slots), workers]),
      [
        [10, 1],
        [20, 2],
      ],
    );
  });

  test("are no more than a rate keeps busy", () => {
    const slow = [{ name: "api", concurrency: 1_000, ratePerSecond: 50 }];
    const loads = [load({ waiting: 1_000_000, runMs: 2_000, resources: ["api"] })];
    assert.equal(wanted(loads, slow, 60).workers, 10);
  });

  test("do nothing for what is paused", () => {
    assert.equal(workers({ waiting: 60_000, paused: true }), 0);
  });

  test("serve several operations together", () => {
    const loads = [
      load({ operation: "a", arrivalsPerSecond: 20 }),
      load({ operation: "b", arrivalsPerSecond: 30 }),
    ];
    const { workers: all, operations } = wanted(loads, [], 60);
    assert.equal(all, 1);
    assert.deepEqual(
      operations.map((one) => one.workers),
      [1, 1],
    );
  });
});

describe("what nodes report", () => {
  const NOTHING = {
    ...{ inUse: 0, peak: 0, runMs: 0, runsPerSecond: 0, arrivalsPerSecond: 0 },
    ...{ answeredPerSecond: 0, refusedPerSecond: 0 },
  };
  const report = (runMs: number, runsPerSecond: number): NodeReport => ({
    operations: { work: { ...NOTHING, runMs, runsPerSecond } },
    resources: {},
  });

  test("how long a run takes is weighed by how many each ran", () => {
    assert.equal(meanRunMs([report(10, 90), report(20, 10)], "work"), 11);
    assert.equal(meanRunMs([report(10, 0), report(0, 0)], "work"), 10);
    assert.equal(meanRunMs([report(0, 0)], "work"), 0);
    assert.equal(meanRunMs([], "work"), 0);
  });

  test("what cannot be read counts as nothing said", () => {
    for (const text of ["", "null", "{", "[]", '{"operations":{"work":"much"}}', '{"operations":null}'])
      assert.equal(meanRunMs([readReport(text)], "work"), 0, text);
    const odd = readReport(
      '{"operations":{"work":{"runMs":"long","inUse":-1,"peak":3}},"resources":{"db":2,"x":null}}',
    );
    assert.deepEqual(odd.operations["work"], { ...NOTHING, peak: 3 });
    assert.deepEqual(odd.resources, { db: 2, x: 0 });
  });
});
