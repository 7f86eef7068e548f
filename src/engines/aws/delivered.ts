/** What a process is given that does not ask for jobs, but is handed messages: a function of AWS Lambda. */
import type { AnswerOf, Claim, Engine, Lease, NewCall } from "../../core/engine.ts";
import type { Job, JobId } from "../../core/job.ts";
import type { Message } from "./message.ts";
import type { Watchers } from "./watchers.ts";

export type Delivered =
  | { readonly kind: "claimed"; readonly claim: Claim }
  /** Not now: to be hidden for so long. */
  | { readonly kind: "later"; readonly hideMs: number }
  /** Final, unknown, or found by its row alone: to be deleted. */
  | { readonly kind: "over" }
  | { readonly kind: "malformed"; readonly detail: string };

export type Fate =
  | { readonly kind: "delete" }
  | { readonly kind: "hide"; readonly ms: number }
  /** Not settled: it comes again when it has been hidden for its time. */
  | { readonly kind: "leave" };

export type Adopted = { readonly answer: AnswerOf<"open">; readonly isOwn: boolean };

export interface DeliveredEngine extends Engine {
  /** Who is to be told of what, through sockets. */
  readonly watchers: Watchers;
  /** Positional. */
  deliver(messages: readonly Message[], leaseMs: number): Promise<readonly Delivered[]>;
  /**
   * Opens a call whose message is here already, put into the queue by a gateway: its row alone is written. `isOwn`:
   * the message in hand is the one that its job waits for.
   */
  adopt(call: NewCall, acceptedAt: number): Promise<Adopted>;
  /** The receipt that a caller was given before the job's id was known. */
  nameReceipt(receipt: JobId, job: Job): Promise<void>;
  /** Of the job that a receipt is of: its id, or the id of the job that it was named after. */
  jobOf(receipt: JobId): Promise<JobId>;
  /** What is to become of a claimed message now, from the last settlement of its lease. */
  fateOf(lease: Lease): Fate;
  /** Keeps a message from being delivered for so long; whether SQS will see to it. If not it comes when it would have. */
  hide(message: Message, ms: number): Promise<boolean>;
  /** Of a dead-letter queue: ends their rows as failed (`delivery-exhausted`); answers which may be deleted. */
  exhausted(messages: readonly Message[]): Promise<readonly boolean[]>;
  /** Resolves when nothing that was begun is under way: a function must not be frozen before. */
  quiet(): Promise<void>;
}
