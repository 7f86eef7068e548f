/**
 * Ids of calls without a key: a strictly growing 53-bit time sequence and 128 random bits, both in hex. A
 * store can use the sequence as its row id and needs no index on the id. Keyed ids are made at the door.
 */
import type { Clock } from "./clock.ts";
import type { JobId } from "./job.ts";
import type { Random } from "./random.ts";

const SEQUENCE_DIGITS = 14;
const MINTED = /^[0-9a-f]{46}$/;
/** Sequences within one millisecond, so that 2^53 lasts until the year 2248. */
const PER_MS = 1024;

export class Ids {
  readonly #clock: Clock;
  readonly #random: Random;
  #last = 0;
  /** The digits of the last sequence that change once in sixteen seconds, and what they stand for. */
  #upper = -1;
  #upperText = "";

  /** `after`: the highest sequence in the store, so that a clock set back cannot mint a row id twice. */
  constructor(clock: Clock, random: Random, after = 0) {
    this.#clock = clock;
    this.#random = random;
    this.#last = after;
  }

  mint(): { readonly id: JobId; readonly sequence: number } {
    const sequence = this.sequence();
    return { id: this.of(sequence), sequence };
  }

  /** Of a sequence that was taken; another one each time. */
  of(sequence: number): JobId {
    return this.#text(sequence) + this.#random.hex(16);
  }

  /** Alone, for a keyed job, whose id is made elsewhere. */
  sequence(): number {
    this.#last = Math.max(this.#last + 1, this.#clock.now() * PER_MS);
    return this.#last;
  }

  /** Number.prototype.toString(16) takes 0.2 µs for a number of this size. */
  #text(sequence: number): string {
    const upper = Math.floor(sequence / 2 ** 24);
    if (upper !== this.#upper) {
      this.#upper = upper;
      this.#upperText = upper.toString(16).padStart(SEQUENCE_DIGITS - 6, "0");
    }
    const lower = sequence % 2 ** 24;
    return this.#upperText + HEX[lower >> 16] + HEX[(lower >> 8) & 255] + HEX[lower & 255];
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Before every sequence that is minted at this moment or later, and after all that were minted earlier. */
export function sequenceAt(ms: number): number {
  return ms * PER_MS;
}

/** The sequence inside a minted id; undefined for a keyed one, or for what is no id at all. */
export function sequenceOf(id: JobId): number | undefined {
  return MINTED.test(id) ? Number.parseInt(id.slice(0, SEQUENCE_DIGITS), 16) : undefined;
}
