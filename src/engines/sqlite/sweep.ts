/** What time does to jobs: leases run out, final records pass their time. */
import type { Retention } from "../../core/engine.ts";
import type { Job } from "../../core/job.ts";
import { lostAttempt, rescue } from "../../core/transition.ts";
import type { Reply, Request } from "./messages.ts";
import { appended } from "./rows.ts";
import type { Store } from "./store.ts";

/** `lost` counts all leases that were taken back, also of calls that left nothing to be told of. */
export function sweep(
  { jobs }: Store,
  { now, leasesUntil, fractions }: Extract<Request, { kind: "sweep" }>,
  retention: Retention,
): Extract<Reply, { kind: "swept" }> {
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
  return { kind: "swept", swept: { rescued, pruned: jobs.prune(now, limit) }, lost: lost.length };
}
