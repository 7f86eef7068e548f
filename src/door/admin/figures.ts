/**
 * What operators see of operations and resources: the gate's slots, the store's counts and the meters' rates, put
 * together. Keeps nothing between two looks.
 */

import type { Room } from "../../core/budget.ts";
import type { Figures } from "../../core/engine.ts";
import { METERED, type Meter, type Metered, type Tally } from "../../core/meter.ts";
import type { Access, Flow, Operation } from "../../core/operation.ts";
import type { Runtime } from "../../core/runtime.ts";

type Depth = {
  readonly queued: number;
  /** Queued jobs that may be due: all of them, or none. */
  readonly waiting: number;
  readonly running: number;
  readonly failed: number;
  readonly oldestAgeMs: number | null;
};

type Rates = Readonly<Record<`${Metered}PerSecond`, number>>;

type ServedEntry = Room &
  Depth & {
    readonly flow: Flow;
    readonly access: Access;
    readonly resources: readonly string[];
    readonly limit: number | null;
    readonly abandoned: number;
    readonly rates: Rates;
    readonly totals: Tally;
  };

/** Jobs are kept of it, but no such operation is registered here. */
type UnservedEntry = Depth & { readonly name: string; readonly unserved: true };

type OperationEntry = ServedEntry | UnservedEntry;

type ResourceEntry = Room &
  Depth & {
    readonly operations: readonly string[];
    /** Declared, in starts per second. */
    readonly ratePerSecond: number | null;
    readonly rates: Rates;
    readonly totals: Tally;
  };

export type Overview = {
  readonly operations: readonly OperationEntry[];
  readonly resources: readonly ResourceEntry[];
};

/** Asks the store once. */
export async function overview(runtime: Runtime): Promise<Overview> {
  const figures = (await runtime.store?.engine.figures()) ?? [];
  const now = runtime.clock.now();
  const depths = new Map(figures.map((one) => [one.operation, depthOf(one, now)]));
  const served = [...runtime.operations.values()].map((one) => servedEntry(one, depths, runtime));
  const unserved = [...depths]
    .filter(([name]) => !runtime.operations.has(name))
    .map(([name, depth]) => ({ name, unserved: true as const, ...depth }));
  const resources = runtime.gate.resources().map((room) => resourceEntry(room, served, runtime));
  return { operations: [...served, ...unserved], resources };
}

const NO_JOBS: Depth = { queued: 0, waiting: 0, running: 0, failed: 0, oldestAgeMs: null };

function depthOf({ queued, running, failed, oldestAt }: Figures, now: number): Depth {
  return {
    queued,
    waiting: oldestAt === undefined ? 0 : queued,
    running,
    failed,
    oldestAgeMs: oldestAt === undefined ? null : Math.max(0, now - oldestAt),
  };
}

function servedEntry(
  { spec }: Operation,
  depths: ReadonlyMap<string, Depth>,
  { gate, meters }: Runtime,
): ServedEntry {
  const meter = meters.get(spec.name);
  const { limit, ...room } = gate.operation(spec.name);
  return {
    ...room,
    flow: spec.flow,
    access: spec.access,
    resources: spec.resources.map(({ name }) => name),
    limit: Number.isFinite(limit) ? limit : null,
    ...(depths.get(spec.name) ?? NO_JOBS),
    abandoned: meter?.abandoned ?? 0,
    ...metered(meter ? [meter] : []),
  };
}

function resourceEntry(room: Room, served: readonly ServedEntry[], runtime: Runtime): ResourceEntry {
  const users = served.filter(({ resources }) => resources.includes(room.name));
  const sum = (count: (entry: ServedEntry) => number) =>
    users.reduce((total, entry) => total + count(entry), 0);
  const ages = users.flatMap(({ oldestAgeMs }) => (oldestAgeMs === null ? [] : [oldestAgeMs]));
  const operations = users.map(({ name }) => name);
  const declared = runtime.operations
    .get(operations[0] ?? "")
    ?.spec.resources.find(({ name }) => name === room.name);
  return {
    ...room,
    operations,
    ratePerSecond: declared?.ratePerSecond ?? null,
    queued: sum(({ queued }) => queued),
    waiting: sum(({ waiting }) => waiting),
    running: sum(({ running }) => running),
    failed: sum(({ failed }) => failed),
    oldestAgeMs: ages.length === 0 ? null : Math.max(...ages),
    ...metered(operations.flatMap((name) => runtime.meters.get(name) ?? [])),
  };
}

function metered(meters: readonly Meter[]): { readonly rates: Rates; readonly totals: Tally } {
  const lately = sumOf(meters.map((meter) => meter.perSecond()));
  // A rate is a count over ten seconds: one decimal, which a sum of fractions would not keep.
  const rate = (what: Metered) => Math.round(lately[what] * 10) / 10;
  return {
    rates: Object.fromEntries(METERED.map((what) => [`${what}PerSecond`, rate(what)])) as Rates,
    totals: sumOf(meters.map((meter) => meter.totals())),
  };
}

function sumOf(tallies: readonly Tally[]): Tally {
  const sum = (what: Metered) => tallies.reduce((total, tally) => total + tally[what], 0);
  return Object.fromEntries(METERED.map((what) => [what, sum(what)])) as Tally;
}
