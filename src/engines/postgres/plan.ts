/**
 * Which way each change of a group goes: at once, if its statement can tell by itself whether it applies, or with a
 * look. Where two changes touch one job their order matters, and all go with a look.
 */
import type { Change, NewCall } from "../../core/engine.ts";
import type { JobId } from "../../core/job.ts";
import type { ClaimChange } from "./claims.ts";
import type { LookedAt } from "./decide.ts";
import { isPlainSuccess, type Success } from "./successes.ts";

/** A change with its place in its group. */
export type Placed<T> = { readonly at: number; readonly it: T };

export type Plan = {
  /** By their delays, each of which takes a statement of its own. */
  readonly opens: ReadonlyMap<number, readonly Placed<NewCall>[]>;
  readonly successes: readonly Placed<Success>[];
  readonly looks: readonly Placed<LookedAt>[];
  readonly claims: readonly Placed<ClaimChange>[];
};

/** Delays of one group beyond which calls go with a look. */
const MOST_DELAYS = 4;

/** Parts of a group that are committed one after the other: a claim finds what stands before it, and only that. */
export function segmentsOf(changes: readonly Change[]): readonly (readonly number[])[] {
  const segments: number[][] = [[]];
  for (let at = 0; at < changes.length; at++) {
    const begins = at > 0 && changes[at - 1]?.kind === "claim" && changes[at]?.kind !== "claim";
    if (begins) segments.push([]);
    segments.at(-1)?.push(at);
  }
  return segments;
}

/** @param fast whether any may go at once */
export function planOf(changes: readonly Change[], places: readonly number[], fast: boolean): Plan {
  const opens = new Map<number, Placed<NewCall>[]>();
  const successes: Placed<Success>[] = [];
  const looks: Placed<LookedAt>[] = [];
  const claims: Placed<ClaimChange>[] = [];
  const isFast = fast && touchOthers(changes, places);
  for (const at of places) {
    const change = changes[at] as Change;
    if (change.kind === "claim") claims.push({ at, it: change });
    else if (
      isFast &&
      change.kind === "open" &&
      change.call.start === "queued" &&
      hasRoom(opens, change.call)
    ) {
      const { call } = change;
      const delayed = opens.get(call.delayMs);
      if (delayed) delayed.push({ at, it: call });
      else opens.set(call.delayMs, [{ at, it: call }]);
    } else if (isFast && change.kind === "settle" && isPlainSuccess(change.settlement)) {
      successes.push({ at, it: change.settlement });
    } else looks.push({ at, it: change });
  }
  for (const [delay, calls] of opens) {
    // Among others they would not stand in the order of changes.
    if (!areInARow(calls)) {
      opens.delete(delay);
      looks.push(...calls.map(({ at, it }) => ({ at, it: { kind: "open", call: it } as const })));
    } else inOrder(calls);
  }
  looks.sort((one, other) => one.at - other.at);
  return { opens, successes, looks, claims };
}

function areInARow(calls: readonly Placed<NewCall>[]): boolean {
  const first = calls[0]?.at ?? 0;
  return calls.every(({ at }, number) => at === first + number);
}

function hasRoom(opens: ReadonlyMap<number, unknown>, { delayMs }: NewCall): boolean {
  return opens.has(delayMs) || opens.size < MOST_DELAYS;
}

/** Whether no two of them touch the same job. */
function touchOthers(changes: readonly Change[], places: readonly number[]): boolean {
  const ids: JobId[] = [];
  for (const at of places) {
    const id = idOf(changes[at] as Change);
    if (id !== undefined) ids.push(id);
  }
  return doGrow(ids) || new Set(ids).size === ids.length;
}

/** As minted ids do: those are told apart without their hashes, which take 0.3 µs each. */
function doGrow(ids: readonly JobId[]): boolean {
  for (let place = 1; place < ids.length; place++)
    if ((ids[place] as JobId) <= (ids[place - 1] as JobId)) return false;
  return true;
}

function idOf(change: Change): JobId | undefined {
  switch (change.kind) {
    case "open":
      return change.call.id;
    case "settle":
      return change.settlement.lease.id;
    case "extend":
      return change.lease.id;
    case "cancel":
      return change.ref.id;
    case "redrive":
    case "purge":
      return change.id;
    default:
      return undefined;
  }
}

/** Keys come in any order: two groups that open the same ones must not wait for each other. */
function inOrder(calls: Placed<NewCall>[]): void {
  if (calls.every(({ it }) => it.fingerprint === undefined)) return;
  calls.sort(({ it: one }, { it: other }) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0));
}
