/** A socket whose transport keeps what it follows: frames end in an array, and what is followed in a set. */
import assert from "node:assert/strict";
import type { Cursor } from "../../src/core/engine.ts";
import type { Identity } from "../../src/door/identity.ts";
import type { FarSocket } from "../../src/door/socket/detached.ts";
import type { Frame, Rig } from "./push-rig.ts";

export class KeptSocket implements FarSocket {
  readonly identity: Identity;
  readonly following = new Set<string>();
  /** The places from which it was to follow all jobs of its principal; the last counts. */
  readonly mine: (Cursor | undefined)[] = [];
  most = 1_000;
  isClosed = false;
  readonly #rig: Rig;
  readonly #frames: Frame[] = [];

  constructor(rig: Rig, identity: Identity) {
    this.#rig = rig;
    this.identity = identity;
  }

  async send(text: string): Promise<void> {
    assert.equal(this.isClosed, false, "nothing is sent after the close");
    assert.match(text, /^\{"type":"/, "type comes first");
    this.#frames.push(JSON.parse(text));
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  async isFull(): Promise<boolean> {
    return this.following.size >= this.most;
  }

  async follow(id: string): Promise<boolean> {
    if (!this.following.has(id) && this.following.size >= this.most) return false;
    this.following.add(id);
    return true;
  }

  async unfollow(id: string): Promise<void> {
    this.following.delete(id);
  }

  async followMine(after: Cursor | undefined, begun: () => Promise<void>): Promise<void> {
    this.mine.push(after);
    await begun();
  }

  async unfollowMine(): Promise<void> {
    this.mine.length = 0;
  }

  /** The frames that this one led to, when nothing more comes of it without time passing. */
  async say(frame: object | string): Promise<readonly Frame[]> {
    const sockets = await this.#rig.app.detached();
    void sockets.hear(typeof frame === "string" ? frame : JSON.stringify(frame), this);
    // What happens on the way may take as many turns again.
    for (let turn = 0; turn < 4; turn++) await this.#rig.settle();
    return this.take();
  }

  async only(frame: object | string): Promise<Frame> {
    const answers = await this.say(frame);
    assert.equal(answers.length, 1, JSON.stringify(answers));
    return answers[0] as Frame;
  }

  take(): readonly Frame[] {
    return this.#frames.splice(0);
  }
}
