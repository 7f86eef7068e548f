/** Chance that repeats: the same seed gives the same fractions and the same bits, whatever is asked in between. */
import type { Random } from "../../src/core/random.ts";
import { fractions } from "../../src/lab/chance.ts";

export class SeededRandom implements Random {
  readonly #fractions: () => number;
  readonly #bytes: () => number;

  constructor(seed: number) {
    this.#fractions = fractions(seed);
    this.#bytes = fractions(seed ^ 0x5bd1e995);
  }

  fraction(): number {
    return this.#fractions();
  }

  hex(bytes: number): string {
    let text = "";
    for (let i = 0; i < bytes; i++) {
      text += Math.floor(this.#bytes() * 256)
        .toString(16)
        .padStart(2, "0");
    }
    return text;
  }

  /** A whole number from 0 to `below` − 1. */
  integer(below: number): number {
    return Math.floor(this.fraction() * below);
  }

  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new Error("Nothing to pick from.");
    return choices[this.integer(choices.length)] as T;
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }
}
