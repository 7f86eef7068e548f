/**
 * Sockets of a transport that keeps none in memory: each frame comes by itself, to whatever process is there, and
 * what a socket follows is kept where whoever changes a job finds it. The frames are those of `connection.ts`.
 */
import type { Cursor } from "../../core/engine.ts";
import { problem, SpillwayError } from "../../core/errors.ts";
import { isFinal, type Job, type JobId, type JobRecord } from "../../core/job.ts";
import type { Runtime } from "../../core/runtime.ts";
import type { Calls } from "../calls.ts";
import type { DoorRequest, Reply } from "../exchange.ts";
import type { Gatekeeper, Identity } from "../identity.ts";
import type { Origins } from "../origins.ts";
import { foreignOrigin, problemReply, Refused } from "../replies.ts";
import { callFrame } from "./call.ts";
import { fitted } from "./fitted.ts";
import { bad, type CallFrame, type FrameRef, frames, readFrame } from "./frames.ts";
import { LONGEST_FRAME, LONGEST_ID, TOO_MANY } from "./limits.ts";
import { PROTOCOL, socketIdentity } from "./offer.ts";
import { SocketTexts } from "./texts.ts";

/** What the transport gives for one socket. It forgets a socket that it finds gone, and none of this fails for that. */
export interface FarSocket {
  readonly identity: Identity;
  send(text: string): Promise<void>;
  close(): Promise<void>;
  /** Whether it follows as many receipts as it may. */
  isFull(): Promise<boolean>;
  /** Whether it follows it now: whatever is committed from here on is told to it. Not if it follows too many. */
  follow(id: JobId): Promise<boolean>;
  unfollow(id: JobId): Promise<void>;
  /** All jobs of its principal after this place, those there are and those to come. `begun`: before the first. */
  followMine(after: Cursor | undefined, begun: () => Promise<void>): Promise<void>;
  unfollowMine(): Promise<void>;
}

export type Admission =
  | { readonly kind: "admitted"; readonly protocol: string; readonly identity: Identity }
  | { readonly kind: "refused"; readonly reply: Reply };

export class DetachedSockets {
  readonly #runtime: Runtime;
  readonly #calls: Calls;
  readonly #gatekeeper: Gatekeeper;
  readonly #origins: Origins;
  readonly #texts: SocketTexts;

  constructor(runtime: Runtime, calls: Calls, gatekeeper: Gatekeeper, origins: Origins) {
    this.#runtime = runtime;
    this.#calls = calls;
    this.#gatekeeper = gatekeeper;
    this.#origins = origins;
    this.#texts = new SocketTexts(runtime);
  }

