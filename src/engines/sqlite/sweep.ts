/** What time does to what is kept: leases run out, final records and the audit pass their time. */
import type { Retention } from "../../core/engine.ts";
import type { Job } from "../../core/job.ts";
import { appended } from "../../core/kept.ts";
import { lostAttempt, rescue } from "../../core/transition.ts";
import type { Reply, Request } from "./messages.ts";
import type { Store } from "./store.ts";

/** `lost` counts all leases that were taken back, also of calls that left nothing to be told of. */
export function sweep(
  store: Store,
  { now, leasesUntil, fractions }: Extract<Request, { kind: "sweep" }>,
  retention: Retention,
): Extract<Reply, { kind: "swept" }> {
  const { jobs } = store;
  const limit = fractions.length;
  const rescued: Job[] = [];
  const lost = jobs.leasesUntil(leasesUntil, limit);
  for (const [place, stored] of lost.entries()) {
    const next = rescue(stored.job, retention, { fraction: () => fractions[place] ?? 0 }, now);
    if (next === "removed") {
      jobs.remove(stored);
      continue;
    }
    jobs.save(stored, next, appended([lostAttempt(stored.job, now)]));
    rescued.push(next);
  }
  const pruned = jobs.prune(now, limit) + store.pruneAudit(now - retention.auditMs, limit);
  return { kind: "swept", swept: { rescued, pruned }, lost: lost.length };
}
