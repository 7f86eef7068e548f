/** What changed from one look at the figures to the next: rates, and whether something is full or a queue grows. */
import type { Figures, ResourceEntry, ServedOperation, Totals } from "../../wire.ts";

/** So many seconds: short enough to be now, long enough to be read. */
const LATELY_S = 3;
/** A queue is judged over so many seconds. */
const TREND_S = 5;
/** Less than this share is no movement. */
const NOTABLE = 0.05;
/** A queue in which nothing waits for so long keeps up, however many come and go. */
const PROMPT_MS = 500;

export type Entry = ServedOperation | ResourceEntry;
/** Per second. */
export type Movement = Totals;
export type Trend = "empty" | "prompt" | "steady" | "growing" | "draining";

export const STILL: Movement = {
  accepted: 0,
  answered: 0,
  refused: 0,
  succeeded: 0,
  failed: 0,
  retried: 0,
};

/** Finds an operation or a resource in one look at the figures. */
export type Finding = (figures: Figures) => Entry | undefined;

export function findOperation(name: string): Finding {
  return ({ operations }) =>
    operations.find((one): one is ServedOperation => one.name === name && !one.unserved);
}

export function findResource(name: string): Finding {
  return ({ resources }) => resources.find((one) => one.name === name);
}

/** Undefined where the server was started anew between the two: its counts began again. */
export function movementBetween(before: Figures, after: Figures, find: Finding): Movement | undefined {
  const [from, to] = [find(before), find(after)];
  const seconds = secondsOf(after) - secondsOf(before);
  if (!from || !to || seconds <= 0 || before.startedAt !== after.startedAt) return undefined;
  const rate = (what: keyof Totals) => Math.max(0, to.totals[what] - from.totals[what]) / seconds;
  return {
    accepted: rate("accepted"),
    answered: rate("answered"),
    refused: rate("refused"),
    succeeded: rate("succeeded"),
    failed: rate("failed"),
    retried: rate("retried"),
  };
}

/** @param looks the oldest first */
export function movementLately(looks: readonly Figures[], find: Finding): Movement {
  const latest = looks.at(-1);
  const first = lookBefore(looks, LATELY_S);
  return (latest && first && movementBetween(first, latest, find)) ?? STILL;
}

/** The most that any look found lately: one alone may have hit the moment between two calls. */
export function inUseLately(looks: readonly Figures[], find: Finding): number {
  const latest = looks.at(-1);
  if (!latest) return 0;
  const found = looks
    .filter((look) => isSameRun(look, latest) && secondsOf(latest) - secondsOf(look) < LATELY_S)
    .map((look) => find(look)?.inUse ?? 0);
  return Math.max(0, ...found);
}

export function isFull(inUse: number, limit: number | null): boolean {
  return limit !== null && inUse >= limit;
}

export function limitOf(entry: Entry): number | null {
  return "limit" in entry ? entry.limit : entry.concurrency;
}

export function trendOf(looks: readonly Figures[], find: Finding): Trend {
  const latest = looks.at(-1);
  const entry = latest && find(latest);
  if (!entry || entry.queued === 0) return "empty";
  if ((entry.oldestAgeMs ?? 0) < PROMPT_MS) return "prompt";
  const first = lookBefore(looks, TREND_S);
  const then = (first && find(first)?.queued) ?? entry.queued;
  const notable = Math.max(1, then * NOTABLE);
  if (entry.queued - then >= notable) return "growing";
  return then - entry.queued >= notable ? "draining" : "steady";
}

/** The one so many seconds before the latest, or the oldest of the same run since then. */
function lookBefore(looks: readonly Figures[], seconds: number): Figures | undefined {
  const latest = looks.at(-1);
  if (!latest) return undefined;
  // Half a second of slack: a look that came a little early is still the one from then.
  const since = secondsOf(latest) - seconds - 0.5;
  return looks.find((look) => secondsOf(look) >= since && isSameRun(look, latest));
}

export function isSameRun(one: Figures, other: Figures): boolean {
  return one.startedAt === other.startedAt;
}

export function secondsOf({ at }: Figures): number {
  return Date.parse(at) / 1_000;
}
