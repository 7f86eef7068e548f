/** A clock whose hands a test turns: time passes only in `advance`, which fires the timers on its way in order. */
import type { Clock, Timer } from "../../src/core/clock.ts";

type Pending = { readonly at: number; readonly run: () => void };

const START_MS = Date.UTC(2026, 0, 1);

export class TestClock implements Clock {
  #now: number;
  /** In the order they were set, which is the order of those due at once. */
  #pending: readonly Pending[] = [];

  constructor(start = START_MS) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - START_MS;
  }

  after(ms: number, run: () => void): Timer {
    const timer = { at: this.#now + Math.max(0, ms), run };
    this.#pending = [...this.#pending, timer];
    return { cancel: () => this.#drop(timer) };
  }

  soon(run: () => void): void {
    queueMicrotask(run);
  }

  /** Timers set by a timer fire too, if their time comes within `ms`. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) {
      this.#drop(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = end;
  }

  /** As `advance`, but lets everything that each timer started run as far as it can without time passing. */
  async run(ms: number): Promise<void> {
    const end = this.#now + ms;
    await turn();
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) {
      this.advance(Math.max(0, next.at - this.#now));
      await turn();
    }
    this.advance(end - this.#now);
    await turn();
  }

  /** Timers that are waiting. */
  get pending(): number {
    return this.#pending.length;
  }

  #next(): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#pending) if (!first || timer.at < first.at) first = timer;
    return first;
  }

  #drop(timer: Pending): void {
    this.#pending = this.#pending.filter((other) => other !== timer);
  }
}

/** A turn of the event loop: every promise that can settle by itself has. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
