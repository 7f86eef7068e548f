/** The owner's connection with everything prepared on it, and the transaction in which all of it is used. */
import type { DatabaseSync } from "node:sqlite";
import type { AuditEntry, SettingChange } from "../../core/engine.ts";
import { Counts } from "./counts.ts";
import { Items } from "./items.ts";
import { Jobs } from "./jobs.ts";
import { Statements } from "./statements.ts";

export class Store {
  readonly jobs: Jobs;
  readonly items: Items;
  readonly statements: Statements;
  readonly secret: string;
  readonly #database: DatabaseSync;
  readonly #counts: Counts;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = prepare(database);
    this.#counts = new Counts(database);
    this.jobs = new Jobs(database, this.#counts);
    this.items = new Items(database, this.#counts);
    this.statements = new Statements(database);
    this.secret = String(database.prepare("SELECT value FROM secret").get()?.["value"]);
  }

  /** All of `work`, durable when this returns, or none of it. */
  transact<T>(work: () => T): T {
    const { begin, commit, rollback } = this.#statements;
    begin.run();
    try {
      const result = work();
      this.jobs.queue.flush();
      this.jobs.claims.write();
      this.jobs.keys.write();
      this.#counts.write();
      commit.run();
      this.jobs.claims.committed();
      this.jobs.keys.committed();
      this.#counts.committed();
      return result;
    } catch (error) {
      this.#counts.rolledBack();
      // A full disk may have rolled back by itself.
      if (this.#database.isTransaction) rollback.run();
      this.jobs.queue.rolledBack();
      this.jobs.claims.rolledBack();
      this.jobs.keys.rolledBack();
      throw error;
    }
  }

  set({ scope, name, paused, concurrency }: SettingChange): void {
    const isPaused = paused === undefined ? null : Number(paused);
    const hasConcurrency = Number(concurrency !== undefined);
    this.#statements.set.run({ scope, name, isPaused, hasConcurrency, concurrency: concurrency ?? null });
  }

  note({ at, by, action, target, detail }: AuditEntry): void {
    this.#statements.note.run(at, by, action, target, detail);
  }

  /** Of so many of the oldest entries, those that were noted by then; answers how many. */
  pruneAudit(until: number, limit: number): number {
    return Number(this.#statements.pruneAudit.run(limit, until).changes);
  }

  close(): void {
    this.#database.close();
  }
}

function prepare(database: DatabaseSync) {
  return {
    begin: database.prepare("BEGIN IMMEDIATE"),
    commit: database.prepare("COMMIT"),
    rollback: database.prepare("ROLLBACK"),
    // What a change does not name stays as it is; a concurrency may be named to be none.
    set: database.prepare(
      `INSERT INTO settings (scope, name, paused, concurrency)
      VALUES ($scope, $name, coalesce($isPaused, 0), $concurrency)
      ON CONFLICT DO UPDATE SET paused = coalesce($isPaused, paused),
        concurrency = CASE WHEN $hasConcurrency THEN $concurrency ELSE concurrency END`,
    ),
    note: database.prepare('INSERT INTO audit (at, "by", action, target, detail) VALUES (?, ?, ?, ?, ?)'),
    pruneAudit: database.prepare(
      "DELETE FROM audit WHERE entry IN (SELECT entry FROM audit ORDER BY entry LIMIT ?) AND at <= ?",
    ),
  };
}
