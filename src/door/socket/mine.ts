/**
 * All jobs of one principal, followed on a socket from a cursor. Every frame comes from the store's own list of
 * changes, in its order, and nothing is sent that would have to be remembered here: so nothing is ever missed.
 */
import type { Changes, Cursor } from "../../core/engine.ts";
import { problem, SpillwayError } from "../../core/errors.ts";
import type { Principal } from "../../core/job.ts";
import type { Runtime, Store } from "../../core/runtime.ts";
import { pushOf } from "../push.ts";
import { receiptText } from "../receipt.ts";
import { lookAgainTicks, UNREADABLE_TICKS } from "../watches.ts";
import { type FrameRef, frames } from "./frames.ts";
import { CLOSE, type Outlet } from "./outlet.ts";

const PAGE = 100;

export class FollowedPrincipal {
  readonly #principal: Principal;
  readonly #outlet: Outlet;
  readonly #runtime: Runtime;
  readonly #store: Store;
  readonly #leave: readonly (() => void)[];
  /** Of the frame that asked, until it is answered. */
  #ref: FrameRef;
  #cursor: Cursor | undefined;
  #readAt: number;
  #wanted = false;
  #reading = false;
  #left = false;

  constructor(
    principal: Principal,
    after: Cursor | undefined,
    ref: FrameRef,
    outlet: Outlet,
    runtime: Runtime,
    store: Store,
  ) {
    const { ticker } = pushOf(runtime);
    this.#principal = principal;
    this.#cursor = after;
    this.#ref = ref;
    this.#outlet = outlet;
    this.#runtime = runtime;
    this.#store = store;
    this.#readAt = ticker.count;
    this.#leave = [
      runtime.notifier.subscribe("principal", principal, this.#look),
      ticker.add(() => this.#tick(ticker.count - this.#readAt)),
    ];
    this.#look();
  }

  leave(): void {
    this.#left = true;
    for (const leave of this.#leave) leave();
  }

  readonly #look = (): void => {
    this.#wanted = true;
    if (!this.#reading) void this.#read();
  };

  #tick(age: number): void {
    if (age >= UNREADABLE_TICKS) this.#outlet.close(CLOSE.INTERNAL, "The store cannot be read; come again.");
    else if (age >= lookAgainTicks(this.#runtime)) this.#look();
  }

  async #read(): Promise<void> {
    this.#reading = true;
    while (this.#wanted && !this.#left) {
      this.#wanted = false;
      const { count } = pushOf(this.#runtime).ticker;
      const changes = await this.#changes();
      if (!changes || this.#left) break;
      this.#readAt = count;
      this.#answer();
      if (!this.#push(changes)) break;
      // An engine may give less than a page although there is more.
      if (changes.jobs.length > 0) this.#wanted = true;
    }
    this.#reading = false;
  }

  /** Undefined: the store cannot be read now, and a tick asks again; or the cursor is none. */
  async #changes(): Promise<Changes | undefined> {
    try {
      return await this.#store.engine.changes(this.#principal, this.#cursor, PAGE);
    } catch (error) {
      if (error instanceof SpillwayError && error.code === "malformed-request") {
        this.#outlet.send(frames.problem(this.#ref, problem("malformed-request", error.message)));
        this.leave();
      }
      return undefined;
    }
  }

  /** There may be no job to show, so who named its frame is told that it counts. */
  #answer(): void {
    if (this.#ref !== undefined) this.#outlet.send(frames.plain("subscribed", this.#ref, { mine: true }));
    this.#ref = undefined;
  }

  /** Whether all of it was sent; if not, it is read again from the last one that was, once there is room. */
  #push({ jobs, next }: Changes): boolean {
    for (const { job, cursor } of jobs) {
      if (!this.#outlet.admits(this.#look)) return false;
      this.#outlet.send(frames.status(undefined, receiptText(job, this.#runtime), cursor));
      this.#cursor = cursor;
    }
    this.#cursor = next;
    return true;
  }
}
