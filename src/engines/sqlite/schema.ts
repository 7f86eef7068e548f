/**
 * The tables, and how a file gets from any earlier version to this one. A file that is not ours, or that a
 * newer Spillway wrote, is refused untouched.
 */
import type { DatabaseSync } from "node:sqlite";
import { configurationError } from "../../core/errors.ts";
import { STATUS } from "../../core/kept.ts";
import { hashOf } from "./key-index.ts";

/** "Spil", so that `file` and we can tell whose database this is. */
const APPLICATION_ID = 0x5370696c;

/**
 * The first layout: one row for a call and all that became of it, rewritten at every step. Kept because stores
 * are opened that were written with it.
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

/**
 * What a call was is written once, in `jobs`, and never altered; what became of it stands apart, in `states`, from
 * the moment that it is more than fresh. `queue` is what waits to be claimed, in the order of claims. A claim takes
 * a stretch off the queue's head and leaves one row in `claims` for all of it, so that starting a job costs no row
 * of its own, and a settlement appends one. Against the first layout, which altered one wide row twice, a drain of
 * groups of 512 costs the store 6.1 µs a job instead of 16.4, as bare statements over both layouts.
 *
 * `jobs`, `states` and `queue` grow at their right edge, so none of this depends on how much is queued. All indexes
 * are partial, so that a state costs only what looks for it; an owned call goes to its principal's end of `accepted`
 * and `changed`; of keys `keys.ts` tells. `states` repeats an operation or a principal only where an index needs it.
 */
const VERSION_2 = `
  ALTER TABLE jobs RENAME TO jobs_1;
  DROP TRIGGER forget_input;
  DROP INDEX keyed;
  DROP INDEX ready;
  DROP INDEX running;
  DROP INDEX failed;
  DROP INDEX expiring;
  DROP INDEX changed;

  CREATE TABLE jobs (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    operation TEXT NOT NULL,
    principal TEXT NOT NULL,
    max_attempts INTEGER NOT NULL,
    accepted_at REAL NOT NULL,
    available_at REAL NOT NULL,
    change INTEGER,
    fingerprint TEXT,
    input_version INTEGER NOT NULL,
    details TEXT NOT NULL,
    input TEXT NOT NULL
  ) STRICT;
  CREATE INDEX accepted ON jobs (principal, change) WHERE change IS NOT NULL;

  CREATE TABLE key_log (
    entry INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    sequence INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE keys (
    hash INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (hash, sequence)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE queue (
    operation TEXT NOT NULL,
    available_at REAL NOT NULL,
    sequence INTEGER NOT NULL,
    has_state INTEGER NOT NULL,
    PRIMARY KEY (operation, available_at, sequence)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE claims (
    token TEXT PRIMARY KEY,
    claimed_at REAL NOT NULL,
    lease_until REAL NOT NULL,
    change INTEGER NOT NULL,
    members TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE states (
    sequence INTEGER PRIMARY KEY,
    status INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    updated_at REAL NOT NULL,
    available_at REAL NOT NULL,
    token TEXT,
    expires_at REAL,
    output TEXT,
    attempts TEXT NOT NULL DEFAULT '',
    effects TEXT NOT NULL DEFAULT '',
    throttles INTEGER NOT NULL DEFAULT 0,
    listed INTEGER NOT NULL DEFAULT 1,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    lease_until REAL,
    operation TEXT,
    error_code TEXT,
    error TEXT,
    principal TEXT,
    change INTEGER
  ) STRICT;
  CREATE INDEX running ON states (token, lease_until) WHERE status = ${STATUS.running};
  CREATE INDEX failed ON states (operation, error_code, updated_at)
    WHERE status = ${STATUS.failed} AND listed = 1;
  CREATE INDEX expiring ON states (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX changed ON states (principal, change) WHERE change IS NOT NULL;

  INSERT INTO jobs
    SELECT sequence, id, operation, principal, max_attempts, accepted_at, available_at,
      iif(revision = 1, change, NULL), fingerprint, input_version, details,
      iif(input = '', (SELECT input FROM inputs WHERE inputs.sequence = jobs_1.sequence), input)
    FROM jobs_1;
  INSERT INTO keys SELECT key_hash(id), sequence FROM jobs_1 WHERE keyed = 1;
  INSERT INTO queue SELECT operation, available_at, sequence, revision > 1 FROM jobs_1 WHERE status = ${STATUS.queued};
  INSERT INTO states
    SELECT sequence, status, revision, attempt, updated_at, available_at, token, expires_at, output, attempts,
      effects, throttles, listed, cancel_requested, lease_until, operation, error_code, error,
      iif(change IS NULL, NULL, principal), change
    FROM jobs_1 WHERE status <> ${STATUS.queued} OR revision > 1;
  UPDATE jobs SET change = NULL WHERE change IS NOT NULL AND sequence IN (SELECT sequence FROM states);
  DROP TABLE jobs_1;
  DROP TABLE inputs;
`;

/**
 * Lists, along what they are most often asked for: a principal's jobs, and those that an operator has to see to. All
 * partial, so that an anonymous call that succeeds stands in none of them. An index on the operation is not among
 * them: it would cost each accept 0.5 µs.
 */
const VERSION_3 = `
  CREATE INDEX owned ON jobs (principal) WHERE principal <> '';
  CREATE INDEX dead ON states (status) WHERE status = ${STATUS.failed} AND listed = 1;
  CREATE INDEX dead_group ON states (operation, error_code) WHERE status = ${STATUS.failed} AND listed = 1;
  CREATE INDEX cancelled ON states (status) WHERE status = ${STATUS.cancelled} AND listed = 1;
`;

/**
 * Tables of the app's own may stand beside ours, made by migrations of its own. Those that we add from now on begin
 * with `spillway_`, so that they meet none of them.
 */
const VERSION_4 = `
  CREATE TABLE spillway_migrations (number INTEGER PRIMARY KEY, sql TEXT NOT NULL) STRICT;
`;

const MIGRATIONS: readonly string[] = [VERSION_1, VERSION_2, VERSION_3, VERSION_4];

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
  database.function("key_hash", { deterministic: true }, (id) => hashOf(String(id)));
  database.exec("BEGIN IMMEDIATE");
  for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
  if (isNew) database.prepare("INSERT INTO secret VALUES (?)").run(newSecret);
  database.exec(
    `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`,
  );
}
