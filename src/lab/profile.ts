/**
 * When calls arrive. A profile is a curve of rates; arrivals are a Poisson process along it, drawn from a seed: as
 * independent callers come, in no step with each other and whether or not earlier calls have been answered.
 */
import { fractions } from "./chance.ts";
import type { Profile } from "./report.ts";

export type CurveKind = Exclude<Profile["kind"], "replay">;
export const CURVE_KINDS: readonly CurveKind[] = ["steady", "ramp", "burst", "spike"];

export type Load = {
  readonly kind: CurveKind;
  readonly basePerSecond: number;
  readonly peakPerSecond: number;
  readonly seconds: number;
};

/** A stretch of time in which the rate goes evenly from one value to another. */
type Stretch = { readonly seconds: number; readonly from: number; readonly to: number };

/** The shares of the time before, at and after the peak. */
const BURST = [0.25, 0.5, 0.25] as const;
const SPIKE = [0.45, 0.1, 0.45] as const;

function curve({ kind, basePerSecond: base, peakPerSecond: peak, seconds }: Load): readonly Stretch[] {
  if (kind === "steady") return [{ seconds, from: peak, to: peak }];
  if (kind === "ramp") return [{ seconds, from: base, to: peak }];
  const [before, at, after] = kind === "burst" ? BURST : SPIKE;
  return [
    { seconds: seconds * before, from: base, to: base },
    { seconds: seconds * at, from: peak, to: peak },
    { seconds: seconds * after, from: base, to: base },
  ];
}

/** How many arrivals the curve has on average: its integral. */
export function expectedArrivals(load: Load): number {
  return curve(load).reduce((sum, stretch) => sum + area(stretch), 0);
}

/** When each call is due, in milliseconds from the start, ascending. */
export function arrivals(load: Load, seed: number): Float64Array {
  const chance = fractions(seed);
  const due: number[] = [];
  // Gaps of a rate of 1 along the curve's integral, and from there back to time.
  let gone = gap(chance);
  let before = 0;
  let startS = 0;
  for (const stretch of curve(load)) {
    const within = area(stretch);
    for (; gone < before + within; gone += gap(chance))
      due.push(1_000 * (startS + secondsInto(stretch, gone - before)));
    before += within;
    startS += stretch.seconds;
  }
  return Float64Array.from(due);
}

function area({ seconds, from, to }: Stretch): number {
  return (seconds * (from + to)) / 2;
}

/** Exponential, of mean 1. */
function gap(chance: () => number): number {
  return -Math.log(1 - chance());
}

/** The time within a stretch at which so many have arrived: the root of rate × t + slope × t² / 2 = arrived. */
function secondsInto({ seconds, from, to }: Stretch, arrived: number): number {
  const slope = (to - from) / seconds;
  if (slope === 0) return arrived / from;
  return (Math.sqrt(from * from + 2 * slope * arrived) - from) / slope;
}
