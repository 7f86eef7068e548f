/** Tells those who watch through sockets what changed: one push at a time, and what changes meanwhile in the next. */
import type { Changed, Notices } from "./notices.ts";

export interface Pusher {
  /** Never rejects: what cannot be told is there to be asked for. */
  push(changed: Changed): Promise<void>;
}

export class Pushes {
  readonly #notices: Notices;
  readonly #pusher: Pusher | undefined;
  #underWay: Promise<void> | undefined;

  constructor(notices: Notices, pusher: Pusher | undefined) {
    this.#notices = notices;
    this.#pusher = pusher;
  }

  /** As things change, rather than when all is over. */
  begin(): void {
    this.#notices.onChange = () => void this.#told();
  }

  /**
   * Resolves when all that has changed until now was told, or when there is no time left for it: what a push is about
   * is done, and must be answered as that. The sweep makes up for the push.
   */
  flush(noTimeLeft: Promise<void>): Promise<void> {
    return Promise.race([this.#told(), noTimeLeft]);
  }

  #told(): Promise<void> {
    this.#underWay ??= this.#run();
    return this.#underWay;
  }

  /** Of what changed until now nobody need be told. */
  forget(): void {
    this.#notices.take();
  }

  async #run(): Promise<void> {
    for (;;) {
      // After this turn, so that what is committed together is told together.
      await null;
      const changed = this.#notices.take();
      if (changed.receipts.length + changed.principals.length === 0) break;
      await this.#pusher?.push(changed);
    }
    this.#underWay = undefined;
  }
}
