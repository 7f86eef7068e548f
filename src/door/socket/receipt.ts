/** One receipt that a socket follows until its final state. Every push is what the store said of it to this principal. */
import { problem } from "../../core/errors.ts";
import { isFinal, type Job, type JobId, type Principal } from "../../core/job.ts";
import type { Runtime } from "../../core/runtime.ts";
import { pushOf } from "../push.ts";
import { receiptText } from "../receipt.ts";
import { unknownReceipt } from "../replies.ts";
import type { Watch, Watcher } from "../watches.ts";
import { type FrameRef, frames } from "./frames.ts";
import { CLOSE, type Outlet } from "./outlet.ts";

/** Frames that ask for one receipt, not answered yet. */
const MOST_ASKING = 64;

export class FollowedReceipt implements Watcher {
  readonly #id: JobId;
  readonly #outlet: Outlet;
  readonly #runtime: Runtime;
  readonly #onEnd: () => void;
  readonly #watch: Watch;
  readonly #repeat: () => void;
  #asking: FrameRef[] = [];

  /** `told`: the state that the client has been sent already. */
  constructor(
    id: JobId,
    principal: Principal,
    outlet: Outlet,
    runtime: Runtime,
    onEnd: () => void,
    told?: Job,
  ) {
    this.#id = id;
    this.#outlet = outlet;
    this.#runtime = runtime;
    this.#onEnd = onEnd;
    this.#watch = pushOf(runtime).watches.watch({ id, principal }, this, told);
    this.#repeat = () => this.#watch.repeat();
  }

  /** A frame asked for the state now. */
  ask(ref: FrameRef): void {
    if (this.#asking.length >= MOST_ASKING) {
      const error = problem("quota-exceeded", "Wait for the answers to your earlier frames.");
      this.#outlet.send(frames.problem(ref, error, { receipt: this.#id, retryAfter: 1 }));
      return;
    }
    this.#asking.push(ref);
    this.#watch.repeat();
  }

  changed(job: Job): void {
    if (!this.#outlet.admits(this.#repeat)) return;
    const text = receiptText(job, this.#runtime);
    for (const ref of this.#refs()) this.#outlet.send(frames.status(ref, text));
    if (isFinal(job.status)) this.leave();
  }

  gone(): void {
    const { problem } = unknownReceipt();
    for (const ref of this.#refs()) this.#outlet.send(frames.problem(ref, problem, { receipt: this.#id }));
    this.leave();
  }

  unreadable(): void {
    this.#outlet.close(CLOSE.INTERNAL, "The store cannot be read; come again.");
  }

  leave(): void {
    this.#watch.leave();
    this.#onEnd();
  }

  /** One frame for each that asked; one when none did. */
  #refs(): readonly FrameRef[] {
    const refs = this.#asking.length > 0 ? this.#asking : [undefined];
    this.#asking = [];
    return refs;
  }
}
