/**
 * A list that is read while it grows: jobs that are shown follow what becomes of them, and those that are new wait
 * until they are asked for, so that no row moves away under the pointer.
 */
import type { ListedJob, Page } from "../../wire.ts";

export type Followed = {
  readonly page: Page<ListedJob>;
  /** How many match now and are not shown; at least so many if `isMore`. */
  readonly unseen: number;
  readonly isMore: boolean;
};

export function followed(shown: Page<ListedJob>, fresh: Page<ListedJob>): Followed {
  const oldest = shown.items.at(-1)?.acceptedAt;
  if (oldest === undefined) return { page: fresh, unseen: 0, isMore: false };
  const known = new Set(shown.items.map(({ id }) => id));
  const latest = new Map(fresh.items.map((job) => [job.id, job]));
  // No further back than the fresh page reaches is it known that a job is no longer among those looked for.
  const reach = fresh.next === null ? "" : (fresh.items.at(-1)?.acceptedAt ?? "~");
  const items = shown.items
    .filter(({ id, acceptedAt }) => latest.has(id) || acceptedAt <= reach)
    .map((job) => latest.get(job.id) ?? job);
  const belongs = ({ acceptedAt }: ListedJob) => shown.next === null || acceptedAt >= oldest;
  const unseen = fresh.items.filter((job) => !known.has(job.id) && belongs(job)).length;
  const isMore = fresh.next !== null && unseen === fresh.items.length;
  return { page: { items, next: shown.next }, unseen, isMore: isMore && unseen > 0 };
}
