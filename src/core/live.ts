/**
 * What this process is running right now: so that receipts can show progress, a cancel reaches the handler at
 * once, leases are extended together, and a server that stops knows what it waits for. Correctness never depends on it; the store's fence does that.
 */
import type { Stop } from "./attempt.ts";
import type { Lease } from "./engine.ts";
import { SpillwayError } from "./errors.ts";
import type { JobId, Progress } from "./job.ts";
import type { Notifier } from "./notifier.ts";

export type LiveRun = {
  readonly lease: Lease;
  readonly stop: Stop;
  /** The lease stands in the store, and must be extended there. */
  durable: boolean;
  progress?: Progress;
};

export class LiveRuns {
  readonly #runs = new Map<JobId, LiveRun>();
  /** Runs that are over for us, but whose handler has not returned: none of these may be run again yet. */
  readonly #zombies = new Set<JobId>();
  readonly #notifier: Notifier;
  #idle: (() => void)[] = [];

  constructor(notifier: Notifier) {
    this.#notifier = notifier;
  }

  add(run: LiveRun): void {
    this.#runs.set(run.lease.id, run);
  }

  remove({ lease }: LiveRun): void {
    if (this.#runs.get(lease.id)?.lease.token === lease.token) this.#runs.delete(lease.id);
    if (this.#runs.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** A call at once has become a job. */
  makeDurable(id: JobId): void {
    const run = this.#runs.get(id);
    if (run) run.durable = true;
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    if (this.#runs.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Ends every attempt; the handlers are told, and what they still do no longer counts. */
  stopAll(): void {
    const reason = new SpillwayError("draining", "The server is shutting down.");
    for (const { stop } of this.#runs.values()) stop.end({ kind: "stopped" }, reason);
  }

  report(run: LiveRun, progress: Progress): void {
    run.progress = progress;
    this.#notifier.publish("receipt", run.lease.id);
  }

  progressOf(id: JobId): Progress | undefined {
    return this.#runs.get(id)?.progress;
  }

  /** Tells the handler that nobody wants its result any more; it may still end as it likes. */
  cancel(id: JobId): void {
    this.#runs.get(id)?.stop.abort(new SpillwayError("cancelled", "The caller cancelled this job."));
  }

  /** Those whose leases must be extended. */
  durable(): readonly LiveRun[] {
    return [...this.#runs.values()].filter(({ durable }) => durable);
  }

  /** The job's handler is still at it although its attempt is over; returns the way to say that it has ended. */
  haunt(id: JobId): () => void {
    this.#zombies.add(id);
    return () => this.#zombies.delete(id);
  }

  isHaunted(id: JobId): boolean {
    return this.#zombies.has(id);
  }
}
