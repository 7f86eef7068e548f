/**
 * What the app's own statements may touch: everything in the file but what is Spillway's and SQLite's. SQLite's
 * authorizer says what a statement would do, through views and triggers too, while it is compiled; never by its text.
 */
import { constants, type DatabaseSync } from "node:sqlite";
import { configurationError } from "../../core/errors.ts";
import { shortened } from "../../core/sql.ts";
import { describe, failureOf } from "./failures.ts";

/** Those of `schema.ts`, past ones too. Later ones begin with `spillway_`. */
export const OWN_TABLES: ReadonlySet<string> = new Set([
  ...["jobs", "jobs_1", "inputs", "states", "queue", "claims", "keys", "key_log"],
  ...["items", "settings", "audit", "counts", "counters", "secret"],
]);

/** Actions whose first argument is a table. */
const ON_TABLES: ReadonlySet<number> = new Set([
  ...[constants.SQLITE_READ, constants.SQLITE_INSERT, constants.SQLITE_UPDATE, constants.SQLITE_DELETE],
]);
const IN_STATEMENTS: ReadonlySet<number> = new Set([
  ...ON_TABLES,
  ...[constants.SQLITE_SELECT, constants.SQLITE_FUNCTION, constants.SQLITE_RECURSIVE],
]);
/** What would end the transaction, or leave the file. */
const NEVER: ReadonlySet<number> = new Set([
  ...[constants.SQLITE_TRANSACTION, constants.SQLITE_SAVEPOINT, constants.SQLITE_PRAGMA],
  ...[constants.SQLITE_ATTACH, constants.SQLITE_DETACH],
]);

/** Texts that were looked at; those made anew for each call must not fill the memory. */
const MOST_KNOWN = 1_000;

/** Compiles each text once, on a connection that writes nothing. */
export class Guard {
  readonly #database: DatabaseSync;
  readonly #known = new Set<string>();
  #refused: string | undefined;

  constructor(database: DatabaseSync) {
    this.#database = database;
    authorize(database, (action, first) => {
      const isAllowed = IN_STATEMENTS.has(action) && !(ON_TABLES.has(action) && isOurs(first));
      if (!isAllowed) this.#refused = first ?? "what it would do";
      return isAllowed ? constants.SQLITE_OK : constants.SQLITE_DENY;
    });
  }

  check(text: string): void {
    if (this.#known.has(text)) return;
    this.#refused = undefined;
    const compiled = this.#compile(text);
    if (text.slice(compiled.length).trim() !== "") {
      throw configurationError(
        `write.sql() got more than one statement: ${shortened(text)}.`,
        "Call it once for each.",
      );
    }
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.add(text);
  }

  close(): void {
    this.#database.close();
  }

  /** As far as its first statement goes. */
  #compile(text: string): string {
    try {
      return this.#database.prepare(text).sourceSQL;
    } catch (error) {
      if (this.#refused !== undefined) {
        throw configurationError(
          `write.sql() may not touch ${this.#refused}: ${shortened(text)}.`,
          "It reads and changes rows of tables of your own, which sqlite(folder, { migrations }) makes.",
        );
      }
      if (failureOf(error) !== "unexpected") throw error;
      throw configurationError(
        `write.sql() got a statement that SQLite refuses, ${describe(error)}: ${shortened(text)}.`,
        "Mend it, or make its tables with sqlite(folder, { migrations }).",
      );
    }
  }
}

/** For migrations, which make and alter tables, but neither ours nor what the file is. */
export function guardMigrations(database: DatabaseSync): void {
  authorize(database, (action, first, second) => {
    // Where no rows are read or changed either may name the table: of an index the first is its own name.
    const touched = ON_TABLES.has(action) ? [first] : [first, second];
    return NEVER.has(action) || touched.some(isOurName) ? constants.SQLITE_DENY : constants.SQLITE_OK;
  });
}

type Authorizer = NonNullable<Parameters<DatabaseSync["setAuthorizer"]>[0]>;

function authorize(database: DatabaseSync, authorizer: Authorizer): void {
  if (typeof database.setAuthorizer === "function") return database.setAuthorizer(authorizer);
  throw configurationError(
    "Tables of the app's own on sqlite need node:sqlite's setAuthorizer, which this Node.js lacks.",
    "Run Node.js 24.10 or later.",
  );
}

function isOurs(name: string | null): boolean {
  return isOurName(name) || name?.toLowerCase().startsWith("sqlite_") === true;
}

function isOurName(name: string | null): boolean {
  const lower = name?.toLowerCase();
  return lower !== undefined && (OWN_TABLES.has(lower) || lower.startsWith("spillway_"));
}
