/**
 * From what a handler did to what becomes of the call: a pure function of the outcome, how the call was running,
 * and chance. Nobody else decides whether something is tried again.
 */
import { backoffMs, type RetryPolicy } from "./backoff.ts";
import type { Verdict } from "./engine.ts";
import { type Problem, problem } from "./errors.ts";
import type { JsonText } from "./job.ts";
import type { Random } from "./random.ts";

export type Outcome =
  | { readonly kind: "returned"; readonly output: JsonText }
  /** Retryable: it threw, or ran out of time. `said`: what it threw, for operators only. */
  | { readonly kind: "failed"; readonly error: Problem; readonly afterMs?: number; readonly said?: string }
  /** Permanent: its own problem, a failed condition, an output nobody could use. */
  | { readonly kind: "ended"; readonly error: Problem; readonly said?: string }
  /** Something it uses said "not now". */
  | { readonly kind: "throttled"; readonly afterMs?: number }
  /** It lost the race for what it read, again and again. */
  | { readonly kind: "conflicted" }
  /** The process stops before it was done. */
  | { readonly kind: "stopped" };

export type Circumstances = {
  /** Answered at once and never queued; at once, else queued; or already a job. */
  readonly running: "request" | "spill" | "job";
  readonly keyed: boolean;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly throttles: number;
  readonly policy: RetryPolicy;
};

/** `error` is the problem that a caller who waits is answered, unless it becomes a receipt. */
type Decision = { readonly verdict: Verdict; readonly error?: Problem };

/** Throttles in a row that cost no attempt. */
export const FREE_THROTTLES = 10;
const THROTTLE_BASE_MS = 50;
const THROTTLE_CAP_MS = 2_000;

export function decide(outcome: Outcome, how: Circumstances, random: Random): Decision {
  switch (outcome.kind) {
    case "returned":
      return { verdict: { kind: "succeeded", output: outcome.output } };
    case "ended":
      return {
        verdict: keeps(outcome.error, how) ? failed(outcome.error) : { kind: "forgotten" },
        error: outcome.error,
      };
    case "failed":
      return again(outcome.error, outcome.afterMs, how, random);
    case "throttled":
      return held("It was throttled by something that it uses.", outcome.afterMs, how, random);
    case "conflicted":
      return held("What it read kept changing before it could commit.", undefined, how, random);
    case "stopped":
      return stopped(how);
  }
}

/** Nobody's fault, so a job loses no attempt, and a spill call goes on elsewhere as a job. */
function stopped({ running }: Circumstances): Decision {
  const error = problem("draining", "The server stopped before the call was done.");
  if (running === "job") return { verdict: { kind: "released", delayMs: 0 } };
  if (running === "spill") return { verdict: { kind: "queued", delayMs: 0, error, spent: false } };
  return { verdict: { kind: "forgotten" }, error };
}

/** A job's end is always kept; a call at once keeps only what its key must replay. */
function keeps(error: Problem, { running, keyed }: Circumstances): boolean {
  return running === "job" || (keyed && error.status < 500);
}

function again(error: Problem, afterMs: number | undefined, how: Circumstances, random: Random): Decision {
  if (how.running === "request") return { verdict: { kind: "forgotten" }, error };
  if (how.attempt >= how.maxAttempts) {
    return { verdict: how.running === "job" ? failed(error) : { kind: "forgotten" }, error };
  }
  const delayMs = Math.max(afterMs ?? 0, backoffMs(how.attempt, how.policy, random));
  return { verdict: { kind: "queued", delayMs, error, spent: true }, error };
}

function held(detail: string, afterMs: number | undefined, how: Circumstances, random: Random): Decision {
  const error = problem("saturated", detail);
  if (how.running === "request") return { verdict: { kind: "forgotten" }, error };
  // It may be the last attempt, and what ends for good must not say "try again".
  if (how.throttles >= FREE_THROTTLES) return again(problem("handler-failed", detail), afterMs, how, random);
  const policy = { maxAttempts: how.maxAttempts, baseMs: THROTTLE_BASE_MS, capMs: THROTTLE_CAP_MS };
  const delayMs = Math.max(afterMs ?? 0, backoffMs(how.throttles + 1, policy, random));
  return { verdict: { kind: "queued", delayMs, error, spent: false }, error };
}

function failed(error: Problem): Verdict {
  return { kind: "failed", error };
}
