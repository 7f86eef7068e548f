/** Says the first of several failures in a row and keeps the others to itself, so that a store that is down fills no log. */
import type { Runtime } from "../core/runtime.ts";

export class Streak {
  readonly #runtime: Pick<Runtime, "onError">;
  #failing = false;

  constructor(runtime: Pick<Runtime, "onError">) {
    this.#runtime = runtime;
  }

  failed(error: unknown, operation = ""): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#runtime.onError(error, { operation, id: "", attempt: 0 });
  }

  over(): void {
    this.#failing = false;
  }
}
