/** What waits to be claimed, in the order of claims: when it is due, and then by age. */
import type { DatabaseSync } from "node:sqlite";
import { inArrays, JOB_COLUMNS, type JobRow } from "./rows.ts";

/** A job with what its handler needs. */
export type ReadyRow = readonly [...JobRow, inputVersion: number, input: string];

export class QueueTable {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: DatabaseSync) {
    this.#statements = prepare(database);
  }

  add(operation: string, availableAt: number, sequence: number): void {
    this.#statements.add.run(operation, availableAt, sequence);
  }

  remove(operation: string, availableAt: number, sequence: number): void {
    this.#statements.remove.run(operation, availableAt, sequence);
  }

  /** The first that are due leave the queue. */
  take(operation: string, now: number, limit: number): readonly ReadyRow[] {
    const rows = this.#statements.ready.all(operation, now, limit) as unknown as readonly ReadyRow[];
    const last = rows.at(-1);
    if (last) this.#statements.takeUntil.run(operation, last[6], last[0]);
    return rows;
  }

  isReady(operation: string, now: number): boolean {
    return this.#statements.isReady.get(operation, now) !== undefined;
  }

  nextDue(operation: string, now: number): number | undefined {
    const found = this.#statements.nextDue.get(operation, now) as unknown as readonly [number] | undefined;
    return found?.[0];
  }
}

function prepare(database: DatabaseSync) {
  const statement = (sql: string) => inArrays(database.prepare(sql));
  return {
    add: statement("INSERT INTO queue (operation, available_at, sequence) VALUES (?, ?, ?)"),
    remove: statement("DELETE FROM queue WHERE operation = ? AND available_at = ? AND sequence = ?"),
    // CROSS JOIN keeps the order of the tables as it is written: the queue leads.
    ready: statement(`SELECT ${JOB_COLUMNS}, j.input_version, j.input
      FROM queue AS q CROSS JOIN jobs AS j ON j.sequence = q.sequence LEFT JOIN states AS s ON s.sequence = q.sequence
      WHERE q.operation = ? AND q.available_at <= ? ORDER BY q.available_at, q.sequence LIMIT ?`),
    takeUntil: statement("DELETE FROM queue WHERE operation = ? AND (available_at, sequence) <= (?, ?)"),
    isReady: statement("SELECT 1 FROM queue WHERE operation = ? AND available_at <= ? LIMIT 1"),
    nextDue: statement(
      "SELECT available_at FROM queue WHERE operation = ? AND available_at > ? ORDER BY available_at LIMIT 1",
    ),
  };
}
