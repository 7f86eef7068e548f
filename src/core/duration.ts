/** Durations and rates as people write them: "30s", "250ms", "50/s". Refuses anything else, by name. */
import { configurationError } from "./errors.ts";

/** "250ms", "10s", "5m", "24h", "14d". */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}`;

/** "50/s", "300/m", "1000/h". */
export type Rate = `${number}/${"s" | "m" | "h"}`;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export function durationMs(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const ms = match ? Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS] : Number.NaN;
  if (Number.isFinite(ms) && ms > 0) return ms;
  throw configurationError(
    `${what} is ${JSON.stringify(text)}, which is no duration.`,
    'Write a number and a unit: "250ms", "10s", "5m", "24h" or "14d".',
  );
}

/** A rate as starts per second. */
export function ratePerSecond(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\/(s|m|h)$/.exec(text);
  if (!match) return undefined;
  const perSecond = (Number(match[1]) * 1_000) / UNIT_MS[match[2] as "s" | "m" | "h"];
  return Number.isFinite(perSecond) && perSecond > 0 ? perSecond : undefined;
}

export function configuredRate(text: string, what: string): number {
  const rate = ratePerSecond(text);
  if (rate !== undefined) return rate;
  throw configurationError(
    `${what} is ${JSON.stringify(text)}, which is no rate.`,
    'Write a number and a unit of time: "50/s", "300/m" or "1000/h".',
  );
}
