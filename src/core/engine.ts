/**
 * The port between Spillway and a store. The core decides what a change means (`transition.ts`, `items.ts`);
 * an engine makes that verdict durable and answers. Read this file to understand the system, implement it to
 * add a store, and run test/conformance to know that you have.
 *
 * What every engine promises:
 * - Positional: `answers[i]` answers `changes[i]`, and no change ever alters its neighbour's answer. Changes of
 *   one commit apply in order, each seeing those before it.
 * - Durable when resolved: a commit resolves after the commit point, never before. If it cannot know whether the
 *   group was committed (a failed fsync, a corrupt file), it never resolves: it calls `onFatal`. It rejects only
 *   what it did not begin.
 * - Repeatable: a change sent again with the same ids and tokens answers as it did the first time, while nothing
 *   else has happened to its job. What has no token (a redrive, a purge, a queued call under a key) does nothing
 *   the second time, and says so.
 * - Fenced: at most one settlement is ever applied for a lease's token, and its writes with it.
 * - All or nothing: a settlement's outcome, writes, statements and sends are applied together, or none of them is.
 * - An option that an engine cannot honour is refused when it opens.
 */
import type { Clock } from "./clock.ts";
import type { Changes, Cursor, DeadLetters, Figures, JobQuery, Page } from "./engine-lists.ts";
import type { Problem, ProblemCode } from "./errors.ts";
import type { Attempt, CallDetails, Job, JobId, JobRecord, JsonText, Principal } from "./job.ts";
import type { Topic } from "./notifier.ts";
import type { Random } from "./random.ts";
import type { NodeRecord, ShareAnswer, ShareRequest, Shares } from "./share.ts";
import type { FailedStatement, SqlWrite } from "./sql.ts";
import type { SqlTransaction } from "./sql-transaction.ts";
import type { Item, ItemKey, ItemRead, ItemWrite } from "./table.ts";

export type { Changes, Cursor, DeadLetters, Figures, JobQuery, Page } from "./engine-lists.ts";

/** The right to run one attempt. The token alone fences; its job never has it again, redrive included. */
export type Lease = { readonly id: JobId; readonly token: string };

/** The owner is part of every look-up, so that another's job cannot be told from none. `ADMIN` may see all. */
export type Ref = { readonly id: JobId; readonly principal: Principal | typeof ADMIN };
export const ADMIN = null;

export type NewCall = {
  readonly id: JobId;
  /** The row's place in time; with the ids of `ids.ts`, strictly growing. */
  readonly sequence: number;
  readonly operation: string;
  readonly principal: Principal;
  readonly input: JsonText;
  readonly inputVersion: number;
  readonly delayMs: number;
  readonly maxAttempts: number;
  /** With a key only; the id is then derived from it. */
  readonly fingerprint?: string;
  readonly details: CallDetails;
  /** Queued, or born running: a call that is run at once, to be forgotten or queued should its process die. */
  readonly start:
    | "queued"
    | { readonly token: string; readonly leaseMs: number; readonly ifLost: "forget" | "queue" };
};

/** What core decided about an outcome (`decide.ts`). */
export type Verdict =
  | { readonly kind: "succeeded"; readonly output: JsonText }
  | { readonly kind: "failed"; readonly error: Problem }
  /** Again later; `spent`: the attempt counts (a throttle's does not). */
  | { readonly kind: "queued"; readonly delayMs: number; readonly error: Problem; readonly spent: boolean }
  /** Given back unrun: by a worker that stops, or whose earlier run of it is not over. */
  | { readonly kind: "released"; readonly delayMs: number }
  | { readonly kind: "cancelled" }
  /** A call at once that leaves nothing behind. */
  | { readonly kind: "forgotten" };

export type Settlement = {
  readonly lease: Lease;
  /** Of a call at once that was never opened: its record is written final here, or queued. */
  readonly born?: NewCall;
  /** The job as it was claimed, where whoever settles it knows: an engine need not send back what follows from it. */
  readonly claimed?: Job;
  readonly verdict: Verdict;
  readonly attempt?: Attempt;
  readonly reads: readonly ItemRead[];
  readonly writes: readonly ItemWrite[];
  readonly sends: readonly NewCall[];
  /** On engines with `limits.sql` only. */
  readonly sql?: readonly SqlWrite[];
};

export type Queue = { readonly operation: string; readonly limit: number };

/** A pause or a limit set by an operator; durable, and seen by every node. `null`: back to what was declared. */
export type Setting = {
  readonly scope: "operation" | "resource";
  readonly name: string;
  readonly paused: boolean;
  readonly concurrency: number | null;
};

