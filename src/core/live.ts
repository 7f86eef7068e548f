/**
 * What this process is running right now: so that receipts can show progress, a cancel reaches the handler at
 * once, leases are extended together, and a server that stops knows what it waits for. Correctness never depends on it; the store's fence does that.
 */

import type { Lease } from "./engine.ts";
import { SpillwayError } from "./errors.ts";
import type { JobId, Progress } from "./job.ts";
import type { Notifier } from "./notifier.ts";
import type { Stop } from "./stop.ts";

export type LiveRun = {
  readonly lease: Lease;
  readonly stop: Stop;
  /** The lease stands in the store, and must be extended there. */
  durable: boolean;
  progress?: Progress;
};

type Zombies = { count: number; readonly waiters: (() => void)[] };

export class LiveRuns {
  readonly #runs = new Set<LiveRun>();
  /** Those with a durable lease. A call at once without a key has none, and nobody asks for it by its id. */
  readonly #durable = new Map<JobId, LiveRun>();
  /** Handlers that are still at it although their attempt is over. */
  readonly #zombies = new Map<JobId, Zombies>();
  readonly #notifier: Notifier;
  #idle: (() => void)[] = [];

  constructor(notifier: Notifier) {
    this.#notifier = notifier;
  }

  add(run: LiveRun): void {
    this.#runs.add(run);
    if (run.durable) this.#durable.set(run.lease.id, run);
  }

  remove(run: LiveRun): void {
    this.#runs.delete(run);
    if (this.#durable.get(run.lease.id) === run) this.#durable.delete(run.lease.id);
    if (this.#runs.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** A call at once has become a job. */
  makeDurable(token: string): void {
    for (const run of this.#runs) {
      if (run.lease.token !== token) continue;
      run.durable = true;
      this.#durable.set(run.lease.id, run);
    }
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    if (this.#runs.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Ends every attempt; the handlers are told, and what they still do no longer counts. */
  stopAll(): void {
    const reason = new SpillwayError("draining", "The server is shutting down.");
    for (const { stop } of [...this.#runs]) stop.end({ kind: "stopped" }, reason);
  }

  report(run: LiveRun, progress: Progress): void {
    run.progress = progress;
    this.#notifier.publish("receipt", run.lease.id);
  }

  progressOf(id: JobId): Progress | undefined {
    return this.#durable.get(id)?.progress;
  }

  /** Tells the handler that nobody wants its result any more; it may still end as it likes. */
  cancel(id: JobId): void {
    this.#durable.get(id)?.stop.abort(new SpillwayError("cancelled", "The caller cancelled this job."));
  }

  /** Those whose leases must be extended. */
  durable(): readonly LiveRun[] {
    return [...this.#durable.values()];
  }

  /** The job's handler is still at it although its attempt is over; returns the way to say that it has ended. */
  haunt(id: JobId): () => void {
    const zombies = this.#zombies.get(id) ?? { count: 0, waiters: [] };
    zombies.count++;
    this.#zombies.set(id, zombies);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--zombies.count > 0) return;
      this.#zombies.delete(id);
      for (const resolve of zombies.waiters) resolve();
    };
  }

  /** None of these may be run again yet. */
  isHaunted(id: JobId): boolean {
    return this.#zombies.size > 0 && this.#zombies.has(id);
  }

  /** Resolves when the last handler that is still at it has returned. */
  async unhaunted(id: JobId): Promise<void> {
    const zombies = this.#zombies.get(id);
    if (zombies) await new Promise<void>((resolve) => zombies.waiters.push(resolve));
  }
}
