/** Leases of what this process runs: extended together, which is also where a cancel from elsewhere is heard. */
import { SpillwayError } from "../core/errors.ts";
import type { LiveRun } from "../core/live.ts";
import type { Runtime, Store } from "../core/runtime.ts";

export async function extendLeases(runtime: Runtime, store: Store, leaseMs: number): Promise<void> {
  await Promise.all(runtime.live.durable().map((run) => extend(run, runtime, store, leaseMs)));
}

async function extend(run: LiveRun, runtime: Runtime, store: Store, leaseMs: number): Promise<void> {
  const { lease } = run.work;
  const answer = await store.committer.submit({ kind: "extend", lease, leaseMs });
  if (answer.kind === "stale")
    run.abort(new SpillwayError("internal", "Another worker has taken this job over."));
  if (answer.kind === "held" && answer.cancelRequested) runtime.live.cancel(lease.id);
}
