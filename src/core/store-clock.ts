/**
 * The clock of an app whose store goes by a clock of its own: the process's, moved by as much as the store's is ahead,
 * so that a due time or a lease's end that comes back with an answer means the same to a timer here.
 */
import type { Clock } from "./clock.ts";

/** Of the time that passes, so much is left out until a clock that was ahead has been caught up with. */
const HELD_BACK = 0.5;

/**
 * Timers and the monotonic clock are the process's. When the store turns out to be later than was thought, it is
 * followed at once; when earlier, slowly, so that this clock never goes back.
 */
export function storeClock(own: Clock, aheadMs: () => number): Clock {
  let ahead = aheadMs();
  let seen = own.monotonic();
  let last = Number.NEGATIVE_INFINITY;
  return {
    now() {
      const monotonic = own.monotonic();
      const gap = aheadMs() - ahead;
      ahead += Math.max(gap, -(monotonic - seen) * HELD_BACK);
      seen = monotonic;
      last = Math.max(last, Math.floor(own.now() + ahead));
      return last;
    },
    monotonic: () => own.monotonic(),
    after: (ms, run) => own.after(ms, run),
    soon: (run) => own.soon(run),
  };
}
