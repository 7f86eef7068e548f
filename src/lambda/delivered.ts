/** What functions need of an engine: the port, and the side of it that is fed by messages. Types only. */
import type { Claim, Engine, Lease } from "../core/engine.ts";
import type { Message } from "../engines/aws/message.ts";
import type { Watchers } from "../engines/aws/watchers.ts";

export type { Message };

export type Delivered =
  | { readonly kind: "claimed"; readonly claim: Claim }
  | { readonly kind: "later"; readonly hideMs: number }
  | { readonly kind: "over" }
  | { readonly kind: "malformed"; readonly detail: string };

export interface DeliveredEngine extends Engine {
  /** Who is to be told of what, through sockets. */
  readonly watchers: Watchers;
  deliver(messages: readonly Message[], leaseMs: number): Promise<readonly Delivered[]>;
  fateOf(
    lease: Lease,
  ):
    | { readonly kind: "delete" }
    | { readonly kind: "hide"; readonly ms: number }
    | { readonly kind: "leave" };
  hide(message: Message, ms: number): Promise<boolean>;
  exhausted(messages: readonly Message[]): Promise<readonly boolean[]>;
  quiet(): Promise<void>;
}
