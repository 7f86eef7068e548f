/** From a report's buckets and steps to the points of its charts. Pure. */
import type { Cost, Distribution, Series, Way } from "../../../src/lab/report.ts";

/** What of all offered calls was reached within a time, for several lanes at the same times. */
export type Reached = {
  readonly times: readonly number[];
  /** 0 to 1, one array a lane. */
  readonly shares: readonly (readonly number[])[];
};

type Measured = { readonly distribution: Distribution; readonly offered: number };

/** A logarithm needs more than nought. */
const LEAST_MS = 0.05;
/** A bucket's calls lie below its bound by this factor at most: where buckets are left out, the curve is level. */
const BUCKET = 1.22;

export function reached(lanes: readonly Measured[]): Reached {
  const bounds = lanes.flatMap(({ distribution }) =>
    distribution.buckets.flatMap((_, at) => boundsOf(distribution, at)),
  );
  const times = [...new Set(bounds)].sort((a, b) => a - b);
  return { times, shares: lanes.map((lane) => sharesAt(times, lane)) };
}

function boundsOf({ buckets }: Distribution, at: number): readonly [from: number, to: number] {
  const to = Math.max(buckets[at]?.upTo ?? 0, LEAST_MS);
  const before = Math.max(buckets[at - 1]?.upTo ?? 0, LEAST_MS);
  return [Math.min(to, Math.max(before, to / BUCKET)), to];
}

/** Between the bounds of a bucket as if its calls lay evenly. */
function sharesAt(times: readonly number[], { distribution, offered }: Measured): readonly number[] {
  let at = 0;
  let below = 0;
  return times.map((time) => {
    let [from, to] = boundsOf(distribution, at);
    while (at < distribution.buckets.length && to <= time) {
      below += distribution.buckets[at]?.count ?? 0;
      at += 1;
      [from, to] = boundsOf(distribution, at);
    }
    const within = time <= from ? 0 : (time - from) / (to - from);
    const here = at < distribution.buckets.length ? (distribution.buckets[at]?.count ?? 0) * within : 0;
    return offered === 0 ? 0 : (below + here) / offered;
  });
}

/** The time that all lanes are drawn by, whatever their own steps: coarse enough to be read. */
export type Bins = {
  readonly ms: number;
  /** Seconds from the first arrival. */
  readonly starts: readonly number[];
};

const MOST_BINS = 80;
/** Each a multiple of whatever step is smaller. */
const BINS_MS = [100, 200, 500, 1_000, 2_000, 10_000, 20_000, 60_000, 600_000];

export function binsOf(series: readonly Series[]): Bins {
  const lasted = Math.max(0, ...series.map(({ stepMs, arrivals }) => stepMs * arrivals.length));
  const least = Math.max(lasted / MOST_BINS, ...series.map(({ stepMs }) => stepMs));
  const ms = BINS_MS.find((bin) => bin >= least) ?? Math.ceil(least);
  return { ms, starts: Array.from({ length: Math.ceil(lasted / ms) }, (_, at) => (at * ms) / 1_000) };
}

type Points = readonly (number | null)[];

/** Of counts: how many a second, in each bin. */
export function rates(counts: readonly number[], stepMs: number, bins: Bins): Points {
  return binned(counts, stepMs, bins, (found) => {
    const sum = found.reduce((total, count) => total + count, 0);
    return (sum * 1_000) / (found.length * stepMs);
  });
}

/** Of how things stood: the highest in each bin. */
export function highest(values: readonly number[], stepMs: number, bins: Bins): Points {
  return binned(values, stepMs, bins, (found) => Math.max(...found));
}

/** Nothing is known of what was not measured any more. */
function binned(
  values: readonly number[],
  stepMs: number,
  { ms, starts }: Bins,
  of: (found: readonly number[]) => number,
): Points {
  return starts.map((seconds, at) => {
    const found = values.slice(Math.round((seconds * 1_000) / stepMs), Math.round(((at + 1) * ms) / stepMs));
    return found.length === 0 ? null : of(found);
  });
}

/** Of the numbers that a probe answers, those that say something: that were not the same all the time. */
export function movingNumbers(series: readonly Series[]): readonly string[] {
  const names = [...new Set(series.flatMap(({ probe }) => Object.keys(probe)))];
  return names.filter((name) => new Set(series.flatMap(({ probe }) => probe[name] ?? [])).size > 1);
}

/** What a way of one flow, not a mix, would cost with a handler that takes so long: all but its own time stays as it is. */
export function usdAt({ parts, usdPerMillion }: Way, { basis }: Cost, handlerMs: number): number {
  const time = parts.find(({ name }) => name === "Lambda's time")?.usd ?? 0;
  return basis.handlerMs === 0 ? usdPerMillion : usdPerMillion + time * (handlerMs / basis.handlerMs - 1);
}
