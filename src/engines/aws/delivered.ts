/** What a process is given that does not ask for jobs, but is handed messages: a function of AWS Lambda. */
import type { Claim, Engine, Lease } from "../../core/engine.ts";
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

export interface DeliveredEngine extends Engine {
  /** Who is to be told of what, through sockets. */
  readonly watchers: Watchers;
  /** Positional. */
  deliver(messages: readonly Message[], leaseMs: number): Promise<readonly Delivered[]>;
  /** What is to become of a claimed message now, from the last settlement of its lease. */
  fateOf(lease: Lease): Fate;
  /** Keeps a message from being delivered for so long; whether SQS will see to it. If not it comes when it would have. */
  hide(message: Message, ms: number): Promise<boolean>;
  /** Of a dead-letter queue: ends their rows as failed (`delivery-exhausted`); answers which may be deleted. */
  exhausted(messages: readonly Message[]): Promise<readonly boolean[]>;
  /** Resolves when nothing that was begun is under way: a function must not be frozen before. */
  quiet(): Promise<void>;
}
