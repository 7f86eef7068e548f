// What the bench makes of its samples: a reader of a ratio or a drift must be able to rely on what it says.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Histogram } from "../../bench/generators/histogram.ts";
import type { Measured, Sample } from "../../bench/report/sample.ts";
import { drift, median, medianOf, ratio, values } from "../../bench/report/statistics.ts";

const row = (samples: readonly Sample[]): Measured => ({ id: "row", name: "a row", samples });
const rates = (...perSecond: readonly number[]) => row(perSecond.map((rate) => ({ perSecond: rate })));

suite("the statistics of the bench", () => {
  test("a median is the middle, or the mean of the two in the middle", () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.ok(Number.isNaN(median([])));
  });

  test("a ratio compares each round with itself, so that a slow round does not count", () => {
    assert.equal(ratio(rates(50, 5, 40), rates(100, 10, 80)), 0.5);
    assert.notEqual(median([50, 5, 41]) / median([100, 10, 90]), ratio(rates(50, 5, 41), rates(100, 10, 90)));
  });

  test("a figure that a row does not have is no number, rather than a wrong one", () => {
    assert.ok(Number.isNaN(ratio(rates(1), rates(1), "cpuMicros")));
    assert.deepEqual(values(rates(1, 2), "p99Ms"), []);
    assert.ok(Number.isNaN(medianOf(rates(1, 2), "p99Ms")));
  });

  test("drift compares the last third with the first, by medians", () => {
    assert.equal(drift([100, 100, 100, 500, 500, 500, 110, 110, 110]), 110 / 100 - 1);
    assert.equal(drift([100, 1, 100, 50, 50, 50, 80, 80, 9_999]), 80 / 100 - 1);
    assert.equal(drift([3]), 0);
  });
});

suite("the histogram of the load generators", () => {
  test("answers percentiles within its step of 10 µs", () => {
    const took = new Histogram();
    for (let i = 1; i <= 1_000; i++) took.add(i / 10);
    assert.ok(Math.abs(took.percentile(0.5) - 50) <= 0.02, String(took.percentile(0.5)));
    assert.ok(Math.abs(took.percentile(0.99) - 99) <= 0.02, String(took.percentile(0.99)));
    took.clear();
    assert.equal(took.count, 0);
  });

  test("keeps what is longer than it can tell apart as its longest", () => {
    const took = new Histogram();
    took.add(3_600_000);
    assert.ok(took.percentile(1) >= 9_999);
  });
});
