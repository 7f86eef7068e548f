/** What the server answers, as far as the console reads it: docs/wire.md §2, §6 and §7. */

export type Flow = "request" | "event" | "spill";
export type Status = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export type Problem = {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
};

export type Page<T> = { readonly items: readonly T[]; readonly next: string | null };

export type Rates = {
  readonly acceptedPerSecond: number;
  readonly answeredPerSecond: number;
  readonly refusedPerSecond: number;
  readonly succeededPerSecond: number;
  readonly failedPerSecond: number;
  readonly retriedPerSecond: number;
};

/** Since the server started. */
export type Totals = {
  readonly accepted: number;
  readonly answered: number;
  readonly refused: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly retried: number;
};

type Depth = {
  readonly name: string;
  readonly queued: number;
  readonly waiting: number;
  readonly running: number;
  readonly failed: number;
  readonly oldestAgeMs: number | null;
};

type Room = Depth & {
  readonly paused: boolean;
  readonly concurrency: number | null;
  readonly declared: number | null;
  readonly inUse: number;
  readonly peak: number;
  readonly rates: Rates;
  readonly totals: Totals;
};

export type ServedOperation = Room & {
  readonly unserved?: never;
  readonly flow: Flow;
  readonly access: "public" | "internal" | "admin";
  readonly resources: readonly string[];
  /** The smallest in force. */
  readonly limit: number | null;
  readonly abandoned: number;
};

/** It has jobs, but is not registered here. */
export type UnservedOperation = Depth & { readonly unserved: true };

export type OperationEntry = ServedOperation | UnservedOperation;

export type ResourceEntry = Room & {
  readonly operations: readonly string[];
  readonly ratePerSecond: number | null;
};

/** Once a second, by `GET /admin/live`. */
export type Figures = {
  readonly at: string;
  /** Whose they are. */
  readonly node: string;
  /** Counts begin again with it. */
  readonly startedAt: string;
  readonly operations: readonly OperationEntry[];
  readonly resources: readonly ResourceEntry[];
};

export type Receipt = {
  readonly id: string;
  readonly operation: string;
  readonly status: Status;
  readonly revision: number;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly acceptedAt: string;
  readonly updatedAt: string;
  readonly availableAt: string;
  readonly progress?: { readonly ratio?: number; readonly message?: string };
  readonly output?: unknown;
  readonly error?: Problem;
};

export type ListedJob = Receipt & {
  readonly principal: string;
  /** It runs on all the same. */
  readonly cancelRequested: boolean;
  readonly input: unknown;
};

export type DeadLetters = {
  readonly operation: string;
  readonly errorCode: string;
  readonly count: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
};

export type AuditEntry = {
  readonly at: string;
  readonly by: string;
  readonly action: string;
  readonly target: string;
  readonly detail: unknown;
};

export type Attempt = {
  readonly number: number;
  readonly start: string;
  readonly end: string;
  readonly node: string;
  readonly error?: { readonly code: string; readonly detail?: string };
};

export type Effect =
  | { readonly kind: "insert" | "put" | "add" | "delete"; readonly table: string; readonly key: string }
  | { readonly kind: "sql"; readonly text: string }
  | { readonly kind: "send"; readonly operation: string; readonly id: string };

export type Job = ListedJob & {
  /** `http`, `socket`, `batch`, or the id of the job that sent it. */
  readonly origin: string;
  readonly traceId: string | null;
  readonly attempts: readonly Attempt[];
  readonly effects: readonly Effect[];
};

/** A process that serves the store. */
export type NodeEntry = {
  readonly id: string;
  readonly host: string;
  readonly role: string;
  readonly startedAt: string;
  readonly seenAt: string;
  /** What it held is others'. */
  readonly lost: boolean;
  readonly self: boolean;
  readonly operations: readonly {
    readonly name: string;
    readonly inUse: number;
    readonly runMs: number | null;
    readonly runsPerSecond: number;
    readonly arrivalsPerSecond: number;
    readonly answeredPerSecond: number;
    readonly refusedPerSecond: number;
  }[];
  readonly resources: readonly { readonly name: string; readonly inUse: number }[];
};

/** Workers that are wanted within so many seconds. */
export type Scale = {
  readonly within: number;
  readonly workers: number;
  readonly working: number;
  readonly items: readonly {
    readonly name: string;
    readonly waiting: number;
    readonly running: number;
    readonly oldestAgeMs: number | null;
    readonly arrivalsPerSecond: number;
    readonly runMs: number | null;
    readonly slots: number;
    readonly workers: number;
  }[];
};
