/** What every part of the engine works with, and what it may decide about the way back of a job. */
import type { EngineHost, Retention } from "../../core/engine.ts";
import type { Job } from "../../core/job.ts";
import type { Database } from "./database.ts";
import type { Items } from "./items.ts";
import type { Notice } from "./message.ts";
import type { Queues } from "./queues.ts";
import type { WayBack } from "./rows.ts";
import type { Ticks } from "./ticks.ts";

/** The way back of a job that has just changed, and the message that is sent for it. */
export type Way = WayBack & { readonly notice?: Notice };

/** How this process gets its work: by asking for it, or by being handed messages. */
export interface Mode {
  /** Of a call that was just accepted; its message is sent before it is answered. */
  accepted(job: Job): Way;
  /** Of a call that is there already, by whoever cannot know whether its message was ever sent. */
  repeated(job: Job, now: number): Way;
  /** Of a job that was sent with an outcome: nobody waits for its message. */
  sent(job: Job): Way;
  /** Of a job that was settled to be queued again, by the holder of this lease. */
  again(job: Job, leaseToken: string): Way;
  /** Of one that is queued again by somebody else: redriven, or taken back. */
  returned(job: Job): Way;
  /** Of a call that is run at once from its first moment, or from the moment that it is to be kept if it is lost. */
  born(job: Job): Way;
  /** Of a running job whose row was last written with this way back. */
  running(job: Job, wayBack: "due" | "lease" | undefined): Way;
  /** Told of each row that was written. */
  wrote(job: Job, way: Way): void;
}

export type Store = {
  readonly database: Database;
  readonly items: Items;
  readonly queues: Queues;
  readonly ticks: Ticks;
  readonly retention: Retention;
  readonly host: EngineHost;
  readonly mode: Mode;
  /** Sends what need not be waited for. */
  notify(notices: readonly Notice[]): void;
};
