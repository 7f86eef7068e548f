/**
 * What every store offers unless it says otherwise: how long final records and the audit are kept, and sizes that hold on
 * every engine, so that an app can change its store. Checks nothing but the spelling of durations.
 */
import { type Duration, durationMs } from "./duration.ts";
import type { EngineLimits, Retention } from "./engine.ts";

export type RetentionOptions = {
  /** "24h" by default. */
  readonly succeeded?: Duration;
  /** Cancelled jobs too. "14d" by default. */
  readonly failed?: Duration;
  /** What operators did. "90d" by default. */
  readonly audit?: Duration;
};

/** @param what names the store in a refusal: `memory()`. */
export function retentionOf(options: RetentionOptions | undefined, what: string): Retention {
  return {
    succeededMs: durationMs(options?.succeeded ?? "24h", `${what}.retention.succeeded`),
    failedMs: durationMs(options?.failed ?? "14d", `${what}.retention.failed`),
    auditMs: durationMs(options?.audit ?? "90d", `${what}.retention.audit`),
  };
}

/** The smallest that any engine can bear; a larger one names the engines that it excludes. */
export const PORTABLE_SIZES = {
  inputBytes: 256 * 1024,
  outputBytes: 64 * 1024,
  effects: 90,
  itemBytes: 350 * 1024,
  effectBytes: 3_500_000,
} as const satisfies Partial<EngineLimits>;
