/** From the figures to what is drawn: which operations share what, and what moves along each of their lanes. */
import type { Figures, ResourceEntry, ServedOperation, UnservedOperation } from "../../wire.ts";
import {
  findOperation,
  findResource,
  inUseLately,
  isFull,
  type Movement,
  movementLately,
  type Trend,
  trendOf,
} from "./movement.ts";

export type Lane = {
  readonly operation: ServedOperation;
  readonly moves: Movement;
  /** Calls that came, whatever became of them. */
  readonly offered: number;
  /** Jobs that came to their end. Those that came, by calls or sent by other operations, were accepted. */
  readonly ended: number;
  readonly inUse: number;
  readonly trend: Trend;
  /** Jobs are due and wait. */
  readonly isBusy: boolean;
  /** What lets no more in: the operation's own limit, or a resource by its name. */
  readonly strained: { readonly name: string; readonly by: Strain } | undefined;
  /** What is paused: the operation itself, or a resource by its name. */
  readonly pausedAt: string | undefined;
};

/** It has no slot left, begins as many a second as it may, or keeps the slots that it has for others. */
export type Strain = "slots" | "rate" | "share";

export type SharedResource = {
  readonly entry: ResourceEntry;
  readonly inUse: number;
  readonly strain: Strain | undefined;
  /** Jobs wait for it, though it may have a slot at this moment. */
  readonly isBusy: boolean;
};

/** Operations that have resources in common, with these; or those that have none. */
export type Group = {
  readonly resources: readonly SharedResource[];
  readonly lanes: readonly Lane[];
};

export type Scene = {
  readonly groups: readonly Group[];
  /** For administrators: what they do to the app, and no part of its architecture. */
  readonly controls: readonly ServedOperation[];
  readonly unserved: readonly UnservedOperation[];
};

/** Of a rate: what begins is counted as it ends, and never quite evenly. */
const NEARLY = 0.9;

const ORDER = { request: 0, event: 1, spill: 2 } as const;

/** @param looks at the figures, the oldest first */
export function sceneOf(looks: readonly Figures[]): Scene {
  const latest = looks.at(-1);
  if (!latest) return { groups: [], controls: [], unserved: [] };
  const served = latest.operations.filter((one): one is ServedOperation => !one.unserved);
  const drawn = served.filter(({ access }) => access !== "admin");
  const shared = together(drawn).map(({ names, operations }) => {
    const lanes = lanesOf(operations, looks);
    const resources = latest.resources.filter(({ name }) => names.has(name));
    return { lanes, resources: resources.map((entry) => sharedResource(entry, lanes, looks)) };
  });
  const alone = lanesOf(
    drawn.filter(({ resources }) => resources.length === 0),
    looks,
  );
  return {
    groups: alone.length === 0 ? shared : [...shared, { resources: [], lanes: alone }],
    controls: served.filter(({ access }) => access === "admin"),
    unserved: latest.operations.filter((one): one is UnservedOperation => one.unserved === true),
  };
}

/** Operations that share a resource, directly or by way of others; in the order in which the app names them. */
function together(operations: readonly ServedOperation[]) {
  let groups: { names: Set<string>; operations: ServedOperation[] }[] = [];
  for (const operation of operations) {
    if (operation.resources.length === 0) continue;
    const own = { names: new Set(operation.resources), operations: [operation] };
    const touching = groups.filter(({ names }) => operation.resources.some((name) => names.has(name)));
    const one = [...touching, own].reduce((all, { names, operations }) => ({
      names: new Set([...all.names, ...names]),
      operations: [...all.operations, ...operations],
    }));
    groups = [...groups.filter((group) => !touching.includes(group)), one];
  }
  const placeOf = (group: (typeof groups)[number]) =>
    Math.min(...group.operations.map((operation) => operations.indexOf(operation)));
  return groups.sort((a, b) => placeOf(a) - placeOf(b));
}

function lanesOf(operations: readonly ServedOperation[], looks: readonly Figures[]): Lane[] {
  return operations
    .map((operation) => laneOf(operation, looks))
    .sort((a, b) => ORDER[a.operation.flow] - ORDER[b.operation.flow]);
}

function sharedResource(
  entry: ResourceEntry,
  lanes: readonly Lane[],
  looks: readonly Figures[],
): SharedResource {
  const using = lanes.filter(({ operation }) => operation.resources.includes(entry.name));
  return {
    entry,
    inUse: inUseLately(looks, findResource(entry.name)),
    strain: strainOf(entry, looks) ?? using.find(({ strained }) => strained?.by === "share")?.strained?.by,
    isBusy: using.some(({ isBusy }) => isBusy),
  };
}

function strainOf({ name, concurrency, ratePerSecond }: ResourceEntry, looks: readonly Figures[]) {
  const find = findResource(name);
  if (isFull(inUseLately(looks, find), concurrency)) return "slots";
  if (ratePerSecond === null) return undefined;
  const { succeeded, failed, retried } = movementLately(looks, find);
  return succeeded + failed + retried >= ratePerSecond * NEARLY ? "rate" : undefined;
}

function laneOf(operation: ServedOperation, looks: readonly Figures[]): Lane {
  const find = findOperation(operation.name);
  const moves = movementLately(looks, find);
  const trend = trendOf(looks, find);
  // Attempts of both kinds are counted by how they ended; a call that was answered at once is no job.
  const ended = Math.max(0, moves.succeeded + moves.failed - moves.answered);
  const shared = (looks.at(-1)?.resources ?? []).filter(({ name }) => operation.resources.includes(name));
  const pausedAt = operation.paused ? operation.name : shared.find(({ paused }) => paused)?.name;
  return {
    operation,
    moves,
    offered: moves.accepted + moves.answered + moves.refused,
    ended,
    inUse: inUseLately(looks, find),
    trend,
    isBusy: pausedAt === undefined && trend !== "empty" && trend !== "prompt",
    strained: pausedAt === undefined ? strainedBy(operation, shared, looks) : undefined,
    pausedAt,
  };
}

function strainedBy(
  operation: ServedOperation,
  shared: readonly ResourceEntry[],
  looks: readonly Figures[],
): Lane["strained"] {
  const { name, flow, limit } = operation;
  for (const entry of shared) {
    const by = strainOf(entry, looks);
    if (by) return { name: entry.name, by };
  }
  const find = findOperation(name);
  if (isFull(inUseLately(looks, find), limit)) return { name, by: "slots" };
  // Only for want of a slot is such a call refused; those that are free are kept for jobs that wait.
  return flow === "request" && movementLately(looks, find).refused > 0 ? { name, by: "share" } : undefined;
}
