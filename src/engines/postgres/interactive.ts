/**
 * Transactions of operations with `sql: true`: each on a connection of its own from the handler's first statement to
 * the outcome, which is decided and written in it like any other and commits it.
 */
import { types } from "pg";
import type { AnswerOf, Settlement } from "../../core/engine.ts";
import { SpillwayError } from "../../core/errors.ts";
import { type SqlValue, type SqlWrite, shortened } from "../../core/sql.ts";
import type { SqlRows, SqlTransaction } from "../../core/sql-transaction.ts";
import { Transaction } from "./connection.ts";
import {
  Broken,
  described,
  endsConnection,
  failureOf,
  NotConnected,
  sqlState,
  unavailable,
} from "./failures.ts";
import type { Line } from "./line.ts";
import type { Lines } from "./lines.ts";
import { bound, failedBy, LIKE_OTHERS, LIKE_OURS } from "./statements.ts";

/** What the rest of the engine does when a transaction ends; in its order. */
export type Ending = {
  /** Decides and writes it in an open transaction. */
  readonly apply: (transaction: Transaction, settlement: Settlement) => Promise<AnswerOf<"settle">>;
  /** Has the transaction leave a mark (`fate.ts`). */
  readonly mark: (transaction: Transaction) => string;
  /** Whether a transaction whose COMMIT was not answered was committed; asked until that is known. */
  readonly wasCommitted: (mark: string) => Promise<boolean>;
  /** Tells the others. */
  readonly committed: (settlement: Settlement, answer: AnswerOf<"settle">, mark: string) => void;
};

const AGAIN = { kind: "conflict", reads: [], conditions: [] } as const;
/** Between two statements the handler may do other things, but not for longer than its attempt has. */
const GRACE_MS = 10_000;
const CONSTRAINTS = { text: "SET CONSTRAINTS ALL IMMEDIATE" };

/** A server that stands on Windows cannot look after its clients. */
const begin = (forMs: number) => ({
  text: `BEGIN ISOLATION LEVEL READ COMMITTED; ${LIKE_OTHERS};
    SET LOCAL statement_timeout = ${Math.ceil(forMs)};
    SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(forMs) + GRACE_MS};
    SELECT set_config('client_connection_check_interval', '1000', true)
      WHERE version() ~ 'linux|darwin|apple|bsd'`,
});

type Begun = { readonly line: Line; readonly transaction: Transaction };
type Received = { readonly rows: object[]; readonly rowCount: number | null };

export class Interactive implements SqlTransaction {
  readonly #lines: Lines;
  readonly #ending: Ending;
  readonly #forMs: number;
  #begun: Promise<Begun> | undefined;
  #there: Begun | undefined;
  /** Statements that were not answered yet. */
  #pending = 0;
  #last: Promise<unknown> = Promise.resolve();
  /** What made the server give the transaction up. */
  #failed: string | undefined;
  #isLost = false;
  #isOver = false;

  constructor(lines: Lines, ending: Ending, forMs: number) {
    this.#lines = lines;
    this.#ending = ending;
    this.#forMs = forMs;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  async query(text: string, params: readonly SqlValue[]): Promise<SqlRows<object>> {
    const { line } = await this.#connected();
    this.#pending++;
    const asked = ask(line, text, params);
    this.#last = asked.catch((error) => this.#note(error, text));
    try {
      const { rows, rowCount } = await asked;
      return Object.assign(rows, { count: rowCount ?? 0 }) as SqlRows<object>;
    } finally {
      this.#pending--;
    }
  }

