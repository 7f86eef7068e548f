/** From measured times to what a report says of them: percentiles of the values themselves, and buckets for a picture. */
import type { Distribution } from "./report.ts";

/** Buckets in each power of ten: a step is a fifth, so that a picture is smooth and a report small. */
const BUCKETS_A_DECADE = 12;
const DIGITS = 3;

export function distributionOf(times: readonly number[] | Float64Array): Distribution {
  const sorted = Float64Array.from(times).sort();
  const count = sorted.length;
  if (count === 0) return { count, p50: 0, p90: 0, p99: 0, max: 0, mean: 0, buckets: [] };
  const at = (share: number) => rounded(percentile(sorted, share));
  return {
    count,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    max: rounded(sorted[count - 1] as number),
    mean: rounded(sorted.reduce((sum, time) => sum + time, 0) / count),
    buckets: bucketsOf(sorted),
  };
}

/** The smallest time that so great a share of them does not exceed (nearest rank). */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

export function rounded(value: number): number {
  return Math.round(value * 10 ** DIGITS) / 10 ** DIGITS;
}

function bucketsOf(sorted: Float64Array): Distribution["buckets"] {
  const counts = new Map<number, number>();
  for (const time of sorted) {
    const step = Math.ceil(Math.log10(Math.max(time, 0.001)) * BUCKETS_A_DECADE);
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  return [...counts].map(([step, count]) => ({
    upTo: Number((10 ** (step / BUCKETS_A_DECADE)).toPrecision(DIGITS)),
    count,
  }));
}
