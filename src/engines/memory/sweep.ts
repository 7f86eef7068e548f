/** What time does to what is kept: leases run out, final records and the audit pass their time. */
import type { Retention, Swept } from "../../core/engine.ts";
import type { Job } from "../../core/job.ts";
import type { Random } from "../../core/random.ts";
import { lostAttempt, rescue } from "../../core/transition.ts";
import type { Entry } from "./entry.ts";
import type { Store } from "./store.ts";

export function sweep(store: Store, limit: number, retention: Retention, random: Random, now: number): Swept {
  const rescued: Job[] = [];
  for (const entry of due(store.leases, limit, now)) {
    const next = rescue(entry.job, retention, random, now);
    if (next === "removed") {
      store.remove(entry);
      continue;
    }
    store.put({ ...entry, job: next, attempts: [...entry.attempts, lostAttempt(entry.job, now)] });
    rescued.push(next);
  }
  let pruned = store.audit.prune(now - retention.auditMs, limit);
  for (const entry of due(store.expiries, limit, now)) {
    store.remove(entry);
    pruned++;
  }
  return { rescued, pruned };
}

function* due(schedule: Store["leases"], limit: number, now: number): Generator<Entry> {
  for (let taken = 0; taken < limit; taken++) {
    const entry = schedule.takeDue(now);
    if (!entry) return;
    yield entry;
  }
}
