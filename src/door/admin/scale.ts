/** `GET /admin/scale`: how many workers are wanted, for whoever starts and stops them. */
import { timestamp } from "../../core/clock.ts";
import { meanRunMs } from "../../core/node-report.ts";
import type { Runtime } from "../../core/runtime.ts";
import { type Load, wanted } from "../../core/scale.ts";
import type { Reply } from "../exchange.ts";
import { type Overview, overview } from "./figures.ts";
import { answer } from "./lists.ts";
import { isWorker, type SiteNode, siteNodes } from "./nodes.ts";
import type { Query } from "./query.ts";
import { unknownEntry } from "./settings.ts";

export const SCALE_PARAMETERS = ["operation", "within", "slots"] as const;

const WITHIN_MS = 60_000;
const MOST_SLOTS = 100_000;

export type Scale = {
  /** Wanted, for all operations together or the one that was asked for, and there now. */
  readonly workers: number;
  readonly working: number;
  readonly items: readonly (Load & {
    readonly slots: number;
    readonly workers: number;
    readonly oldestAgeMs: number | null;
  })[];
  readonly nodes: readonly SiteNode[];
  /** All that it was made of. */
  readonly entries: Overview["operations"];
};

export async function scaleRoute(query: Query, runtime: Runtime): Promise<Reply> {
  const withinMs = query.duration("within") ?? WITHIN_MS;
  const slots = query.whole("slots", MOST_SLOTS);
  const operation = query.text("operation");
  query.check();
  if (operation !== undefined && !runtime.operations.has(operation))
    throw unknownEntry("operation", operation);
  const { workers, working, items } = await scaleOf(runtime, withinMs, { slots, operation });
  const text = JSON.stringify({
    at: timestamp(runtime.clock.now()),
    within: withinMs / 1_000,
    workers,
    working,
    items: items.map(({ operation: name, slots, runMs, resources: _, ...item }) => ({
      name,
      ...item,
      slots: Math.round(slots * 100) / 100,
      runMs: runMs === 0 ? null : Math.round(runMs * 10) / 10,
    })),
  });
  return answer(text);
}

/** Asks the store once for its figures, and once for its nodes. */
export async function scaleOf(
  runtime: Runtime,
  withinMs: number = WITHIN_MS,
  only: { readonly slots?: number | undefined; readonly operation?: string | undefined } = {},
): Promise<Scale> {
  const [{ operations, resources }, nodes] = await Promise.all([overview(runtime), siteNodes(runtime)]);
  const working = nodes.filter(isWorker);
  const reports = nodes.filter(({ lost }) => !lost).map(({ report }) => report);
  // While no worker is there, those that were lately still know how long a run takes.
  const known = working.length > 0 ? reports : nodes.map(({ report }) => report);
  const entries = operations.flatMap((entry) =>
    "unserved" in entry || entry.flow === "request" ? [] : [entry],
  );
  // All of them, also where one is asked for: it shares its resources with the others.
  const loads = entries.map(({ name, waiting, running, concurrency, limit, ...entry }): Load => {
    const said = reports.reduce((sum, report) => sum + (report.operations[name]?.arrivalsPerSecond ?? 0), 0);
    const most = Math.max(0, ...working.map(({ report }) => report.operations[name]?.peak ?? 0));
    return {
      operation: name,
      paused: runtime.gate.isPaused(name),
      waiting,
      running,
      arrivalsPerSecond: Math.round(said * 10) / 10,
      runMs: meanRunMs(known, name),
      limit: concurrency,
      resources: entry.resources,
      perWorker: only.slots ?? (most || limit || 1),
    };
  });
  const { workers, operations: each } = wanted(loads, resources, withinMs / 1_000);
  const items = loads.map((load, place) => ({
    ...load,
    ...{ slots: each[place]?.slots ?? 0, workers: each[place]?.workers ?? 0 },
    oldestAgeMs: entries[place]?.oldestAgeMs ?? null,
  }));
  const chosen = items.filter((item) => item.operation === only.operation);
  return {
    workers: only.operation === undefined ? workers : (chosen[0]?.workers ?? 0),
    working: working.length,
    items: only.operation === undefined ? items : chosen,
    nodes,
    entries: operations,
  };
}
