/**
 * The stand-in for an orders database where several processes use it: its connections are advisory locks of a real
 * PostgreSQL, numbered from one to its capacity, so that there are never more of them, however many processes there
 * are, and those of a process that dies are free again.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "pg";
import { RetryableError, ThrottledError } from "spillway";
import type { DatabaseSettings, DatabaseState } from "./database.ts";

/** Of its locks, so that they are nobody else's. */
const LOCKS = 1_869_767_781;

const CREATE = `
  SELECT pg_advisory_xact_lock(${LOCKS}, 0);
  CREATE SCHEMA IF NOT EXISTS orders_database;
  CREATE UNLOGGED TABLE IF NOT EXISTS orders_database.figures (
    only_one bool PRIMARY KEY DEFAULT true CHECK (only_one), capacity int, latency_ms int, fail_rate float8,
    peak int DEFAULT 0, throttled int DEFAULT 0, writes int DEFAULT 0)`;
const BEGIN_WITH = `INSERT INTO orders_database.figures (capacity, latency_ms, fail_rate) VALUES ($1, $2, $3)
  ON CONFLICT DO NOTHING`;
const TAKE = `SELECT latency_ms, fail_rate FROM orders_database.figures, generate_series(1, capacity) AS connection
  WHERE pg_try_advisory_lock(${LOCKS}, connection) LIMIT 1`;
const IN_USE = `(SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND classid = ${LOCKS} AND objid > 0 AND granted)`;
const NOTE_PEAK = `UPDATE orders_database.figures SET peak = in_use FROM ${IN_USE} AS now (in_use) WHERE peak < in_use`;
const NOTE_THROTTLED = "UPDATE orders_database.figures SET throttled = throttled + 1";
const NOTE_WRITE = "UPDATE orders_database.figures SET writes = writes + 1";
const GIVE_BACK = "SELECT pg_advisory_unlock_all()";
const CHANGE = `UPDATE orders_database.figures SET capacity = coalesce($1, capacity),
  latency_ms = coalesce($2, latency_ms), fail_rate = coalesce($3, fail_rate)`;
const RESET = `UPDATE orders_database.figures SET peak = ${IN_USE}, throttled = 0, writes = 0`;
const STATE = `SELECT capacity, latency_ms AS "latencyMs", fail_rate AS "failRate", ${IN_USE} AS "inUse", peak,
  throttled, writes FROM orders_database.figures`;

export class SharedDatabase {
  readonly #pool: Pool;
  readonly #settings: DatabaseSettings;
  #created: Promise<unknown> | undefined;

  constructor(url: string, settings: DatabaseSettings) {
    this.#settings = settings;
    // A connection for each that this process may have in use, and some for those who find none free.
    const max = settings.capacity + 4;
    this.#pool = new Pool({ connectionString: url, max, options: "-c synchronous_commit=off" });
    // One that breaks between two statements, whoever has it: the next use says so, or makes another.
    this.#pool.on("error", () => undefined);
    this.#pool.on("connect", (connection) => connection.on("error", () => undefined));
  }

  /** One order's worth of work on one connection. */
  async charge(sku: string): Promise<void> {
    await this.#ready();
    const connection = await this.#pool.connect();
    try {
      const [taken] = (await connection.query(TAKE)).rows;
      if (taken === undefined) {
        await connection.query(NOTE_THROTTLED);
        throw new ThrottledError("All connections of the orders database are in use.");
      }
      await connection.query(NOTE_PEAK);
      await sleep(taken.latency_ms);
      if (sku === "POISON" || Math.random() < taken.fail_rate)
        throw new RetryableError("The orders database failed.");
      await connection.query(NOTE_WRITE);
    } finally {
      // One that cannot give back what it took is closed, which gives it back as well.
      await connection.query(GIVE_BACK).then(
        () => connection.release(),
        () => connection.release(true),
      );
    }
  }

  async change({ capacity, latencyMs, failRate }: Partial<DatabaseSettings>): Promise<void> {
    await this.#ready();
    await this.#pool.query(CHANGE, [capacity, latencyMs, failRate]);
  }

  /** Counts anew; settings stay. */
  async reset(): Promise<void> {
    await this.#ready();
    await this.#pool.query(RESET);
  }

  async state(): Promise<DatabaseState> {
    await this.#ready();
    return (await this.#pool.query<DatabaseState>(STATE)).rows[0] as DatabaseState;
  }

  /** Whoever comes first makes it; what it was told then is in force until it is changed. */
  async #ready(): Promise<void> {
    this.#created ??= this.#create().catch((error) => {
      this.#created = undefined;
      throw error;
    });
    await this.#created;
  }

  async #create(): Promise<void> {
    const { capacity, latencyMs, failRate } = this.#settings;
    await this.#pool.query(CREATE);
    await this.#pool.query(BEGIN_WITH, [capacity, latencyMs, failRate]);
  }
}
