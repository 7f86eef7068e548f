/**
 * How much one principal may ask for, where the app sets a quota: so many calls in a window of time. Spoken as the
 * RateLimit header fields of the IETF draft (draft-ietf-httpapi-ratelimit-headers).
 */
import type { Clock } from "../core/clock.ts";
import { type Problem, problem } from "../core/errors.ts";
import type { Principal } from "../core/job.ts";

export type QuotaOptions = {
  /** Calls of one principal in one window, e.g. `{ calls: 1000, seconds: 60 }`. */
  readonly calls: number;
  readonly seconds: number;
  /** Each process counts for itself, which must be meant where several share a store: n of them allow n times as much. */
  readonly per?: "process";
};

type OverQuota = { readonly problem: Problem; readonly headers: readonly string[] };

type Window = { readonly startedAt: number; spent: number };

/**
 * A principal's window begins with its first call. Those that began lately are in one of two maps, which change
 * places once a window: what is in the older one by then is over, and is dropped without being looked at.
 */
export class Quotas {
  readonly #options: QuotaOptions;
  readonly #windowMs: number;
  readonly #clock: Clock;
  #newer = new Map<Principal, Window>();
  #older = new Map<Principal, Window>();
  #newerSince = Number.NEGATIVE_INFINITY;

  constructor(options: QuotaOptions, clock: Clock) {
    this.#options = options;
    this.#windowMs = options.seconds * 1_000;
    this.#clock = clock;
  }

  /** Spends one call, or says why not. */
  spend(principal: Principal): OverQuota | undefined {
    const now = this.#clock.monotonic();
    this.#swap(now);
    const window = this.#window(principal, now) ?? this.#begin(principal, now);
    if (window.spent >= this.#options.calls) return this.#over(window, now);
    window.spent++;
    return undefined;
  }

  /** The call that was spent came to nothing that costs. */
  giveBack(principal: Principal): void {
    const window = this.#window(principal, this.#clock.monotonic());
    if (window && window.spent > 0) window.spent--;
  }

  #swap(now: number): void {
    const age = now - this.#newerSince;
    if (age < this.#windowMs) return;
    this.#older = age < 2 * this.#windowMs ? this.#newer : new Map();
    this.#newer = new Map();
    this.#newerSince = now;
  }

  #window(principal: Principal, now: number): Window | undefined {
    const known = this.#newer.get(principal) ?? this.#older.get(principal);
    return known && now - known.startedAt < this.#windowMs ? known : undefined;
  }

  #begin(principal: Principal, now: number): Window {
    const fresh = { startedAt: now, spent: 0 };
    this.#newer.set(principal, fresh);
    return fresh;
  }

  #over({ startedAt }: Window, now: number): OverQuota {
    const { calls, seconds } = this.#options;
    const left = Math.max(1, Math.ceil((startedAt + this.#windowMs - now) / 1_000));
    return {
      problem: problem(
        "quota-exceeded",
        `${calls} calls in ${seconds} s are allowed; the next in ${left} s.`,
      ),
      headers: [
        "retry-after",
        String(left),
        "ratelimit-policy",
        `"default";q=${calls};w=${seconds}`,
        "ratelimit",
        `"default";r=0;t=${left}`,
      ],
    };
  }
}
