/** Chance that repeats: the same seed gives the same fractions, so that every lane gets the same arrivals. */

/** mulberry32, which passes the usual tests of randomness and fits on a few lines. 0 ≤ x < 1. */
export function fractions(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
