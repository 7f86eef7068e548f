/** The store of one machine: a folder with a SQLite database in it, served by one process. */
import type { EngineSource } from "../../core/engine.ts";
import { configurationError } from "../../core/errors.ts";
import { checkOptions, shown } from "../../core/options.ts";
import { PORTABLE_SIZES, type RetentionOptions, retentionOf } from "../../core/store-defaults.ts";
import { CHECKPOINT_PAGES } from "./checkpoint.ts";
import { openSqlite } from "./engine.ts";

export type SqliteOptions = {
  readonly retention?: RetentionOptions;
  /**
   * Of tables of the app's own, in the same file: each is run once, before anything is served. Add to the end of the
   * list only.
   * @example `["CREATE TABLE seats (id TEXT PRIMARY KEY, taken_by TEXT) STRICT"]`
   */
  readonly migrations?: readonly string[];
};

/**
 * @param folder is created if it is missing, for its owner only. It must be on a disk of this machine: locks on
 * a network file system cannot be trusted.
 */
export function sqlite(folder: string, options: SqliteOptions = {}): EngineSource {
  if (typeof folder !== "string" || folder.trim() === "" || folder.includes("\0") || folder === ":memory:") {
    throw configurationError(
      `sqlite() got ${JSON.stringify(folder)} for its folder.`,
      'Name a folder, such as "./data".',
    );
  }
  checkOptions("sqlite()", options, ["retention", "migrations"]);
  const { migrations = [] } = options;
  if (!Array.isArray(migrations) || migrations.some((sql) => typeof sql !== "string" || sql.trim() === "")) {
    throw configurationError(
      `sqlite().migrations is ${shown(migrations)}.`,
      'Give a list of texts: ["CREATE TABLE …"].',
    );
  }
  const retention = retentionOf(options.retention, "sqlite()");
  const limits = { ...PORTABLE_SIZES, singleOwner: true, groupsInFlight: 1, sql: { transactions: 0 } };
  return {
    name: "sqlite",
    limits,
    migrations,
    open: (host) =>
      openSqlite({ folder, limits, retention, checkpointPages: CHECKPOINT_PAGES, migrations }, host),
  };
}
