// The points of a report's charts: a curve that is wrong is believed all the same.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { binsOf, highest, movingNumbers, rates, reached, usdAt } from "../../console/src/report/curves.ts";
import { costOf } from "../../src/lab/cost.ts";
import { distribution, report } from "../support/flow-report.ts";

suite("the curve of what was reached within a time", () => {
  const of = (buckets: readonly { readonly upTo: number; readonly count: number }[], offered: number) => ({
    distribution: { ...distribution(0, 0, 0, 0), buckets },
    offered,
  });

  test("goes up by each bucket's share of all that was offered, to what was reached of it", () => {
    const { times, shares } = reached([
      of(
        [
          { upTo: 12.2, count: 10 },
          { upTo: 13, count: 10 },
        ],
        100,
      ),
    ]);
    assert.deepEqual({ times, shares }, { times: [10, 12.2, 13], shares: [[0, 0.1, 0.2]] });
  });

  test("is level where there are no buckets", () => {
    const { times, shares } = reached([
      of(
        [
          { upTo: 12.2, count: 50 },
          { upTo: 1_220, count: 50 },
        ],
        100,
      ),
    ]);
    assert.deepEqual({ times, shares }, { times: [10, 12.2, 1_000, 1_220], shares: [[0, 0.5, 0.5, 1]] });
  });

  test("has the same times for all lanes, and passes evenly through those of the others", () => {
    const { times, shares } = reached([
      of([{ upTo: 12.2, count: 100 }], 100),
      of([{ upTo: 11.1, count: 1 }], 1),
    ]);
    assert.deepEqual(times, [11.1 / 1.22, 10, 11.1, 12.2]);
    assert.deepEqual(shares[0], [0, 0, 0.5, 1]);
    assert.equal(shares[1]?.at(-1), 1);
  });

  test("never goes down, and ends at what was done", () => {
    const { lanes } = report();
    const { shares } = reached(
      lanes.map(({ done, counts }) => ({ distribution: done, offered: counts.offered })),
    );
    for (const [index, curve] of shares.entries()) {
      for (const [at, share] of curve.entries()) assert.ok(at === 0 || share >= (curve[at - 1] ?? 0));
      const { succeeded = 0, offered = 1 } = lanes[index]?.counts ?? {};
      assert.equal(curve.at(-1)?.toFixed(6), (succeeded / offered).toFixed(6));
    }
  });

  test("takes a time of nought, which a logarithmic axis does not know", () => {
    assert.deepEqual(reached([of([{ upTo: 0, count: 1 }], 1)]), { times: [0.05], shares: [[1]] });
  });

  test("is empty where nothing was reached", () => {
    assert.deepEqual(reached([of([], 10)]), { times: [], shares: [[]] });
  });
});

suite("the series of a report", () => {
  const all = report().lanes.map(({ series }) => series);
  const bins = { ms: 500, starts: [0, 0.5, 1] };

  test("are drawn by one time, whatever the steps of each lane", () => {
    const [first] = all;
    assert.ok(first);
    const fine = { ...first, stepMs: 100, arrivals: new Array(100).fill(1) };
    const coarse = { ...first, stepMs: 200, arrivals: new Array(170).fill(1) };
    const { ms, starts } = binsOf([fine, coarse]);
    assert.deepEqual([ms, starts.length, starts.slice(0, 3)], [500, 68, [0, 0.5, 1]]);
  });

  test("are counts by the second, of as much of the last bin as there is", () => {
    assert.deepEqual(rates([1, 1, 1, 1, 1, 2, 2], 100, bins), [10, 20, null]);
  });

  test("are, of how things stood, the highest in each bin", () => {
    assert.deepEqual(highest([3, 9, 4, 0, 0, 2], 100, bins), [9, 2, null]);
  });

  test("have of a probe only the numbers that moved", () => {
    assert.deepEqual(movingNumbers(all), ["inUse"]);
  });
});

test("the cost at another handler time is what the model says of it", () => {
  const { cost } = report();
  const slower = costOf({ ...cost.basis, handlerMs: 700 });
  const ofOneFlow = cost.ways.filter(({ flow }) => flow !== "spill");
  for (const [at, way] of ofOneFlow.entries()) {
    assert.equal(usdAt(way, cost, 700).toFixed(6), slower.ways[at]?.usdPerMillion.toFixed(6), way.name);
  }
});
