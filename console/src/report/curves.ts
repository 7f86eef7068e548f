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
const BUCKET = 1.2;

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

/** Seconds from the first arrival, as many as the longest of them has. */
export function secondsOf(series: readonly Series[]): readonly number[] {
  const stepMs = series[0]?.stepMs ?? 0;
  const steps = Math.max(
    0,
    ...series.map(({ arrivals, queued }) => Math.max(arrivals.length, queued.length)),
  );
  return Array.from({ length: steps }, (_, step) => (step * stepMs) / 1_000);
}

export function perSecond(counts: readonly number[], stepMs: number): readonly number[] {
  return counts.map((count) => (count * 1_000) / stepMs);
}

/** As many values as there are points; nothing is known of those that are missing. */
export function padded(values: readonly number[], length: number): readonly (number | null)[] {
  return Array.from({ length }, (_, at) => values[at] ?? null);
}

/** Of the numbers that a probe answers, those that say something: that were not the same all the time. */
export function movingNumbers(series: readonly Series[]): readonly string[] {
  const names = [...new Set(series.flatMap(({ probe }) => Object.keys(probe)))];
  return names.filter((name) => new Set(series.flatMap(({ probe }) => probe[name] ?? [])).size > 1);
}

/** What a way would cost with a handler that takes so long: all but its own time stays as it is. */
export function usdAt({ parts, usdPerMillion }: Way, { basis }: Cost, handlerMs: number): number {
  const time = parts.find(({ name }) => name === "Lambda's time")?.usd ?? 0;
  return basis.handlerMs === 0 ? usdPerMillion : usdPerMillion + time * (handlerMs / basis.handlerMs - 1);
}
