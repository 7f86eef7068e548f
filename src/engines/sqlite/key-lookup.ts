/** From an id to its row, for whichever side asks: by the sequence that it bears, or by where its key may stand. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { sequenceOf } from "../../core/ids.ts";
import type { JobId } from "../../core/job.ts";
import { hashOf, type KeyIndex } from "./key-index.ts";
import { type AnyRow, inArrays } from "./rows.ts";

export class KeyLookup {
  readonly #index: KeyIndex;
  readonly #older: StatementSync;

  constructor(database: DatabaseSync, index: KeyIndex) {
    this.#index = index;
    this.#older = inArrays(database.prepare("SELECT sequence FROM keys WHERE hash = ?"));
  }

  /** @param bySequence selects rows that begin with a job's */
  find<R extends AnyRow>(id: JobId, bySequence: StatementSync): R | undefined {
    for (const sequence of this.#placesOf(id)) {
      const row = bySequence.get(sequence) as unknown as R | undefined;
      if (row?.[1] === id) return row;
    }
    return undefined;
  }

  /** The index first: what leaves it is among the older ones by then. */
  *#placesOf(id: JobId): Iterable<number> {
    const sequence = sequenceOf(id);
    if (sequence !== undefined) return yield sequence;
    const hash = hashOf(id);
    yield* this.#index.candidates(hash);
    for (const [older] of this.#older.all(hash) as unknown as readonly (readonly [number])[]) yield older;
  }
}
