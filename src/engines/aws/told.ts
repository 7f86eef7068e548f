/**
 * Up to where a connection was told of its principal's changes. A change may come into sight behind later ones, so
 * the mark stands where nothing can come before it any more, and what was told beyond it is remembered.
 */
import { hash } from "node:crypto";
import type { Place } from "./places.ts";

const TICK_BYTES = 8;
const ENTRY_BYTES = 16;
/** In one row; of more than that within the time, some is told again. */
const MOST_ENTRIES = 2_000;

export class Told {
  /** At and before it all has been told. */
  mark: string;
  /** Digests of places beyond it, with their ticks. */
  readonly #beyond = new Map<string, number>();

  constructor(mark: string, beyond: Uint8Array = new Uint8Array()) {
    this.mark = mark;
    const bytes = Buffer.from(beyond);
    for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
      const name = bytes.toString("hex", at + TICK_BYTES, at + ENTRY_BYTES);
      this.#beyond.set(name, Number(bytes.readBigUInt64BE(at)));
    }
  }

  has({ sort }: Place): boolean {
    return sort <= this.mark || this.#beyond.has(digest(sort));
  }

  /** `isSealed`: nothing can come before it any more, and all before it was told. */
  add({ sort, tick }: Place, isSealed: boolean): void {
    if (!isSealed) {
      this.#beyond.set(digest(sort), tick);
      return;
    }
    this.mark = sort;
    for (const [name, beyond] of this.#beyond) if (beyond <= tick) this.#beyond.delete(name);
  }

  bytes(): Uint8Array {
    const kept = [...this.#beyond].slice(-MOST_ENTRIES);
    const bytes = Buffer.alloc(kept.length * ENTRY_BYTES);
    for (const [i, [name, tick]] of kept.entries()) {
      bytes.writeBigUInt64BE(BigInt(tick), i * ENTRY_BYTES);
      bytes.write(name, i * ENTRY_BYTES + TICK_BYTES, "hex");
    }
    return bytes;
  }
}

function digest(sort: string): string {
  return hash("sha256", sort).slice(0, (ENTRY_BYTES - TICK_BYTES) * 2);
}
