/** The end of an attempt from outside: its timeout, a cancel, or the server's stop. Says nothing of what follows. */
import type { Outcome } from "./decide.ts";

/** Serves all runs of one attempt. */
export class Stop {
  #controller: AbortController | undefined;
  #reason: Error | undefined;
  #outcome: Outcome | undefined;

  /** Made only for handlers that ask: most do not, and an AbortSignal is dear. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason && !this.#controller.signal.aborted) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** Tells the handler; it may still end as it likes. */
  abort(reason: Error): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }

  /** The attempt is over, whatever the handler does. The first end counts. */
  end(outcome: Outcome, reason: Error): void {
    this.abort(reason);
    this.#outcome ??= outcome;
  }

  /** The end that was forced on it, if one was. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }
}
