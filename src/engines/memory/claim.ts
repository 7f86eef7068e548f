/** Takes due jobs for whoever will run them: the oldest of each queue first, up to its limit. */
import type { AnswerOf, Change, Claim } from "../../core/engine.ts";
import * as transition from "../../core/transition.ts";
import type { Entry } from "./entry.ts";
import type { Store, Waiting } from "./store.ts";

type ClaimChange = Extract<Change, { kind: "claim" }>;

export function claim(store: Store, change: ClaimChange, now: number): AnswerOf<"claim"> {
  const held = heldBy(store, change.token);
  const claims = [...held];
  const full: string[] = [];
  let nextAt = Number.POSITIVE_INFINITY;
  for (const { operation, limit } of change.queues) {
    const waiting = store.waiting(operation);
    ripen(waiting, now);
    for (let taken = 0; held.length === 0 && taken < limit; taken++) {
      const entry = waiting.ready.takeDue(now);
      if (!entry) break;
      const place = `${change.token}.${claims.length}`;
      const claimed = { ...entry, job: transition.claim(entry.job, place, change.leaseMs, now) };
      store.put(claimed);
      claims.push(claimOf(claimed));
    }
    const next = waiting.ready.first();
    if (next && next.job.availableAt <= now) full.push(operation);
    nextAt = Math.min(nextAt, waiting.later.first()?.job.availableAt ?? Number.POSITIVE_INFINITY);
  }
  return { kind: "claimed", claims, full, ...(nextAt < Number.POSITIVE_INFINITY && { nextAt }) };
}

/** A claim that is sent again gets what it was given, and no more. */
function heldBy(store: Store, token: string): readonly Claim[] {
  const held: Claim[] = [];
  for (const entry of store.withStatus("running")) {
    if (entry.job.token?.startsWith(`${token}.`)) held.push(claimOf(entry));
  }
  const placeOf = ({ lease }: Claim) => Number.parseInt(lease.token.slice(token.length + 1), 10);
  return held.sort((one, other) => placeOf(one) - placeOf(other));
}

function claimOf({ job, input, inputVersion }: Entry): Claim {
  return { job, input, inputVersion, lease: { id: job.id, token: job.token as string } };
}

function ripen({ ready, later }: Waiting, now: number): void {
  for (let due = later.takeDue(now); due; due = later.takeDue(now)) ready.add(due);
}
