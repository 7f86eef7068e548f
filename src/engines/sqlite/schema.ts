/**
 * The tables, and how a file gets from any earlier version to this one. A file that is not ours, or that a
 * newer Spillway wrote, is refused untouched.
 */
import type { DatabaseSync } from "node:sqlite";
import { configurationError } from "../../core/errors.ts";
import { STATUS } from "./rows.ts";

/** "Spil", so that `file` and we can tell whose database this is. */
const APPLICATION_ID = 0x5370696c;

/**
 * Accepting a job appends to two b-trees, `jobs` and `ready`, both at their right edge; a keyed one also goes to
 * a random place of `keyed`, an owned one to its principal's end of `changed`. All indexes are partial, so that
 * a state costs only what looks for it. Times are REAL because durations may hold fractions of a millisecond;
 * whole ones are stored as integers all the same.
 */
const VERSION_1 = `
  CREATE TABLE jobs (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    keyed INTEGER NOT NULL DEFAULT 0,
    operation TEXT NOT NULL,
    principal TEXT NOT NULL,
    status INTEGER NOT NULL DEFAULT ${STATUS.queued},
    revision INTEGER NOT NULL DEFAULT 1,
    attempt INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    throttles INTEGER NOT NULL DEFAULT 0,
    accepted_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    available_at REAL NOT NULL,
    listed INTEGER NOT NULL DEFAULT 1,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    token TEXT,
    lease_until REAL,
    expires_at REAL,
    change INTEGER,
    error_code TEXT,
    fingerprint TEXT,
    input_version INTEGER NOT NULL,
    error TEXT,
    output TEXT,
    attempts TEXT NOT NULL DEFAULT '',
    effects TEXT NOT NULL DEFAULT '',
    details TEXT NOT NULL,
    input TEXT NOT NULL
  ) STRICT;

  CREATE UNIQUE INDEX keyed ON jobs (id) WHERE keyed = 1;
  CREATE INDEX ready ON jobs (operation, available_at, sequence) WHERE status = ${STATUS.queued};
  CREATE INDEX running ON jobs (token, lease_until) WHERE status = ${STATUS.running};
  CREATE INDEX failed ON jobs (operation, error_code, updated_at)
    WHERE status = ${STATUS.failed} AND listed = 1;
  CREATE INDEX expiring ON jobs (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX changed ON jobs (principal, change) WHERE change IS NOT NULL;

  CREATE TABLE inputs (sequence INTEGER PRIMARY KEY, input TEXT NOT NULL) STRICT;
  CREATE TRIGGER forget_input AFTER DELETE ON jobs WHEN old.input = ''
  BEGIN
    DELETE FROM inputs WHERE sequence = old.sequence;
  END;

  CREATE TABLE items (
    "table" TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("table", key)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE settings (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    paused INTEGER NOT NULL,
    concurrency INTEGER,
    PRIMARY KEY (scope, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE audit (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    "by" TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;

  CREATE TABLE counts (
    operation TEXT NOT NULL,
    status INTEGER NOT NULL,
    error_code TEXT NOT NULL,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (operation, status, error_code)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO counters VALUES ('position', 0), ('version', 0);

  CREATE TABLE secret (value TEXT NOT NULL) STRICT;
`;

const MIGRATIONS: readonly string[] = [VERSION_1];

/** Whether there is nothing in the file yet. Throws, before anything is altered, if it is not one for us. */
export function inspect(
  database: DatabaseSync,
  file: string,
): { readonly version: number; readonly isNew: boolean } {
  const number = (sql: string) => Number(Object.values(database.prepare(sql).get() ?? {})[0]);
  const version = number("PRAGMA user_version");
  const isNew = number("SELECT count(*) FROM sqlite_schema") === 0;
  if (!isNew && number("PRAGMA application_id") !== APPLICATION_ID) {
    throw configurationError(
      `${file} is a database of something else.`,
      "Give sqlite() a folder of its own.",
    );
  }
  if (version <= MIGRATIONS.length) return { version, isNew };
  throw configurationError(
    `${file} was written by a newer Spillway: its schema is version ${version}, and this one knows ${MIGRATIONS.length}.`,
    "Run the version that wrote it, or a later one.",
  );
}

/** @param newSecret is kept if the file is new. */
export function migrate(database: DatabaseSync, file: string, newSecret: string): void {
  const { version, isNew } = inspect(database, file);
  if (version === MIGRATIONS.length) return;
  database.exec("BEGIN IMMEDIATE");
  for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
  if (isNew) database.prepare("INSERT INTO secret VALUES (?)").run(newSecret);
  database.exec(
    `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`,
  );
}
