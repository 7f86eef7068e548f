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
};

export type OverQuota = { readonly problem: Problem; readonly headers: readonly string[] };

type Window = { startedAt: number; spent: number };

/** Principals remembered; beyond it the windows that are over are forgotten. */
const TIDY_AT = 10_000;

export class Quotas {
  readonly #options: QuotaOptions;
  readonly #clock: Clock;
  readonly #windows = new Map<Principal, Window>();

  constructor(options: QuotaOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Spends one call, or says why not. */
  spend(principal: Principal): OverQuota | undefined {
    const { calls, seconds } = this.#options;
    const now = this.#clock.monotonic();
    const window = this.#window(principal, now);
    if (window.spent < calls) {
      window.spent++;
      return undefined;
    }
    const left = Math.max(1, Math.ceil((window.startedAt + seconds * 1_000 - now) / 1_000));
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

  #window(principal: Principal, now: number): Window {
    const known = this.#windows.get(principal);
    if (known && now - known.startedAt < this.#options.seconds * 1_000) return known;
    if (this.#windows.size >= TIDY_AT) this.#tidy(now);
    const fresh = { startedAt: now, spent: 0 };
    this.#windows.set(principal, fresh);
    return fresh;
  }

  #tidy(now: number): void {
    for (const [principal, { startedAt }] of this.#windows) {
      if (now - startedAt >= this.#options.seconds * 1_000) this.#windows.delete(principal);
    }
  }
}
