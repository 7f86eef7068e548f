/** Looks at the figures, as `GET /admin/live` sends them, for what the console makes of them. */
import type { Figures, ResourceEntry, ServedOperation, Totals } from "../../console/src/wire.ts";

const NOTHING: Totals = { accepted: 0, answered: 0, refused: 0, succeeded: 0, failed: 0, retried: 0 };
const START = Date.parse("2026-05-04T12:00:00.000Z");
const RATES = {
  acceptedPerSecond: 0,
  answeredPerSecond: 0,
  refusedPerSecond: 0,
  succeededPerSecond: 0,
  failedPerSecond: 0,
  retriedPerSecond: 0,
};
const IDLE = {
  queued: 0,
  waiting: 0,
  running: 0,
  failed: 0,
  oldestAgeMs: null,
  paused: false,
  concurrency: null,
  declared: null,
  inUse: 0,
  peak: 0,
  rates: RATES,
};

type Changes<T> = Partial<Omit<T, "totals">> & { readonly totals?: Partial<Totals> };

export function operationEntry({ totals, ...changes }: Changes<ServedOperation> = {}): ServedOperation {
  return {
    ...IDLE,
    name: "place",
    flow: "spill",
    access: "public",
    resources: ["db"],
    limit: 10,
    abandoned: 0,
    totals: { ...NOTHING, ...totals },
    ...changes,
  };
}

export function resourceEntry({ totals, ...changes }: Changes<ResourceEntry> = {}): ResourceEntry {
  return {
    ...IDLE,
    name: "db",
    concurrency: 10,
    operations: ["place"],
    ratePerSecond: null,
    totals: { ...NOTHING, ...totals },
    ...changes,
  };
}

/** @param second since the first of them */
export function look(
  second: number,
  operations: Figures["operations"],
  { resources = [resourceEntry()], startedAt = "first" }: Partial<Omit<Figures, "at" | "operations">> = {},
): Figures {
  const at = new Date(START + second * 1_000).toISOString();
  return { at, node: "here-1", startedAt, operations, resources };
}