/** Names only what is to be altered: the rest stays as it is in the store, whoever set it. */
export type SettingChange = Pick<Setting, "scope" | "name"> & Partial<Setting>;

export type AuditEntry = {
  readonly at: number;
  readonly by: string;
  readonly action: string;
  readonly target: string;
  readonly detail: JsonText;
};

export type Change =
  | { readonly kind: "open"; readonly call: NewCall }
  | { readonly kind: "settle"; readonly settlement: Settlement }
  | {
      readonly kind: "claim";
      readonly queues: readonly Queue[];
      readonly token: string;
      readonly leaseMs: number;
    }
  | { readonly kind: "extend"; readonly lease: Lease; readonly leaseMs: number }
  | { readonly kind: "cancel"; readonly ref: Ref }
  | { readonly kind: "redrive"; readonly id: JobId; readonly delayMs: number }
  | { readonly kind: "purge"; readonly id: JobId }
  | { readonly kind: "set"; readonly setting: SettingChange }
  | { readonly kind: "audit"; readonly entry: AuditEntry };

export type Claim = {
  readonly job: Job;
  readonly input: JsonText;
  readonly inputVersion: number;
  readonly lease: Lease;
};

/** A failed declared condition, with the problem given with the write or the statement, if any. */
export type FailedCondition = (ItemKey & { readonly problem?: Problem }) | FailedStatement;

export type Answer =
  | { readonly kind: "opened"; readonly job: Job }
  /** It was there already, under the same key; with the same input, or with another. */
  | { readonly kind: "existing" | "mismatch"; readonly job: Job }
  /** Applied, and what it became; no job: nothing was left behind. */
  | { readonly kind: "applied"; readonly job?: Job }
  /** The lease is no longer held: nothing of this settlement was applied. */
  | { readonly kind: "stale" }
  /** Something read has changed, or a condition does not hold: nothing was applied, the lease is still held. */
  | {
      readonly kind: "conflict";
      readonly reads: readonly ItemKey[];
      readonly conditions: readonly FailedCondition[];
    }
  /** A statement of the settlement's own failed: nothing was applied, the lease is still held. */
  | { readonly kind: "failed"; readonly said: string }
  /**
   * `full`: the queues in which more is ready than was asked for; there is work for a claim at once. `nextAt`:
   * when the first of the queues' later jobs is due.
   */
  | {
      readonly kind: "claimed";
      readonly claims: readonly Claim[];
      readonly full: readonly string[];
      readonly nextAt?: number;
    }
  | { readonly kind: "held"; readonly until: number; readonly cancelRequested: boolean }
  /** Cancelled now or before; asked to stop; or too late. */
  | { readonly kind: "cancelled" | "requested" | "final"; readonly job: Job }
  | { readonly kind: "unknown" }
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly code: ProblemCode; readonly detail: string };

export type AnswerOf<K extends Change["kind"]> = {
  open: Extract<Answer, { kind: "opened" | "existing" | "mismatch" | "refused" }>;
  settle: Extract<Answer, { kind: "applied" | "stale" | "conflict" | "failed" | "refused" }>;
  claim: Extract<Answer, { kind: "claimed" | "refused" }>;
  extend: Extract<Answer, { kind: "held" | "stale" | "refused" }>;
  cancel: Extract<Answer, { kind: "cancelled" | "requested" | "final" | "unknown" | "refused" }>;
  redrive: Extract<Answer, { kind: "applied" | "unknown" | "refused" }>;
  purge: Extract<Answer, { kind: "applied" | "unknown" | "refused" }>;
  set: Extract<Answer, { kind: "done" | "refused" }>;
  audit: Extract<Answer, { kind: "done" | "refused" }>;
}[K];

/** Facts an app is checked against when it starts. */
export type EngineLimits = {
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly effects: number;
  readonly itemBytes: number;
  readonly effectBytes: number;
  /** Only this process has the store: whatever is running when it opens was lost, whatever its lease says. */
  readonly singleOwner: boolean;
  /** Commits that may be under way at once. */
  readonly groupsInFlight: number;
  /** A group costs about the same whether it is small or large: better few, of what comes in one turn of the loop. */
  readonly gathers?: true;
  /** Runs statements on the app's own tables; and, in so many interactive transactions at once, for `sql: true`. */
  readonly sql?: { readonly transactions: number };
};

/** How long final records and the audit are kept. A record with a key is never pruned sooner than 24 h after its end. */
export type Retention = { readonly succeededMs: number; readonly failedMs: number; readonly auditMs: number };

