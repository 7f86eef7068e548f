// The points of a report's charts: a curve that is wrong is believed all the same.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  movingNumbers,
  padded,
  perSecond,
  reached,
  secondsOf,
  usdAt,
} from "../../console/src/report/curves.ts";
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
          { upTo: 12, count: 10 },
          { upTo: 13, count: 10 },
        ],
        100,
      ),
    ]);
    assert.deepEqual({ times, shares }, { times: [10, 12, 13], shares: [[0, 0.1, 0.2]] });
  });

  test("is level where there are no buckets", () => {
    const { times, shares } = reached([
      of(
        [
          { upTo: 12, count: 50 },
          { upTo: 1_200, count: 50 },
        ],
        100,
      ),
    ]);
    assert.deepEqual({ times, shares }, { times: [10, 12, 1_000, 1_200], shares: [[0, 0.5, 0.5, 1]] });
  });

  test("has the same times for all lanes, and passes evenly through those of the others", () => {
    const { times, shares } = reached([of([{ upTo: 12, count: 100 }], 100), of([{ upTo: 11, count: 1 }], 1)]);
    assert.deepEqual(times, [11 / 1.2, 10, 11, 12]);
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

  test("begin at the first arrival and are as long as the longest", () => {
    const [first] = all;
    assert.ok(first);
    const seconds = secondsOf([{ ...first, arrivals: [1, 2], queued: [1, 2, 3] }]);
    assert.deepEqual(seconds, [0, 0.5, 1]);
  });

  test("are rates by the second, whatever the step", () => {
    assert.deepEqual(perSecond([10, 0, 5], 500), [20, 0, 10]);
  });

  test("say nothing of what was not measured", () => {
    assert.deepEqual(padded([1], 3), [1, null, null]);
  });

  test("have of a probe only the numbers that moved", () => {
    assert.deepEqual(movingNumbers(all), ["inUse"]);
  });
});

test("the cost at another handler time is what the model says of it", () => {
  const { cost } = report();
  const slower = costOf({ ...cost.basis, handlerMs: 700 });
  for (const [at, way] of cost.ways.entries()) {
    assert.equal(usdAt(way, cost, 700).toFixed(6), slower.ways[at]?.usdPerMillion.toFixed(6), way.name);
  }
});
