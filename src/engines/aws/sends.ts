/** The rows of jobs that are sent with an outcome. Under a key that is taken nothing is sent. */
import type { NewCall } from "../../core/engine.ts";
import type { Job, JobId } from "../../core/job.ts";
import * as transition from "../../core/transition.ts";
import { expectedOf } from "./jobs.ts";
import { altered, jobOf, NOTHING_SEEN, newRow, type Seen } from "./rows.ts";
import type { Store, Way } from "./store.ts";
import { putRow, type Write } from "./writes.ts";

export type Sent = { readonly job: Job; readonly way: Way; readonly write: Write };

type Around = {
  /** Rows that were found in their places. */
  readonly taken: ReadonlyMap<JobId, Seen>;
  /** Jobs of the same transaction, as it leaves them. */
  readonly here: Map<JobId, Job>;
  readonly tick: number;
  readonly stamp: string;
  readonly now: number;
};

export function sendWrites(
  store: Store,
  sends: readonly NewCall[],
  { taken, here, tick, stamp, now }: Around,
): readonly Sent[] {
  const sent: Sent[] = [];
  for (const [place, call] of sends.entries()) {
    const there = taken.get(call.id) ?? NOTHING_SEEN;
    const existing = here.get(call.id) ?? (there.row && jobOf(there.row.record));
    const { next } = transition.open(existing, call, now);
    if (!next || next === "removed" || existing) continue;
    const way = next.status === "queued" ? store.mode.sent(next) : store.mode.born(next);
    const row = newRow(call, next, altered(next, way, tick + place, stamp));
    sent.push({ job: next, way, write: putRow(call.id, row, expectedOf(there)) });
    here.set(call.id, next);
  }
  return sent;
}
