/** Says the first of several failures in a row and keeps the others to itself, so that a store that is down fills no log. */
import type { Runtime } from "./runtime.ts";

export class Streak {
  readonly #runtime: Pick<Runtime, "onError">;
  #failing = false;

  constructor(runtime: Pick<Runtime, "onError">) {
    this.#runtime = runtime;
  }

  failed(error: unknown): void {
    if (!this.#failing) this.#runtime.onError(error);
    this.#failing = true;
  }

  over(): void {
    this.#failing = false;
  }
}
