/** Counts, shares, lengths of time and sums of money as a reader of a report wants them. */

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function count(value: number): string {
  return whole.format(value);
}

/** Never 0% of something, never 100% of less than all. */
export function share(part: number, all: number): string {
  if (all === 0 || part === 0) return "0%";
  const percent = (part / all) * 100;
  if (part < all && percent > 99.9) return "over 99.9%";
  if (percent < 0.1) return "under 0.1%";
  return `${percent < 10 ? oneDecimal(percent) : Math.round(percent)}%`;
}

export function milliseconds(ms: number): string {
  if (ms < 10) return `${oneDecimal(ms)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return seconds(ms / 1_000);
}

export function seconds(value: number): string {
  if (value < 10) return `${oneDecimal(value)} s`;
  return `${count(value)} s`;
}

export function dollars(usd: number): string {
  return `$${usd.toFixed(2)}`;
}

/** The record of the outcome among them. */
export function itemsWritten(mean: number): string {
  const items = oneDecimal(mean);
  return items === "1"
    ? "1 item written, which is the outcome's record"
    : `${items} items written with the outcome's record`;
}

/** "a", "a and b", "a, b and c". */
export function listed(parts: readonly string[], last = "and"): string {
  const before = parts.slice(0, -1).join(", ");
  return before === "" ? (parts[0] ?? "") : `${before} ${last} ${parts.at(-1)}`;
}

function oneDecimal(value: number): string {
  return String(Number(value.toFixed(1)));
}
