/**
 * The app's own tables: a list of texts that only grows at its end. Each is run once, in the order of the list, before
 * anything is served; what was run is kept, so that a list which was altered is found.
 */
import type { DatabaseSync } from "node:sqlite";
import { configurationError } from "../../core/errors.ts";
import { shortened } from "../../core/sql.ts";
import { describe } from "./failures.ts";
import { guardMigrations } from "./guard.ts";

export function migrateOwn(database: DatabaseSync, migrations: readonly string[]): void {
  const applied = database.prepare("SELECT sql FROM spillway_migrations ORDER BY number").all();
  for (const [place, { sql }] of applied.entries()) assertSame(place, String(sql), migrations[place]);
  const note = database.prepare("INSERT INTO spillway_migrations (number, sql) VALUES (?, ?)");
  for (const [place, sql] of migrations.entries()) {
    if (place < applied.length) continue;
    database.exec("BEGIN IMMEDIATE");
    run(database, place, sql);
    note.run(place + 1, sql);
    database.exec("COMMIT");
  }
}

function assertSame(place: number, applied: string, given: string | undefined): void {
  if (given === applied) return;
  throw configurationError(
    given === undefined
      ? `The store has migration ${place + 1}, ${JSON.stringify(shortened(applied))}, and sqlite() was not given it.`
      : `Migration ${place + 1} of sqlite() was altered after it was applied; it was ${JSON.stringify(shortened(applied))}.`,
    "Leave those that were applied as they are, and add others at the end.",
  );
}

function run(database: DatabaseSync, place: number, sql: string): void {
  guardMigrations(database);
  try {
    database.exec(sql);
  } catch (error) {
    throw configurationError(
      `Migration ${place + 1} of sqlite() failed, ${describe(error)}: ${JSON.stringify(shortened(sql))}.`,
      "Mend it; nothing of it was kept. It may make and alter tables, but none of Spillway's, and neither begin nor end a transaction.",
    );
  } finally {
    database.setAuthorizer(null);
  }
}