  /** Who asks for a socket, or why there is none for it. */
  async admit(request: DoorRequest): Promise<Admission> {
    try {
      if (!this.#origins.permits(request)) throw foreignOrigin();
      const identity = await socketIdentity(request, this.#gatekeeper, this.#runtime.clock);
      return { kind: "admitted", protocol: PROTOCOL, identity };
    } catch (error) {
      if (error instanceof Refused)
        return { kind: "refused", reply: problemReply(error.problem, error.headers) };
      throw error;
    }
  }

  /** Resolves when all that this frame leads to has been sent and kept. */
  async hear(text: string, far: FarSocket): Promise<void> {
    if (this.#texts.isOver(far.identity) || text.length > LONGEST_FRAME) return far.close();
    const { ref, frame } = readFrame(text);
    switch (frame.kind) {
      case "subscribe":
        return this.#reading(ref, { receipt: frame.receipt }, far, () =>
          this.#subscribe(frame.receipt, ref, far),
        );
      case "subscribe-mine":
        return this.#reading(ref, {}, far, () => this.#subscribeMine(frame.after, ref, far));
      case "unsubscribe":
        if (frame.receipt.length <= LONGEST_ID) await far.unfollow(frame.receipt);
        return far.send(frames.plain("unsubscribed", ref, { receipt: frame.receipt }));
      case "unsubscribe-mine":
        await far.unfollowMine();
        return far.send(frames.plain("unsubscribed", ref, { mine: true }));
      case "call":
        return this.#call(frame, ref, far);
      case "ping":
        return far.send(frames.plain("pong", ref));
      case "bad":
        return far.send(frames.problem(ref, frame.problem));
    }
  }

  async hearBinary(far: FarSocket): Promise<void> {
    if (this.#texts.isOver(far.identity)) return far.close();
    return far.send(frames.problem(undefined, bad("Frames are text.").problem));
  }

  /** A store that cannot be read now is no reason to close what can be asked again on it. */
  async #reading(
    ref: FrameRef,
    about: { readonly receipt?: JobId },
    far: FarSocket,
    run: () => Promise<void>,
  ): Promise<void> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof SpillwayError && error.code === "malformed-request") {
        return far.send(frames.problem(ref, problem("malformed-request", error.message)));
      }
      this.#runtime.onError(error);
      const unread = problem("storage-unavailable", "The store could not be read; ask again.");
      return far.send(frames.problem(ref, unread, { ...about, retryAfter: 1 }));
    }
  }

  async #subscribe(id: JobId, ref: FrameRef, far: FarSocket): Promise<void> {
    const known = id.length > LONGEST_ID ? undefined : await this.#find(id, far);
    // Nothing is kept for what has nothing more to tell.
    if (!known) return far.send(this.#texts.unknown(id.slice(0, LONGEST_ID), ref));
    if (isFinal(known.status)) return far.send(this.#texts.status(known, undefined, ref));
    if (!(await far.follow(id))) return this.#refuse(ref, far, id);
    return this.#tellNow(id, far, ref);
  }

  /** What became of it until it was surely followed. `told`: the state that the client has been sent already. */
  async #tellNow(id: JobId, far: FarSocket, ref: FrameRef, told?: Job): Promise<void> {
    const now = await this.#find(id, far);
    if (!now) await far.send(this.#texts.unknown(id, ref));
    else if (now.revision !== told?.revision || now.status !== told.status) {
      await far.send(this.#texts.status(now, undefined, ref));
    }
    if (!now || isFinal(now.status)) await far.unfollow(id);
  }

  async #subscribeMine(after: Cursor | undefined, ref: FrameRef, far: FarSocket): Promise<void> {
    if (!this.#gatekeeper.knowsPrincipals) {
      const error = problem("forbidden", "Callers have no names here; subscribe to receipts by their ids.");
      return far.send(frames.problem(ref, error));
    }
    const { store } = this.#runtime;
    // Without a store there are no jobs, now or later.
    if (!store) return;
    // Before anything is kept for it, since the engine alone can tell what is no cursor.
    await store.engine.changes(far.identity.principal, after, 1);
    await far.followMine(after, async () => {
      if (ref !== undefined) await far.send(frames.plain("subscribed", ref, { mine: true }));
    });
  }

  async #call(frame: CallFrame, ref: FrameRef, far: FarSocket): Promise<void> {
    if (await far.isFull()) return this.#refuse(ref, far);
    const { text, job } = await callFrame(frame, ref, far.identity.principal, this.#calls, this.#runtime);
    if (this.#texts.isOver(far.identity)) return far.close();
    await far.send(fitted(text));
    if (!job || isFinal(job.status)) return;
    const about = { receipt: job.id };
    await this.#reading(undefined, about, far, async () => {
      if (await far.follow(job.id)) await this.#tellNow(job.id, far, undefined, job);
      else await this.#refuse(undefined, far, job.id);
    });
  }

  async #find(id: JobId, { identity: { principal } }: FarSocket): Promise<JobRecord | undefined> {
    const [job] = (await this.#runtime.store?.engine.find([{ id, principal }])) ?? [];
    return job?.listed ? job : undefined;
  }

  #refuse(ref: FrameRef, far: FarSocket, receipt?: JobId): Promise<void> {
    const about = receipt === undefined ? {} : { receipt };
    return far.send(frames.problem(ref, problem("quota-exceeded", TOO_MANY), { ...about, retryAfter: 1 }));
  }
}
