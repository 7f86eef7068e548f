/**
 * Keeps house in a process that stays: extends the leases of what it runs, jobs or calls, hears there of cancels from
 * elsewhere, takes back the leases of the dead, prunes what is past its time, and learns what operators set elsewhere.
 */
import type { Timer } from "../core/clock.ts";
import { announce } from "../core/notifier.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { readSettings } from "../core/settings.ts";
import { Streak } from "../core/streak.ts";
import { extendLeases } from "./leases.ts";

const SWEEP_MS = 2_000;
const SWEEP_MOST = 500;
/** Between full rounds: so that the store does other things too. */
const SWEEP_AGAIN_MS = 5;
/** How long a pause or a limit that was set at another process may take to be in force here. */
const SETTINGS_MS = 1_000;
/** Where each look at a store costs as much as a message. */
const SETTINGS_WHERE_DEAR_MS = 60_000;
/** How long a handler may run on after a cancel that another process took, if no hint of it comes. */
const CANCELS_MS = 1_000;

export class Keeper {
  readonly #runtime: Runtime;
  readonly #store: Store;
  #timers: Timer[] = [];
  #stopped = false;
  readonly #leave: (() => void)[] = [];

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
    const { limits, waiting, cancelling } = this.#store.engine;
    if (limits.singleOwner) return;
    const settings = this.#every(waiting ? SETTINGS_WHERE_DEAR_MS : SETTINGS_MS, async () => {
      await readSettings(this.#runtime);
      return undefined;
    });
    this.#onHint("settings", settings);
    if (cancelling)
      this.#onHint(
        "cancels",
        this.#every(CANCELS_MS, () => this.#hearCancels()),
      );
  }

  stop(): void {
    this.#stopped = true;
    for (const leave of this.#leave.splice(0)) leave();
    for (const timer of this.#timers) timer.cancel();
  }

  #onHint(name: "settings" | "cancels", now: () => void): void {
    this.#leave.push(this.#runtime.notifier.subscribe("control", name, now));
  }

  /** Again and again, `ms` after the last time has ended, or as soon as it says. Answers how to have it done now. */
  #every(ms: number, work: () => Promise<number | undefined>): () => void {
    const place = this.#timers.length;
    const failures = new Streak(this.#runtime);
    let isUnderWay = false;
    let isWanted = false;
    const next = (inMs: number) => {
      if (!this.#stopped) this.#timers[place] = this.#runtime.clock.after(inMs, () => void round());
    };
    const round = async () => {
      let soon: number | undefined;
      isUnderWay = true;
      try {
        soon = await work();
        failures.over();
      } catch (error) {
        failures.failed(error);
      }
      isUnderWay = false;
      next(isWanted ? 0 : (soon ?? ms));
      isWanted = false;
    };
    next(ms);
    return () => {
      // What it is reading may be older than what it was just told of.
      isWanted = isUnderWay;
      if (isUnderWay || this.#stopped) return;
      this.#timers[place]?.cancel();
      void round();
    };
  }

  /** Of what this process runs: handlers are told that nobody wants their results any more. */
  async #hearCancels(): Promise<undefined> {
    const { live } = this.#runtime;
    if (live.durable().length === 0) return;
    for (const id of (await this.#store.engine.cancelling?.()) ?? []) live.cancel(id);
  }

  /** Answers when to come again, if there was more than one round could do. */
  async #sweep(): Promise<number | undefined> {
    const { rescued, pruned, more = false } = await this.#store.engine.sweep(SWEEP_MOST);
    for (const job of rescued) announce(this.#runtime.notifier, job);
    return more || rescued.length >= SWEEP_MOST || pruned >= SWEEP_MOST ? SWEEP_AGAIN_MS : undefined;
  }
}
