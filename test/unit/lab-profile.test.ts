// The arrivals of the flow report's profiles: as many as the curve says, where it says, the same for the same seed.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { profileOf } from "../../src/lab/options.ts";
import { arrivals, CURVE_KINDS, expectedArrivals, type Load } from "../../src/lab/profile.ts";

const load = (kind: Load["kind"], more: Partial<Load> = {}): Load => ({
  kind,
  basePerSecond: 50,
  peakPerSecond: 2_000,
  seconds: 30,
  ...more,
});

/** Of a Poisson process within this many standard deviations of its mean, but once in 10^8. */
const SIGMAS = 6;
const isNear = (count: number, mean: number) =>
  Math.abs(count - mean) <= SIGMAS * Math.sqrt(Math.max(1, mean));
const within = (due: Float64Array, from: number, to: number) =>
  due.filter((at) => at >= from * 1_000 && at < to * 1_000).length;

suite("the arrivals of a profile", () => {
  const integrals = { steady: 60_000, ramp: 30_750, burst: 30_750, spike: 7_350 } as const;
  for (const kind of CURVE_KINDS) {
    test(`${kind}: as many as its curve's integral says`, () => {
      assert.equal(Math.round(expectedArrivals(load(kind))), integrals[kind]);
      for (const seed of [1, 2, 3]) {
        const { length } = arrivals(load(kind), seed);
        assert.ok(isNear(length, integrals[kind]), `${length} arrivals with seed ${seed}`);
      }
    });

    test(`${kind}: in order, from the start to the end of its time`, () => {
      const due = arrivals(load(kind), 1);
      assert.deepEqual(due, Float64Array.from(due).sort());
      assert.ok((due[0] as number) >= 0 && (due.at(-1) as number) < 30_000);
    });

    test(`${kind}: the same seed gives the same arrivals, another seed others`, () => {
      assert.deepEqual(arrivals(load(kind), 7), arrivals(load(kind), 7));
      assert.notDeepEqual(arrivals(load(kind), 7), arrivals(load(kind), 8));
    });
  }

  test("a burst is at its peak in the middle half, and at its base before and after", () => {
    const due = arrivals(load("burst"), 1);
    assert.ok(isNear(within(due, 0, 7.5), 375));
    assert.ok(isNear(within(due, 7.5, 22.5), 30_000));
    assert.ok(isNear(within(due, 22.5, 30), 375));
  });

  test("a ramp has a quarter of its growth in the first half", () => {
    const due = arrivals(load("ramp", { basePerSecond: 0 }), 1);
    assert.ok(isNear(within(due, 0, 15), 7_500));
    assert.ok(isNear(within(due, 15, 30), 22_500));
  });

  test("gaps are as irregular as those of callers who know nothing of each other", () => {
    const due = arrivals(load("steady"), 1);
    const gaps = Array.from(due.slice(1), (at, place) => at - (due[place] as number));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    // Exponential: as much deviation as mean.
    assert.ok(Math.abs(Math.sqrt(variance) / mean - 1) < 0.02);
  });

  test("a profile without a base has no arrivals outside of its peak", () => {
    const due = arrivals(load("spike", { basePerSecond: 0 }), 1);
    assert.equal(within(due, 13.5, 16.5), due.length);
  });

  test("a replay is described by its mean and its busiest second", () => {
    const due = Float64Array.from([0, 400, 900, 1_100, 4_000]);
    assert.deepEqual(profileOf({ kind: "replay", arrivals: due }, 1, due), {
      kind: "replay",
      basePerSecond: 1.25,
      peakPerSecond: 3,
      seconds: 4,
      seed: 1,
      offered: 5,
    });
  });
});
