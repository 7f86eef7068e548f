/**
 * The ways to the database: transactions, each on a connection of its own while it lasts, and single reads, which
 * share a few. Every transaction begins with what its plans need; set for it alone, since behind a pooler the next
 * one may be somebody else's.
 */
import { Broken, failureOf, unavailable } from "./failures.ts";
import type { Line, Result, Statement, Value } from "./line.ts";
import type { Lines } from "./lines.ts";
import { monotonic } from "./pauses.ts";

export type { Result, Statement, Value } from "./line.ts";

/**
 * Plans are made once and must be right when a table is empty and when it has a million rows, so they go by the
 * indexes whatever the statistics say. A transaction whose client is gone must not keep its locks for long.
 */
const BEGIN: Statement = {
  text: `BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off;
    SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
    SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0;
    SET LOCAL idle_in_transaction_session_timeout = 10000`,
};
const COMMIT: Statement = { text: "COMMIT" };
const ROLLBACK: Statement = { text: "ROLLBACK" };
/** A group that is rolled back because of others is decided anew so often. */
const MOST_TRIES = 20;

export class Transaction {
  readonly #line: Line;
  readonly #begun: Promise<unknown>;
  #failed: unknown;
  #isOver = false;

  constructor(line: Line, begin: Statement = BEGIN) {
    this.#line = line;
    this.#begun = this.#watched(line.send(begin));
  }

  /** Sent at once, and answered in turn: several that are not waited for take one round trip. */
  run<R>(statement: Statement, values: readonly Value[] = []): Promise<Result<R>> {
    return this.#watched(this.#line.send<R>(statement, values));
  }

  /** The same of what may fail alone, since a savepoint stands before it. */
  attempt<R>(statement: Statement, values?: readonly Value[]): Promise<Result<R>> {
    return this.#line.send<R>(statement, values);
  }

  /** Resolves when it is committed. Fails as `unknown` if that cannot be known. */
  async commit(): Promise<void> {
    this.#isOver = true;
    const committed = this.#watched(this.#line.send(COMMIT));
    try {
      await this.#begun;
      const { command } = await committed;
      if (command === "COMMIT") return;
    } catch (error) {
      const first = this.#failed ?? error;
      throw first instanceof Broken ? new Broken(first.message, true, first.cause) : first;
    }
    throw this.#failed ?? new Error("The transaction was rolled back by the server.");
  }

  /** After `commit()`: of its own, and sent right behind it, whatever becomes of that. */
  follow<R>(statement: Statement, values?: readonly Value[]): Promise<Result<R>> {
    return this.#line.send<R>(statement, values);
  }

  async rollback(): Promise<void> {
    if (this.#isOver || this.#line.isBroken) return;
    this.#isOver = true;
    await this.#line.send(ROLLBACK).catch(() => {});
  }

  /** The first that fails is why, whoever is waited for: those behind it only say that the transaction has failed. */
  #watched<R>(sent: Promise<R>): Promise<R> {
    const watched = sent.catch((error) => {
      this.#failed ??= error;
      throw this.#failed;
    });
    watched.catch(() => {});
    return watched;
  }
}

export class Connections {
  readonly #readers: Lines;
  readonly #own: Lines;

  constructor(readers: Lines, own: Lines) {
    this.#readers = readers;
    this.#own = own;
  }

  /** One statement; its rows as arrays. Asked again where a connection broke, but not by who has waited long already. */
  async read<R>(statement: Statement, values: readonly Value[] = []): Promise<readonly R[]> {
    const patientUntil = monotonic() + this.#readers.silenceMs / 2;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#read(statement, values);
      } catch (error) {
        const failure = failureOf(error);
        if (failure !== "again" && !(error instanceof Broken)) throw asAsked(error);
        const isBroken = error instanceof Broken;
        if (tries === MOST_READS || (isBroken && monotonic() > patientUntil))
          throw isBroken ? unavailable(error) : asAsked(error);
      }
    }
  }

  /** `BEGIN` to `COMMIT`, on a connection of its own; repeated where others got in its way, so it must bear that. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return transact(this.#own, work);
  }

  async #read<R>(statement: Statement, values: readonly Value[]): Promise<readonly R[]> {
    const line = await this.#readers.shared();
    if (statement.name === undefined) return (await line.send<R>(statement, values)).rows;
    const transaction = new Transaction(line);
    const asked = transaction.run<R>(statement, values);
    // Some of what is asked writes too, as what a node is granted: an answer counts when it is committed.
    await transaction.commit();
    return (await asked).rows;
  }

  async close(): Promise<void> {
    await Promise.all([this.#readers.close(), this.#own.close()]);
  }
}

const MOST_READS = 3;

export async function transact<T>(lines: Lines, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await once(lines, work);
    } catch (error) {
      if (failureOf(error) !== "again") throw asAsked(error);
      if (tries === MOST_TRIES) throw error;
    }
  }
}

async function once<T>(lines: Lines, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  const line = await lines.take();
  try {
    const transaction = new Transaction(line);
    try {
      const done = await work(transaction);
      await transaction.commit();
      return done;
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
  } finally {
    lines.giveBack(line);
  }
}

function asAsked(error: unknown): unknown {
  const failure = failureOf(error);
  return failure === "unavailable" || failure === "refused" ? unavailable(error) : error;
}
