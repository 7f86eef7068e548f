/** The figures of a report as people read them, finer than those of a running server. */

import { count } from "../format.ts";

export function latency(ms: number): string {
  if (ms < 1) return `${trimmed(ms, 2)} ms`;
  if (ms < 10) return `${trimmed(ms, 1)} ms`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : seconds(ms / 1_000);
}

export function seconds(value: number): string {
  return value < 10 ? `${trimmed(value, 1)} s` : `${count(value)} s`;
}

/** Never 0% of something, never 100% of less than all. */
export function share(part: number, all: number): string {
  const percent = all === 0 ? 0 : (part / all) * 100;
  if (percent === 0) return "0%";
  if (part < all && percent > 99.9) return "over 99.9%";
  if (percent < 0.1) return "under 0.1%";
  return `${trimmed(percent, percent < 10 ? 1 : 0)}%`;
}

export function dollars(usd: number): string {
  return `$${usd.toFixed(2)}`;
}

/** Of a single unit, which may be very little: $0.0000133334. */
export function unitPrice(usd: number): string {
  const cents = usd.toFixed(2);
  return `$${Number(cents) === usd ? cents : usd.toFixed(12).replace(/0+$/, "")}`;
}

/** The record of the outcome among them. */
export function itemsWritten(mean: number): string {
  const items = trimmed(mean, 1);
  return items === "1"
    ? "1 item written, which is the outcome's record"
    : `${items} items written with the outcome's record`;
}

export function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
