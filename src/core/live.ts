/**
 * What this process is running under a lease right now: so that receipts can show progress, a cancel reaches the
 * handler at once, and leases are extended together. Correctness never depends on it; the store's fence does that.
 */
import type { Outcome } from "./decide.ts";
import type { Lease } from "./engine.ts";
import type { JobId, Progress } from "./job.ts";
import type { Notifier } from "./notifier.ts";

export type LiveRun = {
  readonly lease: Lease;
  /** Tells the handler; it may still end as it likes. */
  readonly cancel: (reason: Error) => void;
  /** The attempt is over, whatever the handler does. */
  readonly end: (outcome: Outcome, reason: Error) => void;
  progress?: Progress;
};

export class LiveRuns {
  readonly #runs = new Map<JobId, LiveRun>();
  /** Runs that are over for us, but whose handler has not returned: none of these may be run again yet. */
  readonly #zombies = new Set<JobId>();
  readonly #notifier: Notifier;

  constructor(notifier: Notifier) {
    this.#notifier = notifier;
  }

  add(run: LiveRun): void {
    this.#runs.set(run.lease.id, run);
  }

  remove({ lease }: LiveRun): void {
    if (this.#runs.get(lease.id)?.lease.token === lease.token) this.#runs.delete(lease.id);
  }

  report(run: LiveRun, progress: Progress): void {
    run.progress = progress;
    this.#notifier.publish(`receipt:${run.lease.id}`);
  }

  progressOf(id: JobId): Progress | undefined {
    return this.#runs.get(id)?.progress;
  }

  cancel(id: JobId, reason: Error): void {
    this.#runs.get(id)?.cancel(reason);
  }

  all(): readonly LiveRun[] {
    return [...this.#runs.values()];
  }

  /** Until `returned` settles, the job's handler is still at it although its attempt is over. */
  haunt(id: JobId, returned: Promise<unknown>): void {
    this.#zombies.add(id);
    void returned.finally(() => this.#zombies.delete(id));
  }

  isHaunted(id: JobId): boolean {
    return this.#zombies.has(id);
  }
}
