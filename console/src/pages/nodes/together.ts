/** From what each node says of itself to what all of them do: only figures that may be added up are. */
import { nameOf } from "../../node-name.ts";
import type { NodeEntry } from "../../wire.ts";

const SUMMED = [
  "inUse",
  "answeredPerSecond",
  "refusedPerSecond",
  "arrivalsPerSecond",
  "runsPerSecond",
] as const;

export type Sum = Readonly<Record<(typeof SUMMED)[number], number>>;

export type OperationSum = Sum & {
  readonly name: string;
  /** The mean, in which those that run more weigh more; `null` where none knows. */
  readonly runMs: number | null;
  readonly at: readonly Part[];
};

export type ResourceSum = { readonly name: string; readonly inUse: number; readonly at: readonly Part[] };

/** One node's share of a sum. */
export type Part = { readonly node: string; readonly much: number };

const ROLES = ["gateway", "all", "worker", "status"];
/** Of a node that ran some once, and none lately. */
const LITTLE = 0.01;

/** Those that do the same stand together, the oldest first; lost ones last. */
export function inOrder(nodes: readonly NodeEntry[]): readonly NodeEntry[] {
  const place = ({ role, lost }: NodeEntry) => (lost ? ROLES.length : ROLES.indexOf(role));
  return nodes.toSorted(
    (a, b) =>
      place(a) - place(b) || Date.parse(a.startedAt) - Date.parse(b.startedAt) || (a.id < b.id ? -1 : 1),
  );
}

/** What a lost node said last is no longer so. */
export function present(nodes: readonly NodeEntry[]): readonly NodeEntry[] {
  return nodes.filter(({ lost }) => !lost);
}

export function sumOf(nodes: readonly NodeEntry[]): Sum {
  return summed(nodes.flatMap(({ operations }) => operations));
}

/** Of those that any of them has run, runs or is called for. */
export function operationsOf(nodes: readonly NodeEntry[]): readonly OperationSum[] {
  const sums = namesOf(nodes.map(({ operations }) => operations)).map((name) => {
    const said = saidOf(nodes, name, ({ operations }) => operations);
    return {
      name,
      ...summed(said),
      runMs: meanRunMs(said),
      at: partsOf(said, ({ runsPerSecond }) => runsPerSecond),
    };
  });
  return sums.filter((sum) => sum.runMs !== null || SUMMED.some((what) => sum[what] > 0));
}

export function resourcesOf(nodes: readonly NodeEntry[]): readonly ResourceSum[] {
  return namesOf(nodes.map(({ resources }) => resources)).map((name) => {
    const said = saidOf(nodes, name, ({ resources }) => resources);
    return { name, inUse: total(said, ({ inUse }) => inUse), at: partsOf(said, ({ inUse }) => inUse) };
  });
}

/** What each node says of one, with the node's name. */
function saidOf<T extends { readonly name: string }>(
  nodes: readonly NodeEntry[],
  name: string,
  listOf: (node: NodeEntry) => readonly T[],
) {
  return nodes.flatMap((node) =>
    listOf(node)
      .filter((one) => one.name === name)
      .map((one) => ({ ...one, node: nameOf(node) })),
  );
}

type Said = NodeEntry["operations"][number];

function summed(said: readonly Said[]): Sum {
  return Object.fromEntries(SUMMED.map((what) => [what, total(said, (one) => one[what])])) as Sum;
}

function meanRunMs(said: readonly Said[]): number | null {
  const known = said.flatMap(({ runMs, runsPerSecond }) =>
    runMs === null ? [] : [{ runMs, weight: Math.max(LITTLE, runsPerSecond) }],
  );
  if (known.length === 0) return null;
  return total(known, ({ runMs, weight }) => runMs * weight) / total(known, ({ weight }) => weight);
}

function partsOf<T extends { readonly node: string }>(said: readonly T[], much: (one: T) => number) {
  return said.filter((one) => much(one) > 0).map((one): Part => ({ node: one.node, much: much(one) }));
}

/** Each once, in the order in which they are named first. */
function namesOf(lists: readonly (readonly { readonly name: string }[])[]): readonly string[] {
  return [...new Set(lists.flat().map(({ name }) => name))];
}

function total<T>(all: readonly T[], count: (one: T) => number): number {
  return all.reduce((sum, one) => sum + count(one), 0);
}
