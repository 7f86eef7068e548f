/**
 * What the engine and its owner thread say to each other. Copying is paid by the value and by the object: calls,
 * settlements and jobs cross as rows of plain values, neighbours that differ in little share one, and what either
 * side can make by itself does not cross at all. Symbols cannot cross. `changes.ts` and `answers.ts` pack them.
 */
import type { Answer, Change, Claim, NewCall, Retention, Settlement, Swept } from "../../core/engine.ts";
import type { Job, JobId, JsonText, Principal } from "../../core/job.ts";

export type OwnerData = {
  readonly file: string;
  readonly retention: Retention;
  /** For a new store. */
  readonly secret: string;
  readonly checkpointPages: number;
  /** Of the app's own tables. */
  readonly migrations: readonly string[];
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
  | {
      readonly kind: "opened";
      readonly secret: string;
      readonly lastSequence: number;
      /** Of the index of keys, which both sides look into. */
      readonly keys: SharedArrayBuffer;
    }
  | { readonly kind: "notOpened"; readonly message: string; readonly isConfiguration: boolean }
  | { readonly kind: "answers"; readonly answers: readonly PackedAnswer[] }
  | { readonly kind: "swept"; readonly swept: Swept; readonly lost: number }
  | { readonly kind: "unavailable"; readonly message: string }
  | { readonly kind: "closed" }
  | { readonly kind: "fatal"; readonly message: string };

/** The tags of the rows. */
export const CALLS = 0;
export const SUCCESSES = 1;
export const SETTLEMENT = 2;

/**
 * One call, or many in a row that differ only in what stands at the end: 10–15% less CPU for each than rows of
 * their own, in groups of 64 and of 1,024.
 */
export type CallsRow = [
  tag: typeof CALLS,
  operation: string,
  principal: Principal,
  inputVersion: number,
  delayMs: number,
  maxAttempts: number,
  details: JsonText,
  fingerprint: string | null,
  start: Exclude<NewCall["start"], "queued"> | null,
  /** The id, the sequence and the input of each. */
  ...calls: (string | number)[],
];

/** Jobs in a row that succeeded without effects, and that the engine knows as they were claimed. */
export type SuccessesRow = [
  tag: typeof SUCCESSES,
  /** The id, the token, the output and the attempt of each. */
  ...settlements: string[],
];

export type SettlementRow = readonly [
  tag: typeof SETTLEMENT,
  id: JobId,
  token: string,
  verdict: Settlement["verdict"],
  attempt: JsonText,
  rest: Pick<Settlement, "born" | "reads" | "writes" | "sends" | "sql"> | null,
];

/** What crosses as it is. A cancel without a principal is an operator's. */
export type PlainChange =
  | Exclude<Change, { kind: "open" | "settle" | "cancel" }>
  | { readonly kind: "cancel"; readonly id: JobId; readonly principal: Principal | null };

export type PackedChange = Readonly<CallsRow> | Readonly<SuccessesRow> | SettlementRow | PlainChange;

/** A call as the owner needs it: what a record keeps of its details is text. */
export type Call = Omit<NewCall, "details"> & { readonly details: JsonText };

/** `attempt`: as it is appended to those before. `known`: the engine has the job as it was claimed. */
export type OwnerSettlement = Omit<Settlement, "attempt" | "claimed"> & {
  readonly attempt: JsonText;
  readonly known: boolean;
};

/** A change in the owner's hands. */
export type OwnerChange =
  | { readonly kind: "open"; readonly call: Call }
  | { readonly kind: "settle"; readonly settlement: OwnerSettlement }
  | PlainChange;

/** A job that was claimed while it was fresh; the engine makes it again from these. */
export const CLAIMED_VALUES = 9;
export type ClaimedValues = readonly [
  id: JobId,
  operation: string,
  principal: Principal,
  maxAttempts: number,
  acceptedAt: number,
  availableAt: number,
  inputVersion: number,
  input: JsonText,
  /** As it was before the claim, if it was no longer fresh or has a key. */
  before: Job | null,
];

export type PackedAnswer =
  /** So many changes in a row did what was expected of them: a new call, a success that was known. */
  | number
  | {
      readonly kind: "claimed";
      /** `ClaimedValues` of each, one after the other. */
      readonly values: readonly ClaimedValues[number][];
      readonly full: readonly string[];
      readonly nextAt?: number;
      /** Of a claim that is made again: what is left of what it was given. */
      readonly earlier?: readonly Omit<Claim, "lease">[];
    }
  | Exclude<Answer, { kind: "claimed" }>;