  async settle(settlement: Settlement): Promise<AnswerOf<"settle">> {
    try {
      return await this.#settle(settlement);
    } catch (error) {
      this.#note(error, "");
      this.rollback();
      if (this.#isLost || ["again", "unavailable"].includes(failureOf(error))) return AGAIN;
      return { kind: "refused", code: "internal", detail: described(error) };
    }
  }

  /** One that is under way cannot be called back, so its connection is given up, and the server ends it with that. */
  rollback(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const there = this.#there;
    if (!there) return;
    if (this.#pending > 0) there.line.destroy("its attempt is over");
    void there.transaction.rollback().finally(() => this.#lines.giveBack(there.line));
  }

  async #settle(settlement: Settlement): Promise<AnswerOf<"settle">> {
    // A statement that nobody waited for counts too.
    await this.#last;
    if (this.#isLost) return this.#without(AGAIN);
    if (this.#failed !== undefined) return this.#without({ kind: "failed", said: this.#failed });
    const { transaction } = await this.#connected();
    const violated = await checked(transaction);
    if (violated) return this.#without(violated);
    const mark = this.#ending.mark(transaction);
    void transaction.run(LIKE_OURS);
    const answer = await this.#ending.apply(transaction, settlement);
    if (answer.kind !== "applied") return this.#without(answer);
    return (await this.#commit(mark)) ? this.#told(settlement, answer, mark) : AGAIN;
  }

  /** Whether it was. */
  async #commit(mark: string): Promise<boolean> {
    const { line, transaction } = await this.#connected();
    this.#isOver = true;
    try {
      await transaction.commit();
      return true;
    } catch (error) {
      if (!(error instanceof Broken && error.committing)) throw error;
      return await this.#ending.wasCommitted(mark);
    } finally {
      this.#lines.giveBack(line);
    }
  }

  #told(settlement: Settlement, answer: AnswerOf<"settle">, mark: string): AnswerOf<"settle"> {
    this.#ending.committed(settlement, answer, mark);
    return answer;
  }

  #without(answer: AnswerOf<"settle">): AnswerOf<"settle"> {
    this.rollback();
    return answer;
  }

  async #connected(): Promise<Begun> {
    if (this.#isOver) throw new SpillwayError("handler-timeout", "Its attempt is over.");
    this.#begun ??= this.#begin();
    return this.#begun;
  }

  async #begin(): Promise<Begun> {
    let line: Line;
    try {
      line = await this.#lines.take();
    } catch (error) {
      this.#begun = undefined;
      throw error instanceof NotConnected ? unavailable(error) : error;
    }
    if (this.#isOver) {
      this.#lines.giveBack(line);
      throw new SpillwayError("handler-timeout", "Its attempt was over before a connection was free.");
    }
    this.#there = { line, transaction: new Transaction(line, begin(this.#forMs)) };
    return this.#there;
  }

  #note(error: unknown, text: string): void {
    if (this.#isOver) return;
    if (isOthersDoing(error)) this.#isLost = true;
    else this.#failed ??= `${described(error)}: ${shortened(text)}`;
  }
}

/** Constraints that wait for the end: a violation is an answer, as it is of a statement that is run with an outcome. */
async function checked(transaction: Transaction): Promise<AnswerOf<"settle"> | undefined> {
  try {
    await transaction.run(CONSTRAINTS);
    return undefined;
  } catch (error) {
    const all: SqlWrite = { text: "its statements together", params: [] };
    return failedBy(error, all);
  }
}

/** A deadlock, a connection that broke, a server that stops: none of it the handler's. */
function isOthersDoing(error: unknown): boolean {
  if (error instanceof Broken || endsConnection(error)) return true;
  const state = sqlState(error);
  return state?.startsWith("40") === true || (state === undefined && failureOf(error) === "again");
}

/** Values as `pg` gives them to everyone, and no end of patience: the attempt's timeout is the server's too. */
function ask(line: Line, text: string, params: readonly SqlValue[]): Promise<Received> {
  const query = { text, values: params.map(bound), types, queryMode: "extended" };
  return new Promise((resolve, reject) => {
    if (line.isBroken) return reject(new Broken("The connection broke.", false, undefined));
    const answered = (error: unknown, received: Received) => {
      if (!error) return resolve(received);
      const isOurs = sqlState(error) !== undefined && !endsConnection(error);
      reject(isOurs ? error : new Broken(`The connection broke: ${described(error)}`, false, error));
    };
    void line.client.query(query as never, answered as never);
  });
}
