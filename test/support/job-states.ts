/** A job in each of its states, jobs and calls at once, for tests of the transitions. */
import type { NewCall, Settlement, Verdict } from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import type { Job } from "../../src/core/job.ts";
import { bornJob } from "../../src/core/transition.ts";

export const NOW = 1_000_000;
export const HOUR_MS = 3_600_000;
export const RETENTION = { succeededMs: HOUR_MS, failedMs: 3 * HOUR_MS, auditMs: 9 * HOUR_MS };
export const RANDOM = { fraction: () => 0.5, hex: () => "" };
export const ERROR = problem("handler-failed", "It broke.");

export const CALL: NewCall = {
  id: "id",
  sequence: 1,
  operation: "work",
  principal: "ann",
  input: "{}",
  inputVersion: 1,
  delayMs: 0,
  maxAttempts: 3,
  details: { origin: "http" },
  start: "queued",
};

export const QUEUED: Job = { ...bornJob(CALL, NOW), attempt: 1, revision: 3, token: "old" };
export const RUNNING: Job = {
  ...QUEUED,
  status: "running",
  attempt: 2,
  revision: 4,
  token: "t",
  leaseUntil: NOW + 10,
};
const { leaseUntil: _, ...ENDED } = RUNNING;
export const FINAL: Omit<Job, "status"> = { ...ENDED, revision: 5, expiresAt: NOW + 10 };
export const AT_ONCE: Job = { ...RUNNING, listed: false, attempt: 1 };

export const states = {
  nothing: undefined,
  queued: QUEUED,
  running: RUNNING,
  "running, asked to stop": { ...RUNNING, cancelRequested: true },
  "running at once": AT_ONCE,
  "running at once, keyed": { ...AT_ONCE, fingerprint: "f" },
  succeeded: { ...FINAL, status: "succeeded", output: "1" },
  failed: { ...FINAL, status: "failed", error: JSON.stringify(ERROR), errorCode: ERROR.code },
  cancelled: { ...FINAL, status: "cancelled" },
  "kept at once": { ...FINAL, status: "succeeded", output: "1", listed: false, fingerprint: "f" },
} as const satisfies Readonly<Record<string, Job | undefined>>;

export function settlementOf(verdict: Verdict, more: Partial<Settlement> = {}): Settlement {
  return { lease: { id: "id", token: "t" }, verdict, reads: [], writes: [], sends: [], ...more };
}
