/** The rates that a redrive takes: `50/s`, `300/m` or `1000/h`. */

export const UNITS = {
  s: { name: "second", ms: 1_000 },
  m: { name: "minute", ms: 60_000 },
  h: { name: "hour", ms: 3_600_000 },
} as const;

export type Unit = keyof typeof UNITS;

/** From the first job that comes due to the last. */
export function spreadMs(jobs: number, many: number, unit: Unit): number {
  return ((jobs - 1) * UNITS[unit].ms) / many;
}
