/**
 * What the engine and its owner thread say to each other. A call, a
 * settlement or a job crosses as a row of plain values, all else as it is; what the engine can rebuild by itself does not cross at all. Symbols cannot cross.
 */
import type {
  Answer,
  AnswerOf,
  Change,
  Claim,
  NewCall,
  Retention,
  Settlement,
  Swept,
} from "../../core/engine.ts";
import { ADMIN } from "../../core/engine.ts";
import type { JobId, JsonText, Principal } from "../../core/job.ts";
import { bornJob } from "../../core/transition.ts";
import { appended, type JobRow, jobOf, type RecordRow, recordOf } from "./rows.ts";

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

/** The tags of the two rows: an `open`, and a `settle`. */
export const CALL = 0;
export const SETTLEMENT = 1;

type CallRow = readonly [
  tag: typeof CALL,
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

type SettlementRow = readonly [
  tag: typeof SETTLEMENT,
  id: JobId,
  token: string,
  /** Of a success, which nearly all are, only the output. */
  verdict: Settlement["verdict"] | JsonText,
  attempt: JsonText,
  rest: Pick<Settlement, "born" | "reads" | "writes" | "sends"> | null,
];

/** A cancel without a principal is an operator's. */
export type PackedChange =
  | CallRow
  | SettlementRow
  | Exclude<Change, { kind: "open" | "settle" | "cancel" }>
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
  if (change.kind === "settle") return packSettlement(change.settlement);
  if (change.kind !== "cancel") return change;
  const { id, principal } = change.ref;
  return { kind: "cancel", id, principal: principal === ADMIN ? null : principal };
}

function packCall(call: NewCall): CallRow {
  return [
    CALL,
    call.id,
    call.sequence,
    call.operation,
    call.principal,
    call.input,
    call.inputVersion,
    call.delayMs,
    call.maxAttempts,
    call.fingerprint ?? null,
    detailsText(call.details),
    call.start === "queued" ? null : call.start,
  ];
}

/** As a row it takes 0.5 µs to cross, as an object 2.9. */
function packSettlement({ lease, verdict, attempt, born, reads, writes, sends }: Settlement): SettlementRow {
  const outcome = verdict.kind === "succeeded" ? verdict.output : verdict;
  const isPlain = !born && reads.length === 0 && writes.length === 0 && sends.length === 0;
  const rest = isPlain ? null : { reads, writes, sends, ...(born && { born }) };
  return [SETTLEMENT, lease.id, lease.token, outcome, attempt ? appended([attempt]) : "", rest];
}

export function unpackCall(row: CallRow): Call {
  const call = {
    id: row[1],
    sequence: row[2],
    operation: row[3],
    principal: row[4],
    input: row[5],
    inputVersion: row[6],
    delayMs: row[7],
    maxAttempts: row[8],
    details: row[10],
    start: row[11] ?? ("queued" as const),
  };
  return row[9] === null ? call : { ...call, fingerprint: row[9] };
}

const NOTHING = { reads: [], writes: [], sends: [] };

/** `attempt`: as it is appended to those before. */
export function unpackSettlement(
  row: SettlementRow,
): Omit<Settlement, "attempt"> & { readonly attempt: JsonText } {
  const [, id, token, outcome, attempt, rest] = row;
  const verdict = typeof outcome === "string" ? ({ kind: "succeeded", output: outcome } as const) : outcome;
  return { lease: { id, token }, verdict, attempt, ...(rest ?? NOTHING) };
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
