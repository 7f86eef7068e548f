/** The end of an attempt from outside: its timeout, a cancel, or the server's stop. Says nothing of what follows. */
import type { Outcome } from "./decide.ts";
import { problem, SpillwayError } from "./errors.ts";

/** Serves all runs of one attempt. */
export class Stop {
  readonly #timeoutMs: number;
  #controller: AbortController | undefined;
  #reason: Error | undefined;
  #ended: ((outcome: Outcome) => void) | undefined;
  #outcome: Outcome | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

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

  timeOut(): void {
    const error = problem("handler-timeout", `It did not end within ${this.#timeoutMs} ms.`);
    this.end(
      { kind: "failed", error },
      new SpillwayError("handler-timeout", `The attempt's ${this.#timeoutMs} ms are over.`),
    );
  }

  /** The attempt is over, whatever the handler does. */
  end(outcome: Outcome, reason: Error): void {
    this.abort(reason);
    this.#outcome ??= outcome;
    this.#ended?.(this.#outcome);
  }

  /** The run's own end, or the one forced on it. `run` never rejects. */
  race<T>(run: Promise<T>, forced: (outcome: Outcome) => T): Promise<T> {
    return new Promise((resolve) => {
      const end = (outcome: Outcome) => resolve(forced(outcome));
      if (this.#outcome) end(this.#outcome);
      this.#ended = end;
      void run.then(resolve);
    });
  }

  /** The end that was forced on it, if one was. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }
}
