/**
 * Keeps house while jobs run: extends the leases of what this process runs, hears there of cancels from elsewhere,
 * takes back the leases of the dead, and prunes what is past its time.
 */
import type { Timer } from "../core/clock.ts";
import { SpillwayError } from "../core/errors.ts";
import type { LiveRun } from "../core/live.ts";
import { announce } from "../core/notifier.ts";
import type { Runtime, Store } from "../core/runtime.ts";

const SWEEP_MS = 2_000;
const SWEEP_MOST = 500;

export class Keeper {
  readonly #runtime: Runtime;
  readonly #store: Store;
  #timers: Timer[] = [];
  #stopped = false;

  constructor(runtime: Runtime, store: Store) {
    this.#runtime = runtime;
    this.#store = store;
  }

  start(): void {
    const { leaseMs } = this.#runtime;
    this.#every(leaseMs / 3, async () => {
      await Promise.all(this.#runtime.live.durable().map((run) => this.#extend(run)));
    });
    this.#every(SWEEP_MS, () => this.#sweep());
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
  }

  #every(ms: number, work: () => Promise<void>): void {
    const place = this.#timers.length;
    const next = () => {
      if (this.#stopped) return;
      this.#timers[place] = this.#runtime.clock.after(ms, () => void work().then(next));
    };
    next();
  }

  async #extend({ lease, stop }: LiveRun): Promise<void> {
    const { leaseMs } = this.#runtime;
    const answer = await this.#store.committer.submit({ kind: "extend", lease, leaseMs });
    if (answer.kind === "stale")
      stop.abort(new SpillwayError("internal", "Another worker has taken this job over."));
    if (answer.kind === "held" && answer.cancelRequested) this.#runtime.live.cancel(lease.id);
  }

  async #sweep(): Promise<void> {
    try {
      const { rescued } = await this.#store.engine.sweep(SWEEP_MOST);
      for (const job of rescued) announce(this.#runtime.notifier, job);
    } catch (error) {
      // A full disk heals by itself, and the next round comes soon.
      if (!(error instanceof SpillwayError && error.code === "storage-unavailable")) throw error;
    }
  }
}
