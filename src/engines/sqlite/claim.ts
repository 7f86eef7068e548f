/** Takes due jobs for whoever will run them: the oldest of each queue first, up to its limit. */
import type { Change, Claim } from "../../core/engine.ts";
import * as transition from "../../core/transition.ts";
import type { Jobs } from "./jobs.ts";
import type { ClaimedValues, PackedAnswer } from "./messages.ts";
import { freshJob } from "./rows.ts";
import type { Store } from "./store.ts";
import type { Stored } from "./stored.ts";

type ClaimChange = Extract<Change, { kind: "claim" }>;

export function claim({ jobs }: Store, change: ClaimChange, now: number): PackedAnswer {
  const earlier = heldBy(jobs, change.token);
  const taken: Stored[] = [];
  const values: ClaimedValues[number][] = [];
  const full: string[] = [];
  let nextAt = Number.POSITIVE_INFINITY;
  for (const { operation, limit } of change.queues) {
    // A claim that is sent again gets what it was given, and no more.
    const rows = earlier.length === 0 ? jobs.queue.take(operation, now, limit) : [];
    for (const row of rows) {
      const isFresh = row[7] === 0;
      const before = isFresh
        ? freshJob(row[1], operation, row[2], row[3], row[4], row[5], row[6])
        : jobs.at(row[0]);
      const job = transition.claim(before, `${change.token}.${taken.length}`, change.leaseMs, now);
      jobs.claimed(before, job);
      taken.push({ sequence: row[0], job, hasState: !isFresh });
      const known = isFresh && row[6] === null ? null : before;
      values.push(row[1], operation, row[2], row[3], row[4], row[5], row[8], row[9], known);
    }
    const isDrained = earlier.length === 0 && rows.length < limit;
    if (!isDrained && jobs.queue.isReady(operation, now)) full.push(operation);
    nextAt = Math.min(nextAt, jobs.queue.nextDue(operation, now) ?? nextAt);
  }
  if (taken.length > 0) jobs.hold(change.token, now, change.leaseMs, taken);
  return {
    kind: "claimed",
    values,
    full,
    ...(earlier.length > 0 && { earlier }),
    ...(nextAt < Number.POSITIVE_INFINITY && { nextAt }),
  };
}

function heldBy(jobs: Jobs, token: string): readonly Omit<Claim, "lease">[] {
  const placeOf = ({ job }: Stored) => Number.parseInt(job.token?.slice(token.length + 1) ?? "", 10);
  return jobs
    .heldBy(token)
    .toSorted((one, other) => placeOf(one) - placeOf(other))
    .map(({ sequence, job }) => ({ job, ...jobs.inputAt(sequence) }));
}
