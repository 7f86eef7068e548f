/** What a socket is told of jobs by whoever pushes, wherever the socket is: no more of the door than that. */
import type { Clock } from "../../core/clock.ts";
import type { Cursor } from "../../core/engine.ts";
import type { Job, JobId } from "../../core/job.ts";
import type { LiveRuns } from "../../core/live.ts";
import type { Identity } from "../identity.ts";
import { receiptText } from "../receipt.ts";
import { unknownReceipt } from "../replies.ts";
import { fitted } from "./fitted.ts";
import { type FrameRef, frames } from "./frames.ts";

export class SocketTexts {
  readonly #live: LiveRuns;
  readonly #clock: Clock;

  constructor({ live, clock }: { readonly live: LiveRuns; readonly clock: Clock }) {
    this.#live = live;
    this.#clock = clock;
  }

  status(job: Job, cursor?: Cursor, ref?: FrameRef): string {
    return fitted(frames.status(ref, receiptText(job, { live: this.#live }), cursor));
  }

  /** Of a receipt that is unknown, or there no more. */
  unknown(id: JobId, ref?: FrameRef): string {
    return frames.problem(ref, unknownReceipt().problem, { receipt: id });
  }

  /** An expired token gets nothing more, not even what it asked for in time. */
  isOver({ expiresAt }: Identity): boolean {
    return expiresAt !== undefined && this.#clock.now() >= expiresAt;
  }
}
