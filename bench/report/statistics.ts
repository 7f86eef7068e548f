// What is made of samples. Pure.
import type { Measured, Sample } from "./sample.ts";

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export type Figure = Exclude<keyof Sample, "note">;

export function values(measured: Measured, figure: Figure): readonly number[] {
  return measured.samples.flatMap((sample) => sample[figure] ?? []);
}

export function medianOf(measured: Measured, figure: Figure): number {
  return median(values(measured, figure));
}

/**
 * The median of each round's own ratio: what ran next to each other in time is compared, so that a machine that is
 * slower for a while does not count.
 */
export function ratio(one: Measured, other: Measured, figure: Figure = "perSecond"): number {
  return median(
    one.samples.map((sample, round) => {
      const [above, below] = [sample[figure], other.samples[round]?.[figure]];
      return above === undefined || below === undefined ? Number.NaN : above / below;
    }),
  );
}

/** How much larger the median of the last third is than that of the first, as a share; negative: smaller. */
export function drift(series: readonly number[]): number {
  const third = Math.max(1, Math.floor(series.length / 3));
  return median(series.slice(-third)) / median(series.slice(0, third)) - 1;
}
