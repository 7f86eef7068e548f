/** What waits to be claimed, in the order of claims: when it is due, and then by age. */
import type { DatabaseSync } from "node:sqlite";
import type { Job, Principal } from "../../core/job.ts";
import { inArrays } from "./rows.ts";

/** What a claim needs of a fresh job, which nearly all are. */
export type ReadyRow = readonly [
  sequence: number,
  id: string,
  principal: Principal,
  maxAttempts: number,
  acceptedAt: number,
  availableAt: number,
  fingerprint: string | null,
  /** Of a job that is no longer fresh, more stands in `states`. */
  hasState: 0 | 1,
  inputVersion: number,
  input: string,
];

export class QueueTable {
  readonly #statements: ReturnType<typeof prepare>;
  /** The highest sequence that was ever put into `jobs`. */
  #last: number;
  /** Beyond this one, everything in `jobs` is fresh and not in the queue yet. */
  #pendingFrom: number | undefined;

  constructor(database: DatabaseSync, lastSequence: number) {
    this.#statements = prepare(database);
    this.#last = lastSequence;
  }

  /** Before a row is put into `jobs` that would disturb the stretch of those to be queued together. */
  makeWay(sequence: number, isFresh: boolean): void {
    if (isFresh && sequence > this.#last) return;
    this.flush();
    this.#last = Math.max(this.#last, sequence);
  }

  /**
   * A new call. Those that came in the order of their sequences are queued together by `flush`: one
   * statement for a group.
   */
  accepted(job: Job, sequence: number): void {
    if (sequence <= this.#last) return this.add(job, sequence, false);
    this.#pendingFrom ??= this.#last;
    this.#last = sequence;
  }

  /** Before the queue is looked at, and at the end of a transaction. */
  flush(): void {
    if (this.#pendingFrom === undefined) return;
    this.#statements.addFrom.run(this.#pendingFrom);
    this.#pendingFrom = undefined;
  }

  rolledBack(): void {
    this.#pendingFrom = undefined;
  }

  add({ operation, availableAt }: Job, sequence: number, hasState: boolean): void {
    this.flush();
    this.#statements.add.run(operation, availableAt, sequence, hasState ? 1 : 0);
  }

  remove({ operation, availableAt }: Job, sequence: number): void {
    this.flush();
    this.#statements.remove.run(operation, availableAt, sequence);
  }

  /** The first that are due leave the queue. */
  take(operation: string, now: number, limit: number): readonly ReadyRow[] {
    this.flush();
    const rows = this.#statements.ready.all(operation, now, limit) as unknown as readonly ReadyRow[];
    const last = rows.at(-1);
    if (last) this.#statements.takeUntil.run(operation, last[5], last[0]);
    return rows;
  }

  isReady(operation: string, now: number): boolean {
    this.flush();
    return this.#statements.isReady.get(operation, now) !== undefined;
  }

  nextDue(operation: string, now: number): number | undefined {
    this.flush();
    const found = this.#statements.nextDue.get(operation, now) as unknown as readonly [number] | undefined;
    return found?.[0];
  }
}

function prepare(database: DatabaseSync) {
  const statement = (sql: string) => inArrays(database.prepare(sql));
  return {
    add: statement("INSERT INTO queue (operation, available_at, sequence, has_state) VALUES (?, ?, ?, ?)"),
    addFrom: statement(`INSERT INTO queue (operation, available_at, sequence, has_state)
      SELECT operation, available_at, sequence, 0 FROM jobs WHERE sequence > ?`),
    remove: statement("DELETE FROM queue WHERE operation = ? AND available_at = ? AND sequence = ?"),
    // CROSS JOIN keeps the order of the tables as it is written: the queue leads.
    ready: statement(`SELECT j.sequence, j.id, j.principal, j.max_attempts, j.accepted_at, q.available_at,
        j.fingerprint, q.has_state, j.input_version, j.input
      FROM queue AS q CROSS JOIN jobs AS j ON j.sequence = q.sequence
      WHERE q.operation = ? AND q.available_at <= ? ORDER BY q.available_at, q.sequence LIMIT ?`),
    takeUntil: statement("DELETE FROM queue WHERE operation = ? AND (available_at, sequence) <= (?, ?)"),
    isReady: statement("SELECT 1 FROM queue WHERE operation = ? AND available_at <= ? LIMIT 1"),
    nextDue: statement(
      "SELECT available_at FROM queue WHERE operation = ? AND available_at > ? ORDER BY available_at LIMIT 1",
    ),
  };
}
