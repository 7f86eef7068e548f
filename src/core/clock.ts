/**
 * The one place where time comes from. Everything else takes a `Clock`, so that a test can turn the hands.
 * Only this file may read the machine's clocks or set its timers.
 */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since 1970, for records and for comparing with what was recorded. */
  now(): number;
  /** Milliseconds since some fixed moment; never jumps. For durations. */
  monotonic(): number;
  /** Calls back once, `ms` later. A pending timer does not keep the process alive. */
  after(ms: number, run: () => void): Timer;
  /** Calls back once, when what is at hand is done and others have had their turn; without waiting for any time. */
  soon(run: () => void): void;
}

/** Followed at this share of elapsed time at most, so that a leap cannot fire a retry early or steal a lease. */
const SLEW = 0.05;
/** A wall clock this close to ours is followed at once. */
const TOLERANCE_MS = 50;
/** Node cuts longer timers to 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The machine's clock: wall time at start, carried on by the monotonic clock, and drawn slowly towards the
 * wall clock when an operator or NTP moves that.
 */
export function systemClock(): Clock {
  let now = Date.now();
  let seen = performance.now();
  return {
    now() {
      const monotonic = performance.now();
      const elapsed = monotonic - seen;
      if (elapsed < 1) return Math.floor(now);
      seen = monotonic;
      now += elapsed;
      const drift = Date.now() - now;
      if (Math.abs(drift) <= TOLERANCE_MS) now += drift;
      else now += Math.sign(drift) * Math.min(Math.abs(drift), elapsed * SLEW);
      return Math.floor(now);
    },
    monotonic: () => performance.now(),
    after(ms, run) {
      const timer = setTimeout(run, Math.min(Math.max(0, ms), LONGEST_TIMER_MS));
      timer.unref?.();
      return { cancel: () => clearTimeout(timer) };
    },
    soon: (run) => void setImmediate(run),
  };
}

let lastMs = Number.NaN;
let lastText = "";

/** RFC 3339, UTC, milliseconds. The last is kept: a receipt shows the same moment three times. */
export function timestamp(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
}
