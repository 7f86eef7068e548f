/**
 * A job as a row, and back. Names are short, since every byte of a row is paid for with each of its writes:
 *
 * | attribute | is | attribute | is |
 * | --- | --- | --- | --- |
 * | op pr st | operation, principal, status | in iv de | input, its version, details |
 * | rv at mx th | revision, attempt, most attempts, throttles | as ef | attempts and effects, a list of JSON |
 * | ac up av | accepted, updated, available at | out er ec | output, error, its code |
 * | li cr | listed, cancel requested | fp | fingerprint |
 * | tk lu | the lease's token and end | n | sequence |
 * | x ttl | when it may go, for us and for DynamoDB | w | a stamp, another one with each write |
 * | wk ws, lk ls, ck cs | its places in the indexes | | |
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { NewCall } from "../../core/engine.ts";
import type { Attempt, EffectNote, Job, JobRecord, JobStatus } from "../../core/job.ts";
import { isLost } from "../../core/transition.ts";
import {
  changeSort,
  changesPartition,
  dueSort,
  failedSort,
  jobKey,
  leaseSort,
  listKeys,
  workPartition,
  workShardOf,
} from "./keys.ts";

export type Attributes = Record<string, AttributeValue>;

export type Row = {
  readonly record: JobRecord;
  readonly sequence: number;
  readonly stamp: string;
  /** Where the row's way back is written: absent where a message has it. */
  readonly wayBack: "due" | "lease" | undefined;
};

/** What a strong read found: a row that is past its time, or was lost, is none, but still stands in its place. */
export type Seen = { readonly row?: Row; readonly stamp?: string };

export const NOTHING_SEEN: Seen = {};

/** Deleted by DynamoDB so long after the lease of a call at once that nobody came back to. */
const LOST_KEPT_S = 3_600;

export function seen(item: Attributes | undefined, now: number): Seen {
  if (!item) return NOTHING_SEEN;
  const row = rowOf(item);
  const { stamp, record } = row;
  const isGone = (record.expiresAt ?? Number.POSITIVE_INFINITY) <= now || isLost(record, now);
  return isGone ? { stamp } : { row, stamp };
}

export function rowOf(item: Attributes): Row {
  const kind = item["wk"]?.S?.split("#")[0];
  return {
    record: recordOf(item),
    sequence: number(item, "n") ?? 0,
    stamp: text(item, "w") ?? "",
    wayBack: kind === "due" || kind === "lease" ? kind : undefined,
  };
}

/** Without what travels with a record: for answers, which compare it. */
export function jobOf(record: JobRecord): Job {
  const { input: _1, inputVersion: _2, details: _3, attempts: _4, effects: _5, ...job } = record;
  return job;
}

