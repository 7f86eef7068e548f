/**
 * Where the job of a key stands, in the owner's hands. A new key goes to the index in memory, and to the end of
 * `key_log`, from which the index is filled when the store is opened. When a generation of the index is full, its
 * keys move to `keys` in the order of that table, a few with each group: 32,768 that arrive sorted share the pages
 * they alter, where each alone would alter one.
 */
import type { DatabaseSync } from "node:sqlite";
import type { JobId } from "../../core/job.ts";
import { GENERATION_KEYS, type Generation, hashOf, KeyIndex, MOST_KEYS, NOWHERE } from "./key-index.ts";
import { inArrays } from "./rows.ts";

/** With each group at least so many keys move, and more than are new: one generation is done before the next is full. */
const LEAST_MOVED = 16;
const MOVED_A_KEY = 1.25;

type Place = readonly [hash: number, sequence: number];

type Move = {
  readonly hashes: Float64Array;
  /** The end of its part of the log. */
  readonly until: number;
  done: number;
  /** Of those the ones that are committed. */
  kept: number;
};

export class Keys {
  readonly index = new KeyIndex();
  readonly #statements: ReturnType<typeof prepare>;
  #current: Generation = 0;
  #lastEntry = 0;
  #move: Move | undefined;
  /** What this transaction adds, and what it removes. */
  #added: Place[] = [];
  #removed: Place[] = [];

  constructor(database: DatabaseSync) {
    this.#statements = prepare(database);
    this.#load();
  }

  add(id: JobId, sequence: number): void {
    const hash = hashOf(id);
    // The very same call may come again in the transaction that removed it: then it stands where it stood.
    const before = this.#removed.findIndex((place) => place[1] === sequence);
    if (before >= 0) return void this.#removed.splice(before, 1);
    if (!this.index.put(this.#current, hash, sequence)) return this.#addOlder(hash, sequence);
    this.#added.push([hash, sequence]);
    this.#statements.log.run(++this.#lastEntry, hash, sequence);
  }

  /** Of a job that is gone. What stands in the log leads nowhere, until that is cut. */
  remove(id: JobId, sequence: number): void {
    this.#removed.push([hashOf(id), sequence]);
  }

  /** Among the last statements of a transaction. What is removed goes last, as it may be among what moves. */
  write(): void {
    if (this.#move) this.#moveSome(this.#move);
    for (const [hash, sequence] of this.#removed) this.#statements.remove.run(hash, sequence);
  }

  #moveSome(move: Move): void {
    const end = Math.min(
      move.hashes.length,
      move.done + Math.max(LEAST_MOVED, MOVED_A_KEY * this.#added.length),
    );
    for (; move.done < end; move.done++) {
      const hash = move.hashes[move.done] as number;
      for (const sequence of this.index.candidates(hash)) this.#addOlder(hash, sequence);
    }
    if (move.done === move.hashes.length) this.#statements.forget.run(move.until);
  }

  /** Only what is committed to `keys` may leave the index: the other thread looks into both. */
  committed(): void {
    this.#added = [];
    this.#forget(this.#removed.splice(0));
    if (this.#move) this.#move.kept = this.#move.done;
    if (this.#move && this.#move.kept === this.#move.hashes.length) this.#move = undefined;
    if (this.#move || this.index.count(this.#current) < GENERATION_KEYS) return;
    const full = this.#current;
    this.#current = full === 0 ? 1 : 0;
    this.index.clear(this.#current);
    this.#begin(full, this.#lastEntry);
  }

  #forget(places: readonly Place[]): void {
    for (const [hash, sequence] of places) this.index.forget(hash, sequence);
  }

  /** What was put into the index must not move on to `keys`, where it would stay for ever. */
  rolledBack(): void {
    this.#removed = [];
    this.#forget(this.#added.splice(0));
    if (this.#move) this.#move.done = this.#move.kept;
  }

  #begin(generation: Generation, until: number): void {
    this.#move = { hashes: this.index.sorted(generation), until, done: 0, kept: 0 };
  }

  #addOlder(hash: number, sequence: number): void {
    this.#statements.add.run(hash, sequence);
  }

  /** A key whose job is gone takes its slot again: by them it is known when the log has to be cut. */
  #load(): void {
    type Row = readonly [entry: number, hash: number, sequence: number | null];
    const rows = this.#statements.logged.all() as unknown as readonly Row[];
    this.#lastEntry = rows.at(-1)?.[0] ?? 0;
    const olderRows = Math.min(MOST_KEYS, Math.max(0, rows.length - GENERATION_KEYS));
    for (const [place, [, hash, sequence]] of rows.entries())
      this.index.put(place < olderRows ? 1 : 0, hash, sequence ?? NOWHERE);
    if (olderRows > 0) this.#begin(1, rows[olderRows - 1]?.[0] ?? 0);
  }
}

function prepare(database: DatabaseSync) {
  const statement = (sql: string) => inArrays(database.prepare(sql));
  return {
    add: statement("INSERT OR IGNORE INTO keys (hash, sequence) VALUES (?, ?)"),
    remove: statement("DELETE FROM keys WHERE hash = ? AND sequence = ?"),
    log: statement("INSERT INTO key_log (entry, hash, sequence) VALUES (?, ?, ?)"),
    logged: statement(`SELECT entry, hash, jobs.sequence FROM key_log LEFT JOIN jobs USING (sequence)
      ORDER BY entry`),
    forget: statement("DELETE FROM key_log WHERE entry <= ?"),
  };
}
