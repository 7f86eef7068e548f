/** What an option's text stands for, whichever command takes it. Refuses what cannot be meant, with the value. */
import { type Duration, durationMs } from "../core/duration.ts";
import { UsageError } from "./command.ts";

export function milliseconds(option: string, value: string): number {
  try {
    return durationMs(value, option);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The same, for whoever takes it as it was written. */
export function durationOf(option: string, value: string): Duration {
  milliseconds(option, value);
  return value as Duration;
}

export function whole(option: string, value: string, least: number, most: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`${option} is ${JSON.stringify(value)}. Use a whole number from ${least} to ${most}.`);
}
