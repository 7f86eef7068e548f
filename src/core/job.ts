/**
 * The durable record of a call: what an engine keeps and a receipt shows. Payloads are JSON text, which no
 * engine ever parses. The five states and what leads from one to the next are in `transition.ts`.
 */

/** Opaque and URL-safe. Minted ids carry a time sequence and 128 random bits; keyed ids are an HMAC. */
export type JobId = string;

/** Who calls. The empty string is the one anonymous principal of an app without `authenticate`. */
export type Principal = string;

export const ANONYMOUS: Principal = "";

/** In characters: every store keeps an index of them, and PostgreSQL's takes no longer text. */
export const LONGEST_PRINCIPAL = 512;

/** JSON, serialised. */
export type JsonText = string;

export const JOB_STATUSES = ["queued", "running", "succeeded", "failed", "cancelled"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** How far a running handler says it is; `ratio` is 0–1. */
export type Progress = { readonly ratio?: number; readonly message?: string };

/** One run of the handler, as the admin pages show it. Times are milliseconds since 1970. */
export type Attempt = {
  readonly number: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly node: string;
  readonly error?: { readonly code: string; readonly detail?: string };
};

/** A write or send that was committed with an outcome. */
export type EffectNote =
  | { readonly kind: "insert" | "put" | "add" | "delete"; readonly table: string; readonly key: string }
  /** A statement, shortened; its values are not kept. */
  | { readonly kind: "sql"; readonly text: string }
  | { readonly kind: "send"; readonly operation: string; readonly id: JobId };

/** What travels with a call besides its input. Those nobody reads yet are kept all the same. */
export type CallDetails = {
  /** How it came: `http`, `socket`, `batch`, or the id of the job that sent it. */
  readonly origin: string;
  readonly traceparent?: string;
  /** The receipt that its caller was given, where that is not the job's id. */
  readonly receipt?: JobId;
  /** Of a receipt that came second under a key: the first one. */
  readonly duplicateOf?: JobId;
  readonly fairnessKey?: string;
  readonly orderingKey?: string;
  readonly priority?: number;
  readonly callback?: string;
  readonly deadlineAt?: number;
};

export type Job = {
  readonly id: JobId;
  readonly operation: string;
  readonly principal: Principal;
  readonly status: JobStatus;
  /** Grows by one with every durable change; never restarts. */
  readonly revision: number;
  /** The last attempt begun, 0 before; restarts at a redrive. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Throttles in a row, which cost no attempt. */
  readonly throttles: number;
  readonly acceptedAt: number;
  readonly updatedAt: number;
  readonly availableAt: number;
  readonly output?: JsonText;
  /** A problem, as JSON text. */
  readonly error?: JsonText;
  /** The problem's code again, for grouping the dead letters. */
  readonly errorCode?: string;
  /** Set when a key was sent: a digest of the input, by which a repeat is told from another call. */
  readonly fingerprint?: string;
  /** A call that is answered at once is recorded for its key's sake, but is no job: not listed, no receipt. */
  readonly listed: boolean;
  readonly cancelRequested: boolean;
  /** Fences: the token of the lease that holds the job, or of the one that settled it. */
  readonly token?: string;
  readonly leaseUntil?: number;
  /** When a final record may be pruned. */
  readonly expiresAt?: number;
};

/** The whole record: for workers, which need the input, and for the admin pages. */
export type JobRecord = Job & {
  readonly input: JsonText;
  readonly inputVersion: number;
  readonly details: CallDetails;
  readonly attempts: readonly Attempt[];
  readonly effects: readonly EffectNote[];
};

export function isFinal(status: JobStatus): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}
