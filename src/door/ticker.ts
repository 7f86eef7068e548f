/** One timer for everything that is done now and then on behalf of open streams and sockets; none while none is open. */
import type { Clock, Timer } from "../core/clock.ts";

export const TICK_MS = 1_000;

export class Ticker {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #timer: Timer | undefined;
  /** Ticks so far. Ages are counted in these, so that a process that stood still takes nothing for overdue. */
  count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the way out. */
  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#timer ??= this.#next();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#timer?.cancel();
      this.#timer = undefined;
    };
  }

  #next(): Timer {
    return this.#clock.after(TICK_MS, () => {
      this.#timer = this.#next();
      this.count++;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}
