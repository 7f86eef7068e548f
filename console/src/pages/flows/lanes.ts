/** From the figures to what is drawn: which operations share what, and what moves along each of their lanes. */
import type { Figures, ResourceEntry, ServedOperation, UnservedOperation } from "../../wire.ts";
import {
  arrivedLately,
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
  /** Jobs that came, and those that came to their end. */
  readonly arrived: number;
  readonly ended: number;
  readonly inUse: number;
  readonly trend: Trend;
  /** What lets no more in: the operation's own limit, or a resource by its name. */
  readonly strained: { readonly name: string; readonly by: Strain } | undefined;
  /** What is paused: the operation itself, or a resource by its name. */
  readonly pausedAt: string | undefined;
};

/** It has no slot left, or begins as many a second as it may. */
export type Strain = "slots" | "rate";

export type SharedResource = {
  readonly entry: ResourceEntry;
  readonly inUse: number;
  readonly strain: Strain | undefined;
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
  const shared = together(drawn).map(({ names, operations }) => ({
    resources: latest.resources
      .filter(({ name }) => names.has(name))
      .map((entry) => sharedResource(entry, looks)),
    lanes: lanesOf(operations, looks),
  }));
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

/** Operations that share a resource, directly or by way of others. */
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
  return groups;
}

function lanesOf(operations: readonly ServedOperation[], looks: readonly Figures[]): Lane[] {
  return operations
    .map((operation) => laneOf(operation, looks))
    .sort((a, b) => ORDER[a.operation.flow] - ORDER[b.operation.flow]);
}

function sharedResource(entry: ResourceEntry, looks: readonly Figures[]): SharedResource {
  const find = findResource(entry.name);
  const inUse = inUseLately(looks, find);
  return { entry, inUse, strain: isFull(inUse, entry.concurrency) ? "slots" : strainByRate(entry, looks) };
}

function strainByRate({ name, ratePerSecond }: ResourceEntry, looks: readonly Figures[]): Strain | undefined {
  if (ratePerSecond === null) return undefined;
  const { succeeded, failed, retried } = movementLately(looks, findResource(name));
  return succeeded + failed + retried >= ratePerSecond * NEARLY ? "rate" : undefined;
}

function laneOf(operation: ServedOperation, looks: readonly Figures[]): Lane {
  const find = findOperation(operation.name);
  const moves = movementLately(looks, find);
  const inUse = inUseLately(looks, find);
  // Attempts of both kinds are counted by how they ended; a call that was answered at once is no job.
  const ended = Math.max(0, moves.succeeded + moves.failed - moves.answered);
  const shared = (looks.at(-1)?.resources ?? []).filter(({ name }) => operation.resources.includes(name));
  const tight = shared.map((entry) => sharedResource(entry, looks)).find(({ strain }) => strain);
  const own: Strain | undefined = isFull(inUse, operation.limit) ? "slots" : undefined;
  return {
    operation,
    moves,
    offered: moves.accepted + moves.answered + moves.refused,
    arrived: operation.access === "internal" ? arrivedLately(looks, find, ended) : moves.accepted,
    ended,
    inUse,
    trend: trendOf(looks, find),
    strained: tight?.strain
      ? { name: tight.entry.name, by: tight.strain }
      : own && { name: operation.name, by: own },
    pausedAt: operation.paused ? operation.name : shared.find(({ paused }) => paused)?.name,
  };
}
