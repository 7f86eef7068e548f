/**
 * Time in a process that is stopped between invocations, for as long as nobody calls. The clocks of a stopped machine
 * may stand still, and `systemClock` follows a leap only slowly: so the wall clock is read anew for each invocation.
 */
import { type Clock, systemClock } from "../core/clock.ts";

export class InvocationClock implements Clock {
  #clock = systemClock();

  begin(): void {
    this.#clock = systemClock();
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(ms: number, run: () => void) {
    return this.#clock.after(ms, run);
  }

  soon(run: () => void): void {
    this.#clock.soon(run);
  }
}
