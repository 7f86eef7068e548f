/**
 * A job as rows, and back: the one place that knows the order of the columns. What a call was stands in `jobs`; what
 * is becoming of it in `live`, and what became of it in `outcomes`: it has a row in one of those two, never in both.
 */
import {
  type Attempt,
  type EffectNote,
  JOB_STATUSES,
  type Job,
  type JobRecord,
  type JobStatus,
  type Principal,
} from "../../core/job.ts";
import { listOf } from "../../core/kept.ts";
import { told } from "./texts.ts";

/** Of `jobs AS j LEFT JOIN live AS l LEFT JOIN outcomes AS o`. */
export const JOB_COLUMNS = `j.id, j.operation, j.principal, j.max_attempts, j.accepted_at, j.fingerprint,
  coalesce(l.status, o.status), coalesce(l.revision, o.revision), coalesce(l.attempt, o.attempt),
  coalesce(l.updated_at, o.updated_at), coalesce(l.available_at, o.available_at),
  coalesce(l.throttles, o.throttles), coalesce(l.listed, o.listed), coalesce(l.cancel_requested, false),
  coalesce(l.token, o.token), l.lease_until, o.expires_at, o.error_code, coalesce(l.error, o.error), o.output`;

export const RECORD_COLUMNS = `${JOB_COLUMNS}, j.input_version, j.details, coalesce(l.attempts, o.attempts),
  coalesce(l.effects, o.effects), j.input`;

/** @param schema quoted, as it stands in a statement. */
export function standing(schema: string): string {
  return `LEFT JOIN ${schema}.live AS l ON l.id = j.id LEFT JOIN ${schema}.outcomes AS o ON o.id = j.id`;
}

export type JobRow = readonly [
  id: string,
  operation: string,
  principal: Principal,
  maxAttempts: number,
  acceptedAt: number,
  fingerprint: string | null,
  status: number,
  revision: number,
  attempt: number,
  updatedAt: number,
  availableAt: number,
  throttles: number,
  listed: boolean,
  cancelRequested: boolean,
  token: string | null,
  leaseUntil: number | null,
  expiresAt: number | null,
  errorCode: string | null,
  error: string | null,
  output: string | null,
];

/** Attempts and effect notes are JSON texts, each after a comma: appended to without being parsed. */
type RecordRest = [inputVersion: number, details: string, attempts: string, effects: string, input: string];

export type RecordRow = readonly [...JobRow, ...RecordRest];

/** Any row that begins with a job's. */
export type AnyRow = readonly [...JobRow, ...rest: unknown[]];

/** How many columns a job and a record have: what follows them begins there. */
export const JOB_WIDTH = 20;
export const RECORD_WIDTH = 25;

type Draft = { -readonly [K in keyof Job]: Job[K] };

/** Assigned one by one, which takes half as long as spreading what is there. */
export function jobOf(row: AnyRow): Job {
  const job: Draft = {
    id: row[0],
    operation: row[1],
    principal: told(row[2]),
    status: JOB_STATUSES[row[6]] as JobStatus,
    revision: row[7],
    attempt: row[8],
    maxAttempts: row[3],
    throttles: row[11],
    acceptedAt: row[4],
    updatedAt: row[9],
    availableAt: row[10],
    listed: row[12],
    cancelRequested: row[13],
  };
  if (row[5] !== null) job.fingerprint = row[5];
  if (row[14] !== null) job.token = row[14];
  if (row[15] !== null) job.leaseUntil = row[15];
  if (row[16] !== null) job.expiresAt = row[16];
  if (row[17] !== null) job.errorCode = told(row[17]);
  if (row[18] !== null) job.error = row[18];
  if (row[19] !== null) job.output = row[19];
  return job;
}

export function recordOf(row: RecordRow): JobRecord {
  return Object.assign(jobOf(row), {
    input: row[24],
    inputVersion: row[20],
    details: JSON.parse(row[21]),
    attempts: listOf<Attempt>(row[22]),
    effects: listOf<EffectNote>(row[23]),
  });
}
