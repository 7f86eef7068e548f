/**
 * Numbers that grow with time and never repeat in this process: positions of changes, versions of items. Those of two
 * processes differ by their clocks at most.
 */
import type { Clock } from "../../core/clock.ts";

/** As many within one millisecond as `ids.ts` has. */
const PER_MS = 1024;

export class Ticks {
  readonly #clock: Clock;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The first of so many in a row. */
  take(count = 1): number {
    const first = Math.max(this.#last + 1, this.#clock.now() * PER_MS);
    this.#last = first + count - 1;
    return first;
  }
}

export function tickAt(ms: number): number {
  return ms * PER_MS;
}

export function msOf(tick: number): number {
  return Math.floor(tick / PER_MS);
}
