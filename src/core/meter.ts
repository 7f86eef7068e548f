/**
 * How much happens: events since the start, per second over the last ten seconds, and how long a run takes. For
 * the admin's figures and for an honest Retry-After; nothing is decided by it.
 */
import type { Clock } from "./clock.ts";

const WINDOW_S = 10;
/** Weight of the newest run in the running average. */
const NEWEST = 0.1;

export const METERED = ["accepted", "answered", "refused", "succeeded", "failed", "retried"] as const;
export type Metered = (typeof METERED)[number];
export type Tally = Readonly<Record<Metered, number>>;

export class Meter {
  readonly #clock: Clock;
  readonly #counts = Object.fromEntries(METERED.map((name) => [name, new Uint32Array(WINDOW_S)])) as Record<
    Metered,
    Uint32Array
  >;
  readonly #totals = { accepted: 0, answered: 0, refused: 0, succeeded: 0, failed: 0, retried: 0 };
  #second = 0;
  #runMs = 0;
  #learnedMs = 0;
  abandoned = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  count(what: Metered, by = 1): void {
    const place = this.#advance() % WINDOW_S;
    const counts = this.#counts[what];
    counts[place] = (counts[place] ?? 0) + by;
    this.#totals[what] += by;
  }

  ran(ms: number): void {
    this.#runMs = this.#runMs === 0 ? ms : this.#runMs * (1 - NEWEST) + ms * NEWEST;
  }

  /** How long a run takes where others run it: counts while this process has run none. */
  learned(ms: number): void {
    this.#learnedMs = ms;
  }

  /** How long a run takes; 0: nobody has said. */
  get runMs(): number {
    return this.#runMs || this.#learnedMs;
  }

  /** How long a run takes here; 0 before the first. */
  get ownRunMs(): number {
    return this.#runMs;
  }

  /** How long until `ahead` jobs have been run with this many slots, in whole seconds from 1 to 300. */
  waitSeconds(ahead: number, slots: number): number {
    const ms = (ahead * Math.max(1, this.runMs)) / Math.max(1, Math.min(slots, 10_000));
    return Math.min(300, Math.max(1, Math.ceil(ms / 1_000)));
  }

  /** Since the start: they only ever grow, so that two looks tell what happened between them. */
  totals(): Tally {
    return { ...this.#totals };
  }

  perSecond(): Tally {
    this.#advance();
    const rate = (counts: Uint32Array) => counts.reduce((sum, count) => sum + count, 0) / WINDOW_S;
    return Object.fromEntries(METERED.map((name) => [name, rate(this.#counts[name])])) as Tally;
  }

  /** Empties the seconds that have passed since the last look. */
  #advance(): number {
    const second = Math.floor(this.#clock.monotonic() / 1_000);
    const stale = Math.min(WINDOW_S, second - this.#second);
    for (let i = 1; i <= stale; i++) {
      for (const name of METERED) this.#counts[name][(this.#second + i) % WINDOW_S] = 0;
    }
    this.#second = second;
    return second;
  }
}
