/**
 * What the engine and its owner thread say to each other. A call or a job crosses as a row of plain values, all
 * else as it is; what the engine can rebuild by itself does not cross at all. Symbols cannot cross.
 */
import type { Answer, AnswerOf, Change, Claim, NewCall, Retention, Swept } from "../../core/engine.ts";
import { ADMIN } from "../../core/engine.ts";
import type { JobId, JsonText, Principal } from "../../core/job.ts";
import { bornJob } from "../../core/transition.ts";
import { type JobRow, jobOf, type RecordRow, recordOf } from "./rows.ts";

export type OwnerData = {
  readonly file: string;
  readonly retention: Retention;
  /** For a new store. */
  readonly secret: string;
  readonly checkpointPages: number;
  /** The largest the file may become; for tests of a full disk. */
  readonly maxPages: number | undefined;
};

export type Request =
  | { readonly kind: "commit"; readonly now: number; readonly group: readonly PackedChange[] }
  | {
      readonly kind: "sweep";
      readonly now: number;
      /** Leases that end by then are taken back. */
      readonly leasesUntil: number;
      /** At most so many of each; one fraction of chance for each lease that is taken back. */
      readonly fractions: readonly number[];
    }
  | { readonly kind: "close" };

export type Reply =
  | { readonly kind: "opened"; readonly secret: string; readonly lastSequence: number }
  | { readonly kind: "notOpened"; readonly message: string; readonly isConfiguration: boolean }
  | { readonly kind: "answers"; readonly answers: readonly PackedAnswer[] }
  | { readonly kind: "swept"; readonly swept: Swept; readonly lost: number }
  | { readonly kind: "unavailable"; readonly message: string }
  | { readonly kind: "closed" }
  | { readonly kind: "fatal"; readonly message: string };

type CallRow = readonly [
  id: JobId,
  sequence: number,
  operation: string,
  principal: Principal,
  input: JsonText,
  inputVersion: number,
  delayMs: number,
  maxAttempts: number,
  fingerprint: string | null,
  details: JsonText,
  start: Exclude<NewCall["start"], "queued"> | null,
];

/** An array is an `open`; a cancel without a principal is an operator's. */
export type PackedChange =
  | CallRow
  | Exclude<Change, { kind: "open" | "cancel" }>
  | { readonly kind: "cancel"; readonly id: JobId; readonly principal: Principal | null };

/** A call as the owner needs it: what a record keeps of its details is text. */
export type Call = Omit<NewCall, "details"> & { readonly details: JsonText };

type WithJob = Extract<Answer, { job?: unknown }>["kind"];

/** 0: `opened`, and new. */
export type PackedAnswer =
  | 0
  | readonly [kind: WithJob, job: JobRow]
  | {
      readonly kind: "claimed";
      readonly rows: readonly RecordRow[];
      readonly full: readonly string[];
      readonly nextAt?: number;
    }
  | Exclude<Answer, { kind: "claimed" }>;

export function packChange(change: Change): PackedChange {
  if (change.kind === "open") return packCall(change.call);
  if (change.kind !== "cancel") return change;
  const { id, principal } = change.ref;
  return { kind: "cancel", id, principal: principal === ADMIN ? null : principal };
}

function packCall(call: NewCall): CallRow {
  const { id, sequence, operation, principal, input, inputVersion, delayMs, maxAttempts } = call;
  const fingerprint = call.fingerprint ?? null;
  const start = call.start === "queued" ? null : call.start;
  const details = detailsText(call.details);
  return [
    id,
    sequence,
    operation,
    principal,
    input,
    inputVersion,
    delayMs,
    maxAttempts,
    fingerprint,
    details,
    start,
  ];
}

export function unpackCall(row: CallRow): Call {
  const call = {
    id: row[0],
    sequence: row[1],
    operation: row[2],
    principal: row[3],
    input: row[4],
    inputVersion: row[5],
    delayMs: row[6],
    maxAttempts: row[7],
    details: row[9],
    start: row[10] ?? ("queued" as const),
  };
  return row[8] === null ? call : { ...call, fingerprint: row[8] };
}

export function detailsText(details: NewCall["details"]): JsonText {
  return JSON.stringify(details);
}

/** @param now of the commit, which made the record of a call that was accepted. */
export function unpackAnswer(packed: PackedAnswer, change: Change, now: number): Answer {
  if (packed === 0) return { kind: "opened", job: bornJob((change as { readonly call: NewCall }).call, now) };
  if (Array.isArray(packed)) {
    const [kind, row] = packed as readonly [WithJob, JobRow];
    return { kind, job: jobOf(row) };
  }
  const answer = packed as Exclude<PackedAnswer, 0 | readonly unknown[]>;
  return "rows" in answer ? unpackClaimed(answer) : answer;
}

function unpackClaimed({ rows, full, nextAt }: Extract<PackedAnswer, { rows: unknown }>): AnswerOf<"claim"> {
  const claims = rows.map((row): Claim => {
    const job = recordOf(row);
    return { job, lease: { id: job.id, token: job.token ?? "" } };
  });
  return { kind: "claimed", claims, full, ...(nextAt !== undefined && { nextAt }) };
}
