/**
 * Asks until it is known what happened. A refusal is passed on, trouble on the way is tried again, and a write of which
 * nobody can say whether it was done is repeated, unaltered, until somebody can. Only then, after a minute, is it fatal.
 */
import type { EngineHost } from "../../core/engine.ts";
import { troubleOf, unavailable } from "./trouble.ts";

/** How long a store may be busy or out of reach before whoever asked is told so. */
const PATIENCE_MS = 8_000;
/** How long a write may be in doubt. */
const DOUBT_MS = 60_000;
const FIRST_WAIT_MS = 25;
const LONGEST_WAIT_MS = 2_000;
/** Tried again at once: most trouble is over with the next connection. */
const AT_ONCE = 2;

export type Ask = { readonly what: string; readonly alters: boolean };

export class Persistence {
  readonly #host: EngineHost;
  #fatal = false;

  constructor(host: EngineHost) {
    this.#host = host;
  }

  /** @param isAnswer errors that answer the question, as a failed condition does. */
  async until<T>(ask: Ask, run: () => Promise<T>, isAnswer: (error: unknown) => boolean): Promise<T> {
    const begunAt = this.#host.clock.monotonic();
    let inDoubt = false;
    for (let tries = 0; ; tries++) {
      try {
        return await run();
      } catch (error) {
        if (isAnswer(error)) throw error;
        const trouble = troubleOf(error);
        inDoubt ||= trouble === "unknown" && ask.alters;
        if (trouble === "refused" && !inDoubt) throw error;
        const waited = this.#host.clock.monotonic() - begunAt;
        if (inDoubt && waited > DOUBT_MS) return await this.giveUp(ask.what, error);
        if (!inDoubt && waited > PATIENCE_MS) throw unavailable(ask.what, error);
      }
      await this.pause(tries);
    }
  }

  /** Before the next try: not at all at first, then longer and longer, by chance. */
  pause(tries: number): Promise<void> {
    const { clock, random } = this.#host;
    if (tries < AT_ONCE) return new Promise((resolve) => clock.soon(resolve));
    const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - AT_ONCE));
    return new Promise((resolve) => void clock.after(1 + random.fraction() * most, resolve));
  }

  /** Nothing that was promised may be guessed: the process stops, and another one reads what is there. */
  giveUp(what: string, error: unknown): Promise<never> {
    if (!this.#fatal) {
      this.#fatal = true;
      this.#host.onFatal(unavailable(`${what}, of which it cannot be told whether it was done,`, error));
    }
    return new Promise(() => {});
  }
}
