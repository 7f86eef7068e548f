/** When to try again: exponential, capped, with full jitter, so that a crowd that failed together spreads out. */
import { type Duration, durationMs } from "./duration.ts";
import { configurationError } from "./errors.ts";
import { checkOptions } from "./options.ts";
import type { Random } from "./random.ts";

export type RetryOptions = {
  /** Runs at most, the first included. 5 by default. */
  readonly maxAttempts?: number;
  /** The ceiling of the first delay; it doubles with each attempt. "500ms" by default. */
  readonly base?: Duration;
  /** The ceiling of every delay. "60s" by default. */
  readonly cap?: Duration;
};

export type RetryPolicy = { readonly maxAttempts: number; readonly baseMs: number; readonly capMs: number };

export const DEFAULT_RETRY: RetryPolicy = { maxAttempts: 5, baseMs: 500, capMs: 60_000 };

export function retryPolicy(options: RetryOptions | undefined, what: string): RetryPolicy {
  if (options !== undefined) checkOptions(`${what}.retry`, options, ["maxAttempts", "base", "cap"]);
  const maxAttempts = options?.maxAttempts ?? DEFAULT_RETRY.maxAttempts;
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > 1_000) {
    throw configurationError(
      `${what}.retry.maxAttempts is ${maxAttempts}.`,
      "Use a whole number from 1 to 1000.",
    );
  }
  return {
    maxAttempts,
    baseMs: options?.base ? durationMs(options.base, `${what}.retry.base`) : DEFAULT_RETRY.baseMs,
    capMs: options?.cap ? durationMs(options.cap, `${what}.retry.cap`) : DEFAULT_RETRY.capMs,
  };
}

/** After the `attempt`-th run failed: random in 0 … min(cap, base × 2^(attempt−1)). */
export function backoffMs(attempt: number, policy: RetryPolicy, random: Pick<Random, "fraction">): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempt - 1, 52));
  return Math.floor(random.fraction() * ceiling);
}