function recordOf(item: Attributes): JobRecord {
  const output = text(item, "out");
  const error = text(item, "er");
  const errorCode = text(item, "ec");
  const fingerprint = text(item, "fp");
  const token = text(item, "tk");
  const leaseUntil = number(item, "lu");
  const expiresAt = number(item, "x");
  return {
    id: (text(item, "pk") ?? "").slice("job#".length),
    operation: text(item, "op") ?? "",
    principal: text(item, "pr") ?? "",
    status: text(item, "st") as JobStatus,
    revision: number(item, "rv") ?? 0,
    attempt: number(item, "at") ?? 0,
    maxAttempts: number(item, "mx") ?? 0,
    throttles: number(item, "th") ?? 0,
    acceptedAt: number(item, "ac") ?? 0,
    updatedAt: number(item, "up") ?? 0,
    availableAt: number(item, "av") ?? 0,
    listed: item["li"]?.BOOL === true,
    cancelRequested: item["cr"]?.BOOL === true,
    ...(output !== undefined && { output }),
    ...(error !== undefined && { error }),
    ...(errorCode !== undefined && { errorCode }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(token !== undefined && { token }),
    ...(leaseUntil !== undefined && { leaseUntil }),
    ...(expiresAt !== undefined && { expiresAt }),
    input: text(item, "in") ?? "null",
    inputVersion: number(item, "iv") ?? 0,
    details: JSON.parse(text(item, "de") ?? "{}"),
    attempts: list<Attempt>(item, "as"),
    effects: list<EffectNote>(item, "ef"),
  };
}

/** Where a row's next step is written, beside what its status says: when it is due, or that its lease is watched. */
export type WayBack = { readonly due?: number; readonly watchesLease?: boolean };

/** Everything of a row that a change may alter; what is `undefined` is to be removed. */
export type Altered = Readonly<Record<string, AttributeValue | undefined>>;

/** @param position among the changes of its principal; none, if it is not to be told */
export function altered(job: Job, way: WayBack, position: number | undefined, stamp: string): Altered {
  return {
    st: { S: job.status },
    rv: { N: String(job.revision) },
    at: { N: String(job.attempt) },
    mx: { N: String(job.maxAttempts) },
    th: { N: String(job.throttles) },
    up: { N: String(job.updatedAt) },
    av: { N: String(job.availableAt) },
    li: { BOOL: job.listed },
    cr: { BOOL: job.cancelRequested },
    out: job.output === undefined ? undefined : { S: job.output },
    er: job.error === undefined ? undefined : { S: job.error },
    ec: job.errorCode === undefined ? undefined : { S: job.errorCode },
    tk: job.token === undefined ? undefined : { S: job.token },
    lu: job.leaseUntil === undefined ? undefined : { N: String(job.leaseUntil) },
    x: job.expiresAt === undefined ? undefined : { N: String(job.expiresAt) },
    ttl: ttlOf(job),
    w: { S: stamp },
    ...workPlace(job, way),
    ...(position !== undefined && changesPlace(job, position)),
  };
}

/** A whole row, of a call that was just opened or recorded. */
export function newRow(
  call: NewCall,
  job: Job,
  rest: Altered,
  history: Pick<JobRecord, "attempts" | "effects"> = { attempts: [], effects: [] },
): Attributes {
  const { pk, sk } = jobKey(call.id);
  const { lk, ls } = listKeys(call.id, call.sequence);
  const row: Record<string, AttributeValue | undefined> = {
    pk: { S: pk },
    sk: { S: sk },
    n: { N: String(call.sequence) },
    op: { S: job.operation },
    pr: { S: job.principal },
    ac: { N: String(job.acceptedAt) },
    fp: job.fingerprint === undefined ? undefined : { S: job.fingerprint },
    in: { S: call.input },
    iv: { N: String(call.inputVersion) },
    de: { S: JSON.stringify(call.details) },
    as: entries(history.attempts),
    ef: entries(history.effects),
    ...(job.listed && { lk: { S: lk }, ls: { S: ls } }),
    ...rest,
  };
  return Object.fromEntries(
    Object.entries(row).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined),
  );
}

export function entries(list: readonly unknown[]): AttributeValue | undefined {
  return list.length === 0 ? undefined : { L: list.map((entry) => ({ S: JSON.stringify(entry) })) };
}

function ttlOf(job: Job): AttributeValue | undefined {
  if (job.expiresAt !== undefined) return seconds(job.expiresAt);
  return !job.listed && job.leaseUntil !== undefined
    ? { N: String(Math.ceil(job.leaseUntil / 1_000) + LOST_KEPT_S) }
    : undefined;
}

export function seconds(ms: number): AttributeValue {
  return { N: String(Math.ceil(ms / 1_000)) };
}

function workPlace(job: Job, { due, watchesLease }: WayBack): Altered {
  const { id, operation, status, listed, errorCode = "", updatedAt, leaseUntil = 0 } = job;
  const shard = workShardOf(id);
  const at = (kind: "due" | "lease" | "failed", sort: string) => ({
    wk: { S: workPartition(kind, shard) },
    ws: { S: sort },
  });
  if (status === "failed" && listed) return at("failed", failedSort(operation, errorCode, updatedAt, id));
  if (status === "running" && watchesLease) return at("lease", leaseSort(leaseUntil, id));
  if (status === "queued" && due !== undefined) return at("due", dueSort(operation, due, id));
  return { wk: undefined, ws: undefined };
}

function changesPlace(job: Job, position: number): Altered {
  if (!job.listed || job.principal === "") return { ck: undefined, cs: undefined };
  return { ck: { S: changesPartition(job.principal) }, cs: { S: changeSort(position, job.id) } };
}

export function text(item: Attributes, name: string): string | undefined {
  return item[name]?.S;
}

export function number(item: Attributes, name: string): number | undefined {
  const value = item[name]?.N;
  return value === undefined ? undefined : Number(value);
}

function list<T>(item: Attributes, name: string): readonly T[] {
  return (item[name]?.L ?? []).map((entry) => JSON.parse(entry.S ?? "null"));
}
