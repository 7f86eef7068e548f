/** Chance that repeats: the same seed gives the same fractions and the same bits, whatever is asked in between. */
import type { Random } from "../../src/core/random.ts";

export class SeededRandom implements Random {
  readonly #fractions: () => number;
  readonly #bytes: () => number;

  constructor(seed: number) {
    this.#fractions = sequence(seed);
    this.#bytes = sequence(seed ^ 0x5bd1e995);
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

/** mulberry32, which passes the usual tests of randomness and fits on a few lines. */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
