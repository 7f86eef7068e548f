/**
 * Where the jobs of the keys that came last stand: two hash tables in memory that both threads see, written by the
 * owner alone. A key's id is random, so in a b-tree each would alter a page of its own: accepting one cost the
 * owner 42 µs in groups of 32, and with all of this 22. It only says where to look: whoever asks compares the id in
 * the row, and looks among the older keys in `keys` next.
 */
import type { JobId } from "../../core/job.ts";

const SLOTS = 65_536;
/** Half full, a probe seldom goes beyond the next slot. */
export const GENERATION_KEYS = SLOTS / 2;
/** And so full it takes no more. */
export const MOST_KEYS = Math.floor(SLOTS * 0.9);
/** A hash and a sequence. */
const NUMBERS_A_SLOT = 2;
const EMPTY = 0;
/** The sequence of a key that is forgotten; its slot stays taken, as others may have been put behind it. */
export const NOWHERE = -1;

/** Of the two: the one that grows, and the one whose keys are on their way to `keys`. */
export type Generation = 0 | 1;

export class KeyIndex {
  readonly memory: SharedArrayBuffer;
  readonly #tables: readonly [Float64Array, Float64Array];
  readonly #counts = [0, 0];

  constructor(memory = new SharedArrayBuffer(2 * SLOTS * NUMBERS_A_SLOT * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    const table = (generation: Generation) =>
      new Float64Array(memory, (generation * memory.byteLength) / 2, SLOTS * NUMBERS_A_SLOT);
    this.#tables = [table(0), table(1)];
  }

  /** Of what this side has put in. */
  count(generation: Generation): number {
    return this.#counts[generation] as number;
  }

  /** False if there is no room. */
  put(generation: Generation, hash: number, sequence: number): boolean {
    if (this.count(generation) >= MOST_KEYS) return false;
    const table = this.#tables[generation];
    let at = placeOf(hash);
    while (table[at] !== EMPTY) at = next(at);
    // The sequence first: whoever finds the hash finds a sequence with it.
    table[at + 1] = sequence;
    table[at] = hash;
    this.#counts[generation] = this.count(generation) + 1;
    return true;
  }

  /** Sequences of jobs whose key may have this hash; the other thread's latest may be missing. */
  candidates(hash: number): readonly number[] {
    const found: number[] = [];
    for (const table of this.#tables) {
      for (let at = placeOf(hash); table[at] !== EMPTY; at = next(at)) {
        if (table[at] === hash && table[at + 1] !== NOWHERE) found.push(table[at + 1] as number);
      }
    }
    return found;
  }

  forget(hash: number, sequence: number): void {
    for (const table of this.#tables) {
      for (let at = placeOf(hash); table[at] !== EMPTY; at = next(at)) {
        if (table[at] === hash && table[at + 1] === sequence) table[at + 1] = NOWHERE;
      }
    }
  }

  /** Its keys, in the order of their hashes. */
  sorted(generation: Generation): Float64Array {
    const table = this.#tables[generation];
    const hashes = new Float64Array(this.count(generation));
    let count = 0;
    for (let at = 0; at < table.length; at += NUMBERS_A_SLOT) {
      if (table[at] !== EMPTY) hashes[count++] = table[at] as number;
    }
    return hashes.sort();
  }

  clear(generation: Generation): void {
    this.#tables[generation].fill(EMPTY);
    this.#counts[generation] = 0;
  }
}

function placeOf(hash: number): number {
  return (hash % SLOTS) * NUMBERS_A_SLOT;
}

function next(at: number): number {
  return (at + NUMBERS_A_SLOT) % (SLOTS * NUMBERS_A_SLOT);
}

const HASHED_CHARACTERS = 8;
const BITS_A_CHARACTER = 6;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** Of a character of base64url its value; any other counts as its lowest bits. */
const VALUES = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = DIGITS.indexOf(String.fromCharCode(code));
  return value < 0 ? code % DIGITS.length : value;
});

/** 48 bits of an id that is an HMAC in base64url; never 0. */
export function hashOf(id: JobId): number {
  let hash = 0;
  for (let at = 0; at < HASHED_CHARACTERS; at++) {
    hash = hash * 2 ** BITS_A_CHARACTER + (VALUES[id.charCodeAt(at) & 127] as number);
  }
  return hash + 1;
}
