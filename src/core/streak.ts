/** Says the first of several failures in a row and keeps the others to itself, so that a store that is down fills no log. */
import type { Runtime } from "./runtime.ts";

type Told = Pick<Runtime, "onError" | "outage">;

export class Streak {
  readonly #runtime: Told;
  #failing = false;

  constructor(runtime: Told) {
    this.#runtime = runtime;
  }

  failed(error: unknown): void {
    const { onError, outage } = this.#runtime;
    if (this.#failing) outage?.lasts(error);
    else onError(error);
    this.#failing = true;
  }

  over(): void {
    this.#failing = false;
    this.#runtime.outage?.answered();
  }
}
