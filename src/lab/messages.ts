/**
 * What the lab's processes say to each other, in the order in which it is said. Moments are those of `moment.ts`;
 * arrays of numbers travel as they are in memory.
 */
import type { JobStatus } from "../core/job.ts";
import type { Access, Flow } from "../core/operation.ts";
import type { OperationSample } from "./basis.ts";
import type { Effects, ResourceLimit } from "./report.ts";

/** Of the named operation, told by a process that imported the app: the lab itself never runs a user's code. */
export type Description = {
  readonly kind: "described";
  readonly flow: Flow;
  readonly access: Access;
  readonly keyRequired: boolean;
  readonly timeoutMs: number;
  readonly resources: readonly ResourceLimit[];
  /** JSON texts, each of which the operation takes. */
  readonly inputs: readonly string[];
  /** Whether that input was made from the schema. */
  readonly isMade: boolean;
  readonly probeAccess: Access | undefined;
};

export type AppQuestion = {
  readonly module: string;
  readonly operation: string;
};

export type DescribeRequest = AppQuestion & {
  readonly kind: "describe";
  /** To be checked; without any, one is made. */
  readonly inputs: readonly string[] | undefined;
  /** Recorded traffic may well have been refused. */
  readonly mayBeInvalid: boolean;
  readonly hasBearer: boolean;
  readonly probe: string | undefined;
};

export type ServeRequest = AppQuestion & {
  readonly kind: "serve";
  readonly flow: Flow;
  readonly folder: string;
  readonly adminToken: string;
};

export type ToServer =
  | DescribeRequest
  | ServeRequest
  /** No more calls come: run what is queued, for so long at most. */
  | { readonly kind: "drain"; readonly limitMs: number }
  /** Stop, and tell what was seen and what the store holds. */
  | { readonly kind: "finish" };

export type FromServer =
  | Description
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "depth"; readonly queued: number }
  | { readonly kind: "drained" }
  | ({ readonly kind: "finished" } & Served)
  /** A mistake of whoever started the lab, in a sentence. */
  | { readonly kind: "refused"; readonly message: string };

/** Jobs of one kind, as the store lists them. */
export type JobCounts = { readonly accepted: number } & Readonly<Record<JobStatus, number>>;

export type Served = {
  /** The operation's own jobs that came from clients. */
  readonly jobs: JobCounts;
  /** What handlers sent, to whatever operation. */
  readonly sent: JobCounts;
  /** Client jobs that ended, with the moment at which that was durable. */
  readonly endedIds: readonly string[];
  readonly endedAt: Float64Array;
  readonly endedAs: readonly JobStatus[];
  /** Of the handler alone, each run. */
  readonly handlerMs: Float64Array;
  readonly retried: number;
  readonly effects: Effects;
  /** Rows and jobs in the store that nobody acknowledged. */
  readonly strangers: number;
  /** Of the first runs: how large what they took, gave, wrote and read was. */
  readonly sizes: readonly OperationSample[];
  readonly samples: Samples;
};

/** What was looked at while the load ran and drained. */
export type Samples = {
  readonly at: Float64Array;
  readonly queued: Float64Array;
  readonly oldestMs: Float64Array;
  readonly slots: readonly SlotSamples[];
};

export type SlotSamples = {
  readonly name: string;
  readonly limit: number | null;
  /** The gate's own high-water mark. */
  readonly peak: number;
  readonly fullMs: number;
  /** The most between two moments of `Samples.at`. */
  readonly inUse: Float64Array;
};

export type LoadPlan = {
  readonly port: number;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly inputs: readonly string[];
  /** Milliseconds from the start, ascending. */
  readonly arrivals: Float64Array;
  /** The prefix of each call's idempotency key; undefined: calls have none. */
  readonly keys: string | undefined;
  /** Requests that a call is tried with at most. */
  readonly tries: number;
  readonly seed: number;
  /** A reply is waited for so long. */
  readonly replyMs: number;
  /** From the start: whatever has not ended by then is given up. */
  readonly limitMs: number;
};

export const OUTCOMES = ["answered", "receipt", "refused", "failed"] as const;
export type CallOutcome = (typeof OUTCOMES)[number];

export type LoadProgress = {
  readonly kind: "progress";
  readonly offered: number;
  readonly ended: number;
};

export type Loaded = {
  readonly kind: "loaded";
  /** The moment from which arrivals count. */
  readonly startedAt: number;
  /** Of each call, in the order of arrivals: milliseconds from the start until its end, and its place in OUTCOMES. */
  readonly endedAt: Float64Array;
  readonly outcomes: Uint8Array;
  /** Of each call that got one: its receipt's id; "" for the others. */
  readonly receipts: readonly string[];
  readonly counts: Readonly<Record<CallOutcome | "offered", number>>;
  readonly byCode: Readonly<Record<string, number>>;
  readonly repeats: number;
  /** By how much the first request of each call was late, 99th percentile: the generator's own fault. */
  readonly lateP99Ms: number;
  /** Of one core, while it ran. */
  readonly cpuShare: number;
};

export type FromLoad = { readonly kind: "started"; readonly startedAt: number } | LoadProgress | Loaded;
