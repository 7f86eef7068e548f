/**
 * One open socket: reads its frames, answers each, and keeps what it follows. Nothing that a client sends closes it
 * but a frame that is too large; no push leaves it that was not looked up for its principal.
 */
import { problem } from "../../core/errors.ts";
import { isFinal, type Job, type JobId } from "../../core/job.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Calls } from "../calls.ts";
import type { SocketPeer, SocketSession } from "../exchange.ts";
import type { Identity } from "../identity.ts";
import { unknownReceipt } from "../replies.ts";
import { callFrame } from "./call.ts";
import { bad, type CallFrame, type FrameRef, frames, readFrame } from "./frames.ts";
import { LONGEST_FRAME, LONGEST_ID, MOST_CALLS, MOST_FOLLOWED, TOO_MANY } from "./limits.ts";
import { FollowedPrincipal } from "./mine.ts";
import { CLOSE, Outlet } from "./outlet.ts";
import { FollowedReceipt } from "./receipt.ts";

/** `named`: callers have names, so each has jobs of its own. */
export type SocketHost = { readonly runtime: Runtime; readonly calls: Calls; readonly named: boolean };

export class SocketConnection implements SocketSession {
  readonly #host: SocketHost;
  readonly #identity: Identity;
  readonly #outlet: Outlet;
  readonly #receipts = new Map<JobId, FollowedReceipt>();
  #mine: FollowedPrincipal | undefined;
  #calls = 0;

  constructor(peer: SocketPeer, identity: Identity, host: SocketHost, onClose: () => void) {
    this.#host = host;
    this.#identity = identity;
    this.#outlet = new Outlet(peer, host.runtime.clock, () => {
      this.#mine?.leave();
      for (const receipt of [...this.#receipts.values()]) receipt.leave();
      onClose();
    });
  }

  onText(text: string): void {
    if (this.#isOver()) return;
    // UTF-8 has a byte or more for each of these; what is just above the limit in bytes is the transport's to refuse.
    if (text.length > LONGEST_FRAME) return this.close(CLOSE.TOO_LARGE, "A frame has 64 KiB at most.");
    const { ref, frame } = readFrame(text);
    switch (frame.kind) {
      case "subscribe":
        return this.#subscribe(frame.receipt, ref);
      case "subscribe-mine":
        return this.#subscribeMine(frame.after, ref);
      case "unsubscribe":
        this.#receipts.get(frame.receipt)?.leave();
        return this.#outlet.send(frames.plain("unsubscribed", ref, { receipt: frame.receipt }));
      case "unsubscribe-mine":
        this.#mine?.leave();
        this.#mine = undefined;
        return this.#outlet.send(frames.plain("unsubscribed", ref, { mine: true }));
      case "call":
        return void this.#call(frame, ref);
      case "ping":
        return this.#outlet.send(frames.plain("pong", ref));
      case "bad":
        return this.#outlet.send(frames.problem(ref, frame.problem));
    }
  }

  onBinary(): void {
    if (this.#isOver()) return;
    this.#outlet.send(frames.problem(undefined, bad("Frames are text.").problem));
  }

  onClose(): void {
    this.#outlet.closedByPeer();
  }

  close(code: number, reason: string): void {
    this.#outlet.close(code, reason);
  }

  tick(): void {
    if (!this.#isOver()) this.#outlet.tick();
  }

  /** An expired token gets nothing more, not even what it asked for in time. */
  #isOver(): boolean {
    const { expiresAt } = this.#identity;
    if (expiresAt !== undefined && this.#host.runtime.clock.now() >= expiresAt) {
      this.close(CLOSE.EXPIRED, "The token has expired.");
    }
    return this.#outlet.closed;
  }

  #subscribe(id: JobId, ref: FrameRef): void {
    if (id.length > LONGEST_ID) {
      return this.#outlet.send(
        frames.problem(ref, unknownReceipt().problem, { receipt: id.slice(0, LONGEST_ID) }),
      );
    }
    if (!this.#receipts.has(id) && this.#isFull()) return this.#refuse(ref, TOO_MANY, { receipt: id });
    this.#follow(id).ask(ref);
  }

  #subscribeMine(after: string | undefined, ref: FrameRef): void {
    const { runtime, named } = this.#host;
    if (!named) {
      const error = problem("forbidden", "Callers have no names here; subscribe to receipts by their ids.");
      return this.#outlet.send(frames.problem(ref, error));
    }
    this.#mine?.leave();
    const { principal } = this.#identity;
    // Without a store there are no jobs, now or later.
    this.#mine =
      runtime.store && new FollowedPrincipal(principal, after, ref, this.#outlet, runtime, runtime.store);
  }

  async #call(frame: CallFrame, ref: FrameRef): Promise<void> {
    if (this.#calls >= MOST_CALLS)
      return this.#refuse(ref, `${MOST_CALLS} calls of this socket are not answered yet.`);
    if (this.#isFull()) return this.#refuse(ref, TOO_MANY);
    this.#calls++;
    const { calls, runtime } = this.#host;
    const { text, job } = await callFrame(frame, ref, this.#identity.principal, calls, runtime);
    await this.#room();
    this.#calls--;
    if (this.#isOver()) return;
    this.#outlet.send(text);
    if (job && !isFinal(job.status) && !this.#outlet.closed) this.#follow(job.id, job);
  }

  /** A client that does not read its answers gets no more calls in, and so they cannot pile up. */
  async #room(): Promise<void> {
    for (;;) {
      const room = Promise.withResolvers<void>();
      if (this.#outlet.closed || this.#outlet.admits(room.resolve)) return;
      if (this.#outlet.closed) return;
      await room.promise;
    }
  }

  #follow(id: JobId, told?: Job): FollowedReceipt {
    const known = this.#receipts.get(id);
    if (known) return known;
    const { principal } = this.#identity;
    const onEnd = () => this.#receipts.delete(id);
    const receipt = new FollowedReceipt(id, principal, this.#outlet, this.#host.runtime, onEnd, told);
    this.#receipts.set(id, receipt);
    return receipt;
  }

  #isFull(): boolean {
    return this.#receipts.size + this.#calls >= MOST_FOLLOWED;
  }

  #refuse(ref: FrameRef, detail: string, about: { readonly receipt?: JobId } = {}): void {
    this.#outlet.send(frames.problem(ref, problem("quota-exceeded", detail), { ...about, retryAfter: 1 }));
  }
}
