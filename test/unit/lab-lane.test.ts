// Two sides of one lane put together: what a report says of it, and that nothing is said where they do not agree.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { assertAgreement } from "../../src/lab/joined.ts";
import { laneOf } from "../../src/lab/lane.ts";
import type { LaneRun } from "../../src/lab/lane-run.ts";
import type { JobCounts, Loaded, Served } from "../../src/lab/messages.ts";

const jobs = (more: Partial<JobCounts> = {}): JobCounts => ({
  accepted: 0,
  queued: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  ...more,
});

/** The moment at which the lane began. */
const START = 5_000;

/**
 * Six calls: one answered, three with receipts, of which one succeeded, one failed and one has no end; one refused; one
 * whose connection broke.
 */
function run({
  loaded = {},
  served = {},
}: {
  loaded?: Partial<Loaded>;
  served?: Partial<Served>;
} = {}): LaneRun {
  return {
    lane: "spill",
    arrivals: Float64Array.from([0, 100, 200, 300, 400, 500]),
    loaded: {
      kind: "loaded",
      startedAt: START,
      endedAt: Float64Array.from([20, 105, 210, 305, 401, 1_500]),
      outcomes: Uint8Array.from([0, 1, 1, 1, 2, 3]),
      receipts: ["", "a", "b", "c", "", ""],
      counts: { offered: 6, answered: 1, receipt: 3, refused: 1, failed: 1 },
      byCode: { "backlog-full": 1, "no-reply": 1 },
      repeats: 0,
      lateP99Ms: 1,
      cpuShare: 0.1,
      ...loaded,
    },
    served: {
      jobs: jobs({ accepted: 3, queued: 1, succeeded: 1, failed: 1 }),
      sent: jobs({ accepted: 2, succeeded: 2 }),
      endedIds: ["b", "a"],
      endedAt: Float64Array.from([START + 900, START + 700]),
      endedAs: ["failed", "succeeded"],
      handlerMs: Float64Array.from([10, 12, 11]),
      retried: 4,
      effects: { expected: 4, counted: 4 },
      strangers: 0,
      sizes: [],
      samples: {
        at: Float64Array.from([START - 50, START + 50, START + 250, START + 1_450]),
        queued: Float64Array.from([9, 0, 2, 1]),
        oldestMs: Float64Array.from([9, 0, 50, 1_150]),
        slots: [{ name: "desk", limit: 2, peak: 2, fullMs: 640, inUse: Float64Array.from([0, 2, 2, 1]) }],
      },
      ...served,
    },
    probe: { at: [START + 10, START + 20, START + 600], values: { connections: [1, 3, 2] } },
  };
}

