/** Takes due jobs for whoever will run them: the oldest of each queue first, up to its limit. */
import type { Change } from "../../core/engine.ts";
import * as transition from "../../core/transition.ts";
import type { Jobs } from "./jobs.ts";
import type { PackedAnswer } from "./messages.ts";
import { jobOf, type RecordRow, rowOf } from "./rows.ts";
import type { Store } from "./store.ts";

type ClaimChange = Extract<Change, { kind: "claim" }>;

export function claim({ jobs }: Store, change: ClaimChange, now: number): PackedAnswer {
  const held = heldBy(jobs, change.token);
  const rows = [...held];
  const full: string[] = [];
  let nextAt = Number.POSITIVE_INFINITY;
  for (const { operation, limit } of change.queues) {
    // A claim that is sent again gets what it was given, and no more.
    const ready = held.length === 0 ? jobs.ready(operation, now, limit) : undefined;
    for (const row of ready ?? []) {
      rows.push(claimed(jobs, row, `${change.token}.${rows.length}`, change.leaseMs, now));
    }
    const isDrained = ready && ready.length < limit;
    if (!isDrained && jobs.isReady(operation, now)) full.push(operation);
    nextAt = Math.min(nextAt, jobs.nextDue(operation, now) ?? nextAt);
  }
  return { kind: "claimed", rows, full, ...(nextAt < Number.POSITIVE_INFINITY && { nextAt }) };
}

function claimed(jobs: Jobs, row: RecordRow, token: string, leaseMs: number, now: number): RecordRow {
  const before = jobOf(row);
  const next = transition.claim(before, token, leaseMs, now);
  jobs.saveClaimed(row[0], before, next);
  const [inputVersion, details, attempts, effects, input] = row.slice(-5) as [
    number,
    string,
    string,
    string,
    string,
  ];
  return [...rowOf(row[0], next), inputVersion, details, attempts, effects, input];
}

function heldBy(jobs: Jobs, token: string): readonly RecordRow[] {
  return jobs.heldBy(token).toSorted((one, other) => indexOf(one) - indexOf(other));
}

function indexOf(row: RecordRow): number {
  const token = row[14] ?? "";
  return Number(token.slice(token.lastIndexOf(".") + 1));
}
