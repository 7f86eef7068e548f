/**
 * Carries the write-ahead log into the database file, explicitly and between two groups. SQLite's own
 * checkpoint after a commit swallows a failed fsync (30 of 30 commits reported success), so it is switched off.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isBusy, isFull } from "./failures.ts";
import { inArrays } from "./rows.ts";

/** In a bare prototype a full-speed accept had p99 4.6 ms at 1,000 pages and 7–8 ms at 4,000; with none it was 10% slower. */
export const CHECKPOINT_PAGES = 1_000;
/** The file of a log that outgrew its limit so many times is cut; before, it is written over from its start. */
const FAR_BEYOND = 8;

/** What the pragma answers; -1: this is no log. */
type Answer = readonly [busy: number, logPages: number, checkpointedPages: number];

export class Checkpoints {
  readonly #pages: number;
  readonly #noop: StatementSync;
  readonly #passive: StatementSync;
  readonly #truncate: StatementSync;

  constructor(database: DatabaseSync, pages: number) {
    this.#pages = pages;
    // Takes no lock and 1.6 µs. SQLite before 3.51 takes it for PASSIVE: right too, but after every group.
    this.#noop = inArrays(database.prepare("PRAGMA wal_checkpoint(NOOP)"));
    this.#passive = inArrays(database.prepare("PRAGMA wal_checkpoint(PASSIVE)"));
    this.#truncate = inArrays(database.prepare("PRAGMA wal_checkpoint(TRUNCATE)"));
  }

  /** After a commit. Throws what is fatal. */
  afterCommit(): void {
    const [, pages, done] = answer(this.#noop);
    if (pages - done < this.#pages) return;
    this.#tolerantly(pages > this.#pages * FAR_BEYOND ? this.#truncate : this.#passive);
  }

  /** Before closing: the log is empty then. */
  last(): void {
    this.#tolerantly(this.#truncate);
  }

  /**
   * A reader in the way or a full disk leave the log as it was, with all that is in it: the next commit tries
   * again. Every other error may have cost us what was committed long ago.
   */
  #tolerantly(statement: StatementSync): void {
    try {
      answer(statement);
    } catch (error) {
      if (!isBusy(error) && !isFull(error)) throw error;
    }
  }
}

function answer(statement: StatementSync): Answer {
  return statement.get() as unknown as Answer;
}