suite("a lane", () => {
  const lane = laneOf([run()]);

  test("counts calls by how they ended, and by what was done in the end", () => {
    assert.deepEqual(lane.counts, {
      offered: 6,
      answered: 1,
      receipts: 3,
      refused: 1,
      failed: 1,
      byCode: { "backlog-full": 1, "no-reply": 1 },
      succeeded: 2,
      retried: 4,
      dead: 1,
      clientRetries: 0,
    });
  });

  test("takes times from when a call was due: to its reply, and to the commit of what it asked for", () => {
    assert.deepEqual([lane.acknowledged.count, lane.acknowledged.p50, lane.acknowledged.max], [4, 5, 20]);
    assert.deepEqual([lane.done.count, lane.done.p50, lane.done.max], [2, 20, 600]);
    assert.equal(lane.drainSeconds, 1);
  });

  test("is over when its last job has ended, a failed one too", () => {
    const replied = Float64Array.from([20, 105, 210, 305, 401, 502]);
    const { drainSeconds, runs, series } = laneOf([run({ loaded: { endedAt: replied } })]);
    assert.deepEqual([drainSeconds, runs[0]?.seconds, series.arrivals.length], [0.4, 0.9, 10]);
  });

  test("shows the same calls over time, and how things stood at their highest in each step", () => {
    const { series } = lane;
    assert.deepEqual([series.stepMs, series.arrivals.length], [100, 16]);
    assert.deepEqual(series.arrivals.slice(0, 7), [1, 1, 1, 1, 1, 1, 0]);
    assert.deepEqual(series.acknowledged.slice(0, 5), [1, 1, 1, 1, 0]);
    assert.deepEqual(series.completed.slice(0, 9), [1, 0, 0, 0, 0, 0, 0, 1, 0]);
    assert.deepEqual(series.refused.slice(0, 6), [0, 0, 0, 0, 1, 0]);
    assert.deepEqual(series.queued.slice(0, 4), [0, 0, 2, 2]);
    assert.deepEqual(series.inUse["desk"]?.slice(12), [2, 2, 1, 1]);
    assert.deepEqual(series.probe["connections"]?.slice(0, 7), [3, 3, 3, 3, 3, 3, 2]);
  });

  test("is told after hours, too", () => {
    const looks = 300_000;
    const { served } = run();
    const at = Float64Array.from({ length: looks }, (_, look) => START + look * 100);
    const samples = { ...served.samples, at, queued: new Float64Array(looks).fill(1, 7), oldestMs: at };
    const slots = samples.slots.map((slot) => ({ ...slot, inUse: new Float64Array(looks) }));
    const { queue } = laneOf([run({ served: { samples: { ...samples, slots } } })]);
    assert.deepEqual(queue, { peakDepth: 1, peakOldestMs: at.at(-1) });
  });

  test("of two repeats has the sums, the peaks and each run", () => {
    const both = laneOf([run(), run()]);
    assert.deepEqual([both.counts.offered, both.counts.succeeded, both.done.count], [12, 4, 4]);
    assert.deepEqual(both.resources, [{ name: "desk", limit: 2, peak: 2, fullSeconds: 1.28 }]);
    assert.deepEqual(both.effects, { expected: 8, counted: 8 });
    assert.equal(both.runs.length, 2);
    assert.deepEqual(both.series, lane.series);
  });
});

suite("both sides of a lane", () => {
  test("agree where a reply was lost, whatever became of its call", () => {
    assertAgreement(run());
    assertAgreement(run({ served: { jobs: jobs({ accepted: 4, queued: 2, succeeded: 1, failed: 1 }) } }));
  });

  const disagreements: readonly (readonly [string, Parameters<typeof run>[0], RegExp])[] = [
    [
      "a call that was not sent",
      { loaded: { counts: { offered: 5, answered: 1, receipt: 3, refused: 1, failed: 0 } } },
      /6 calls that were due, 5 calls that were sent/,
    ],
    [
      "a call without an end",
      { loaded: { counts: { offered: 6, answered: 1, receipt: 3, refused: 0, failed: 1 } } },
      /6 calls that were sent, 5 calls that ended/,
    ],
    [
      "one receipt for two calls",
      { loaded: { receipts: ["", "a", "a", "c", "", ""] } },
      /3 receipts, 2 different receipts/,
    ],
    [
      "a receipt without a job",
      { served: { jobs: jobs({ accepted: 2, succeeded: 1, failed: 1 }) } },
      /2 jobs in the store, 3 receipts/,
    ],
    [
      "a job without a receipt",
      { served: { jobs: jobs({ accepted: 5, queued: 3, succeeded: 1, failed: 1 }) } },
      /5 jobs in the store, 3 receipts/,
    ],
    [
      "a success that nobody committed",
      { served: { jobs: jobs({ accepted: 3, succeeded: 2, failed: 1 }) } },
      /2 succeeded jobs in the store, 1 successes/,
    ],
    [
      "a row that nobody was told of",
      { served: { strangers: 1 } },
      /1 rows and jobs in the store that nobody was told of/,
    ],
  ];
  for (const [name, more, message] of disagreements) {
    test(`do not agree over ${name}, and say both numbers`, () =>
      assert.throws(() => assertAgreement(run(more)), { name: "LabFailure", message }));
  }
});
