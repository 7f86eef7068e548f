/**
 * Keeps house in a process that stays: extends the leases of what it runs, jobs or calls, hears there of cancels from
 * elsewhere, takes back the leases of the dead, prunes what is past its time, and learns what operators set elsewhere.
 */
import type { Timer } from "../core/clock.ts";
import { announce } from "../core/notifier.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { Streak } from "../core/streak.ts";
import { extendLeases } from "./leases.ts";
import { readSettings } from "./settings.ts";

const SWEEP_MS = 2_000;
const SWEEP_MOST = 500;
/** Between full rounds: so that the store does other things too. */
const SWEEP_AGAIN_MS = 5;
/** How long a pause or a limit that was set at another process may take to be in force here. */
const SETTINGS_MS = 1_000;
/** Where each look at a store costs as much as a message. */
const SETTINGS_WHERE_DEAR_MS = 60_000;

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
      await extendLeases(this.#runtime, this.#store, leaseMs);
      return undefined;
    });
    this.#every(SWEEP_MS, () => this.#sweep());
    const { limits, waiting } = this.#store.engine;
    if (limits.singleOwner) return;
    this.#every(waiting ? SETTINGS_WHERE_DEAR_MS : SETTINGS_MS, async () => {
      await readSettings(this.#runtime);
      return undefined;
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
  }

  /** Again and again, `ms` after the last time has ended, or as soon as it says. */
  #every(ms: number, work: () => Promise<number | undefined>): void {
    const place = this.#timers.length;
    const failures = new Streak(this.#runtime);
    const next = (inMs: number) => {
      if (!this.#stopped) this.#timers[place] = this.#runtime.clock.after(inMs, () => void round());
    };
    const round = async () => {
      let soon: number | undefined;
      try {
        soon = await work();
        failures.over();
      } catch (error) {
        failures.failed(error);
      }
      next(soon ?? ms);
    };
    next(ms);
  }

  /** Answers when to come again, if there was more than one round could do. */
  async #sweep(): Promise<number | undefined> {
    const { rescued, pruned } = await this.#store.engine.sweep(SWEEP_MOST);
    for (const job of rescued) announce(this.#runtime.notifier, job);
    return rescued.length >= SWEEP_MOST || pruned >= SWEEP_MOST ? SWEEP_AGAIN_MS : undefined;
  }
}
