/** Everything that is asked and alters nothing: lists, changes, dead letters, figures. */
import { numberIn } from "../../core/cursor.ts";
import type { Changes, Cursor, DeadLetters, Figures, JobQuery, Page, Ref } from "../../core/engine.ts";
import { matches } from "../../core/engine-lists.ts";
import type { Job, JobRecord, Principal } from "../../core/job.ts";
import { isOwner } from "../../core/transition.ts";
import { recordOf } from "./entry.ts";
import type { Store } from "./store.ts";

export function find(store: Store, ref: Ref): JobRecord | undefined {
  const entry = store.get(ref.id);
  return entry && isOwner(entry.job, ref) ? recordOf(entry) : undefined;
}

/** Looked at for one page, whatever matches. */
const LOOKED_AT = 2_000;

export function list(store: Store, query: JobQuery): Page<JobRecord> {
  const items: JobRecord[] = [];
  let last: Cursor | null = null;
  let looked = 0;
  for (const { id, number } of store.listed.before(numberIn(query.cursor) ?? Number.POSITIVE_INFINITY)) {
    const entry = store.get(id);
    const isFound = entry && matches(entry.job, query);
    if (isFound && items.length === query.limit) return { items, next: last };
    if (isFound) items.push(recordOf(entry));
    last = String(number);
    if (++looked === LOOKED_AT) return { items, next: last };
  }
  return { items, next: null };
}

export function changes(
  store: Store,
  principal: Principal,
  after: Cursor | undefined,
  limit: number,
): Changes {
  const start = numberIn(after) ?? 0;
  const jobs: { job: Job; cursor: Cursor }[] = [];
  for (const { id, number } of store.changed.get(principal)?.after(start) ?? []) {
    const entry = store.get(id);
    if (entry) jobs.push({ job: entry.job, cursor: String(number) });
    if (jobs.length === limit) break;
  }
  return { jobs, next: jobs.at(-1)?.cursor ?? String(start) };
}

export function deadLetters(store: Store): readonly DeadLetters[] {
  const groups = new Map<string, DeadLetters>();
  for (const { job } of store.withStatus("failed")) {
    if (!job.listed) continue;
    const { operation, errorCode = "", updatedAt } = job;
    const group = `${operation} ${errorCode}`;
    const { count, firstAt, lastAt } = groups.get(group) ?? {
      count: 0,
      firstAt: updatedAt,
      lastAt: updatedAt,
    };
    groups.set(group, {
      operation,
      errorCode,
      count: count + 1,
      firstAt: Math.min(firstAt, updatedAt),
      lastAt: Math.max(lastAt, updatedAt),
    });
  }
  return [...groups.values()];
}

export function figures(store: Store, now: number): readonly Figures[] {
  const byOperation = new Map<string, Figures>();
  for (const status of ["queued", "running", "failed"] as const) {
    for (const { job } of store.withStatus(status)) {
      if (!job.listed) continue;
      const { operation, acceptedAt } = job;
      const sofar = byOperation.get(operation) ?? { operation, queued: 0, running: 0, failed: 0 };
      const isDue = status === "queued" && job.availableAt <= now;
      const isLater = status === "queued" && !isDue;
      const oldestAt = isDue ? Math.min(acceptedAt, sofar.oldestAt ?? acceptedAt) : sofar.oldestAt;
      const nextAt = isLater ? Math.min(job.availableAt, sofar.nextAt ?? job.availableAt) : sofar.nextAt;
      byOperation.set(operation, {
        ...sofar,
        [status]: sofar[status] + 1,
        ...(oldestAt !== undefined && { oldestAt }),
        ...(nextAt !== undefined && { nextAt }),
      });
    }
  }
  return [...byOperation.values()];
}
