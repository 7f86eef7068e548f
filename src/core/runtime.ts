/** What all parts of one running app share. Built once by `app.ts`; holds no logic. */
import type { Executor } from "./attempt.ts";
import type { Clock } from "./clock.ts";
import type { Committer } from "./committer.ts";
import type { Drain } from "./drain.ts";
import type { Engine } from "./engine.ts";
import type { Gate } from "./gate.ts";
import type { Grants } from "./grants.ts";
import type { Ids } from "./ids.ts";
import type { JobId } from "./job.ts";
import type { LiveRuns } from "./live.ts";
import type { Meter } from "./meter.ts";
import type { Notifier } from "./notifier.ts";
import type { Operation } from "./operation.ts";
import type { Outage } from "./outage.ts";
import type { Random } from "./random.ts";
import type { NodeFacts } from "./share.ts";

/** An engine and the one way to write to it: both, or neither. */
export type Store = { readonly engine: Engine; readonly committer: Committer };

/**
 * What a process of an app does: all of it; only answer and queue (`gateway`); only run what is queued (`worker`); or
 * only show receipts (`status`), for which it need not write.
 */
export const ROLES = ["all", "gateway", "worker", "status"] as const;
export type Role = (typeof ROLES)[number];

export type Runtime = {
  readonly operations: ReadonlyMap<string, Operation>;
  /** None in an app of `request` operations without keys or tables. */
  readonly store: Store | undefined;
  readonly gate: Gate;
  /** Where nodes keep their limits together. */
  readonly grants?: Grants | undefined;
  readonly live: LiveRuns;
  readonly notifier: Notifier;
  readonly drain: Drain;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly random: Random;
  readonly executor: Executor;
  readonly node: string;
  /** The same for operators. */
  readonly self: NodeFacts;
  readonly leaseMs: number;
  /**
   * How long it may still work on what it was asked; of a process that goes on between requests, undefined. One that
   * may not, as a function, leaves nothing behind that goes on by itself.
   */
  readonly timeLeftMs?: (() => number) | undefined;
  /** How long a call may wait where nobody has seen it yet, after it was accepted. */
  readonly unseenMs?: number;
  readonly meters: ReadonlyMap<string, Meter>;
  readonly onError: OnError;
  /** Where a process stays long enough to see the end of one. */
  readonly outage?: Outage | undefined;
};

/** What a handler threw, or what went wrong behind the scenes, for the logs: callers never see it. */
export type OnError = (error: unknown, where?: ErrorPlace) => void;

export type ErrorPlace = { readonly operation: string; readonly id: JobId; readonly attempt: number };
