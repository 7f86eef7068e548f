/**
 * The app's own statements, on the owner's connection: a settlement's are run between a savepoint and its release, so
 * that one which fails takes nothing along but what its settlement did. The engine has checked them (`guard.ts`).
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AnswerOf } from "../../core/engine.ts";
import { type SqlValue, type SqlWrite, shortened, unexpected, violated } from "../../core/sql.ts";
import { describe, failureOf, isConstraint } from "./failures.ts";

export type Failed = AnswerOf<"settle"> & { readonly kind: "conflict" | "failed" };

/** Prepared and kept; a text with a value written into it is another one each time. */
const MOST_PREPARED = 256;

/** A statement took the whole transaction back, as `INSERT OR ROLLBACK` does: its group is repeated one by one. */
export class TransactionLost extends Error {
  override readonly name = "TransactionLost";
  readonly answer: Failed;

  constructor(answer: Failed) {
    super("A statement rolled back the transaction of its group.");
    this.answer = answer;
  }
}

type Prepared = {
  readonly statement: StatementSync;
  readonly hasRows: boolean;
  /** Its parameters are `$1`, as PostgreSQL has them, which are names to SQLite. */
  readonly isNumbered: boolean;
};

const NUMBERED = /\$[0-9]/;

export class Statements {
  readonly #database: DatabaseSync;
  /** The longest unused first. */
  readonly #prepared = new Map<string, Prepared>();
  #savepoint: { readonly set: StatementSync; readonly back: StatementSync; readonly release: StatementSync };

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#savepoint = {
      set: database.prepare("SAVEPOINT statements"),
      back: database.prepare("ROLLBACK TO statements"),
      release: database.prepare("RELEASE statements"),
    };
  }

  /** In their order; what became of them, if they are not all applied. Throws what concerns the whole group. */
  run(statements: readonly SqlWrite[]): Failed | undefined {
    this.#savepoint.set.run();
    for (const one of statements) {
      const failed = this.#attempt(one);
      if (!failed) continue;
      if (!this.#database.isTransaction) throw new TransactionLost(failed);
      this.#savepoint.back.run();
      this.#savepoint.release.run();
      return failed;
    }
    this.#savepoint.release.run();
    return undefined;
  }

  #attempt(one: SqlWrite): Failed | undefined {
    try {
      const failed = unexpected(one, this.#rows(one));
      return failed && { kind: "conflict", reads: [], conditions: [failed] };
    } catch (error) {
      return failedBy(error, one);
    }
  }

  /** How many it changed or, of one that answers with rows, how many those are. */
  #rows({ text, params }: SqlWrite): number {
    const { statement, hasRows, isNumbered } = this.#prepare(text);
    const values = params.map(bound);
    if (isNumbered) {
      const named = Object.fromEntries(values.map((value, place) => [`$${place + 1}`, value]));
      return hasRows ? counted(statement.iterate(named)) : Number(statement.run(named).changes);
    }
    return hasRows ? counted(statement.iterate(...values)) : Number(statement.run(...values).changes);
  }

  #prepare(text: string): Prepared {
    const known = this.#prepared.get(text);
    if (known) this.#prepared.delete(text);
    const prepared = known ?? this.#newlyPrepared(text);
    this.#prepared.set(text, prepared);
    if (this.#prepared.size > MOST_PREPARED) {
      for (const [oldest] of this.#prepared) {
        this.#prepared.delete(oldest);
        break;
      }
    }
    return prepared;
  }

  #newlyPrepared(text: string): Prepared {
    const statement = this.#database.prepare(text);
    statement.setReturnArrays(true);
    return { statement, hasRows: statement.columns().length > 0, isNumbered: NUMBERED.test(text) };
  }
}

function counted(rows: Iterable<unknown>): number {
  let count = 0;
  for (const _row of rows) count++;
  return count;
}

/** What an error says of a settlement; throws it where it is not about this one alone. */
export function failedBy(error: unknown, one: SqlWrite): Failed {
  if (failureOf(error) !== "unexpected") throw error;
  const said = describe(error);
  if (isConstraint(error)) return { kind: "conflict", reads: [], conditions: [violated(one, said)] };
  return { kind: "failed", said: `${said}: ${shortened(one.text)}` };
}

/** Whole numbers as such: otherwise Node binds every number as one with a fraction. */
function bound(value: SqlValue): string | number | bigint | null | Uint8Array {
  if (typeof value === "boolean") return value ? 1n : 0n;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
}
