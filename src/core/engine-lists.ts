/** What is asked of a store about many jobs at once, and what it answers: part of the port in `engine.ts`. */
import type { Job, JobStatus, Principal } from "./job.ts";

/** A place in a list; opaque to everyone but the engine that made it, which refuses others as `malformed-request`. */
export type Cursor = string;
export type Page<T> = { readonly items: readonly T[]; readonly next: Cursor | null };

export type JobQuery = {
  readonly status?: JobStatus;
  readonly operation?: string;
  readonly errorCode?: string;
  readonly principal?: Principal;
  /** On `acceptedAt`: from ≤ t < to. */
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
  readonly cursor?: Cursor;
};

/** For engines that hold each job against it themselves. */
export function matches(job: Job, { status, operation, errorCode, principal, from, to }: JobQuery): boolean {
  if (status !== undefined && job.status !== status) return false;
  if (operation !== undefined && job.operation !== operation) return false;
  if (errorCode !== undefined && job.errorCode !== errorCode) return false;
  if (principal !== undefined && job.principal !== principal) return false;
  if (from !== undefined && job.acceptedAt < from) return false;
  return to === undefined || job.acceptedAt < to;
}

export type DeadLetters = {
  readonly operation: string;
  readonly errorCode: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
};

/** Of one operation that has listed jobs. */
export type Figures = {
  readonly operation: string;
  readonly queued: number;
  readonly running: number;
  readonly failed: number;
  /** When the oldest queued job that is due was accepted. */
  readonly oldestAt?: number;
  /** When the first of those that are not due will be. */
  readonly nextAt?: number;
};

export type Changes = {
  readonly jobs: readonly { readonly job: Job; readonly cursor: Cursor }[];
  readonly next: Cursor;
};
