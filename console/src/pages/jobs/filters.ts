/** Which jobs are listed: as the address bar keeps it, and as the server is asked for it. */

/** The quick choices of time, by how the address names them. */
export const SPANS = {
  "15m": { label: "Last 15 minutes", ms: 15 * 60_000 },
  "1h": { label: "Last hour", ms: 3_600_000 },
  "24h": { label: "Last 24 hours", ms: 24 * 3_600_000 },
} as const;

const FILTERS = ["status", "operation", "errorCode", "principal", "time", "from", "to"] as const;

/** An empty string is no filter. `time` is a key of SPANS, or `between` for what `from` and `to` say. */
export type Filters = Readonly<Record<(typeof FILTERS)[number], string>>;

export function filtersOf(query: URLSearchParams): Filters {
  const text = (name: string) => query.get(name) ?? "";
  const [from, to] = [text("from"), text("to")];
  return {
    status: text("status"),
    operation: text("operation"),
    errorCode: text("errorCode"),
    principal: text("principal"),
    time: text("time") || (from || to ? "between" : ""),
    from,
    to,
  };
}

/** For the address: a chosen span has no times of its own. */
export function searchOf(filters: Filters): Record<string, string> {
  const { from, to, ...rest } = filters;
  return filters.time === "between" ? { ...rest, from, to } : rest;
}

export function isFiltered(filters: Filters): boolean {
  return FILTERS.some((name) => filters[name] !== "");
}

/** @param now where a span ends */
export function askedOf(filters: Filters, now: number): Record<string, string> {
  const { time, from, to, ...asked } = filters;
  if (time === "between") return { ...asked, from, to };
  const span = time in SPANS ? SPANS[time as keyof typeof SPANS] : undefined;
  return span ? { ...asked, from: new Date(now - span.ms).toISOString() } : asked;
}

/** For an `<input type="datetime-local">`, which knows no time zone but the reader's. */
export function localTime(at: string): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return "";
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day}T${two(time.getHours())}:${two(time.getMinutes())}`;
}

export function fromLocalTime(local: string): string {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? "" : time.toISOString();
}
