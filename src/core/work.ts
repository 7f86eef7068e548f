/** What `perform.ts` is given to do, and who hears what came of it: a claimed job, or a call that is answered at once. */
import type { Circumstances } from "./decide.ts";
import type { Lease, NewCall, Verdict } from "./engine.ts";
import type { Problem } from "./errors.ts";
import type { Slot } from "./gate.ts";
import type { Job, JobId, Principal } from "./job.ts";
import type { Operation } from "./operation.ts";
import type { Soon } from "./soon.ts";

export interface Work extends Circumstances {
  readonly operation: Operation;
  readonly id: JobId;
  readonly principal: Principal;
  /** A job's is checked within its attempt, since that is the app's own code: what it throws is the outcome. */
  readonly input: Soon<unknown>;
  readonly slot: Slot;
  readonly lease: Lease;
  /** Of a job, as it was claimed. */
  readonly claimed?: Job;
  /** Whether the lease stands in the store, so that it must be extended. */
  readonly durable: boolean;
  /**
   * Asked at the commit: the call whose record is born there, or none if there is a record that the lease holds. A
   * call at once without a key has no record until it needs one.
   */
  record(): Soon<NewCall | undefined>;
  /** What it read had changed at the commit: the handler runs again. */
  runsAgain(): void;
  /** Called once, at its end. */
  ended(performed: Performed): void;
  /** Called instead when something went wrong that nobody foresaw. */
  broke(error: unknown): void;
}

export type Performed =
  /** `job` is what the record became, if one was left behind; `error` what a waiting caller is answered, if no job is. */
  | { readonly kind: "settled"; readonly verdict: Verdict; readonly error?: Problem; readonly job?: Job }
  /** Somebody else holds the lease now: nothing of this run was applied. */
  | { readonly kind: "stale" };

export function whereOf({ operation, id, attempt }: Work) {
  return { operation: operation.spec.name, id, attempt };
}