/** What a store is given when it opens. */
export type EngineHost = {
  readonly clock: Clock;
  readonly random: Random;
  /** Called once, when nothing more can be promised; whoever serves must stop at once with an exit code. */
  readonly onFatal: (error: Error) => void;
  /**
   * What an engine heard from elsewhere: a job of this receipt or principal has changed, one was queued for this
   * operation (`dueAt`: for then), or something else is to be looked at. Only a hint; whoever hears it looks. Engines
   * that hear nothing never call it.
   */
  readonly hint?: (topic: Topic, name: string, dueAt?: number) => void;
  /** Of a process that only shows what is there: it need not be allowed to write. */
  readonly readsOnly?: boolean;
};

/** A store that is configured, but not open: `sqlite("./data")`. */
export interface EngineSource {
  readonly name: string;
  readonly limits: EngineLimits;
  /** Of tables of the app's own, where the engine makes them. */
  readonly migrations?: readonly string[];
  open(host: EngineHost): Promise<Engine>;
  /**
   * Brings what is stored to the form that this version needs, apart from serving, and says what was done. For stores
   * whose tables somebody else may have to make; the others do it whenever they are opened.
   */
  migrate?(): Promise<readonly string[]>;
}

export interface Engine {
  readonly name: string;
  readonly limits: EngineLimits;
  /** For engines whose processes share their limits; without it a process limits what it runs itself. */
  readonly shares?: Shares;
  /** For engines whose nodes keep their limits together: hears what a node wants, and says what it may have. */
  share?(request: ShareRequest): Promise<ShareAnswer>;
  /** Who has said so that it is there; those that were lost lately too. */
  nodes?(): Promise<readonly NodeRecord[]>;
  /** Made once per store, kept in it; keyed ids and cursors are derived with it. */
  readonly secret: string;
  /** The highest sequence in the store when it opened. */
  readonly lastSequence: number;
  /** Where a person finds what is kept, for the line that is printed at start. */
  readonly location: string;
  /** A private folder of this store's, if it has one: for what else must be kept between starts. */
  readonly folder?: string;
  /** What a person should know of how it works here, said at start. */
  readonly notes?: readonly string[];
  /**
   * How often whoever waits for a job looks at it without a hint: of stores that processes share, whose hints may be
   * lost on their way, and in which a look costs little. Others are looked at every few seconds.
   */
  readonly lookAgainMs?: number;
  /** How far the clock of the store is ahead of the host's, in stores that go by a clock of their own. */
  skewMs?(): number;

  /** The one way to write. */
  commit(changes: readonly Change[]): Promise<readonly Answer[]>;

  /** Refuses, when it is called, a statement that would leave its transaction or alter what is not the app's. */
  checkStatement?(text: string): void;
  /** For one attempt, which lasts so long at most; on engines with `limits.sql.transactions`. Connects when it is used. */
  begin?(forMs: number): SqlTransaction;

  /** Begins to hear of work for these operations, and hints it: called when a worker starts. */
  listen?(operations: readonly string[]): void;

  /** Replays and receipts; never stale. Positional. */
  find(refs: readonly Ref[]): Promise<readonly (JobRecord | undefined)[]>;
  /** Where a row may be there before its job is sure to be run: makes it so, for a repeat. `false`: it is gone. */
  assured?(id: JobId): Promise<boolean>;
  /** Listed jobs, newest first. Looks at some thousand for one page: it may have few, or none, and a place to go on from. */
  list(query: JobQuery): Promise<Page<JobRecord>>;
  /**
   * A principal's listed jobs in the order of their commits, those of one commit in any; may repeat one, never skips
   * one. Not of the anonymous.
   */
  changes(principal: Principal, after: Cursor | undefined, limit: number): Promise<Changes>;
  deadLetters(): Promise<readonly DeadLetters[]>;
  figures(): Promise<readonly Figures[]>;
  /** The running jobs that somebody asked to stop, where those who run them may be in any process. */
  cancelling?(): Promise<readonly JobId[]>;
  /** How many jobs of one operation wait, near enough; where figures are dear, for whoever needs no more than that. */
  waiting?(operation: string): Promise<number>;

  /** Items with their versions; positional. */
  read(keys: readonly ItemKey[]): Promise<readonly (Item | undefined)[]>;
  /** A table's items in key order, after a key. */
  scan(table: string, after: string, limit: number): Promise<readonly Item[]>;

  settings(): Promise<readonly Setting[]>;
  /** Newest first. */
  audit(limit: number, cursor?: Cursor): Promise<Page<AuditEntry>>;

  /** Takes back expired leases, the longest lost first, and prunes what is over; `limit` of each, and `more` if there is. */
  sweep(limit: number): Promise<Swept>;
  close(): Promise<void>;
}

export type Swept = { readonly rescued: readonly Job[]; readonly pruned: number; readonly more?: boolean };
