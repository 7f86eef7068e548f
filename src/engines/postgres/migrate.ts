/**
 * Brings a schema up to date when a store opens: under a lock, so that of many nodes that start at once one does it
 * and the others find it done. Refuses a database that is not fit, and a schema that a newer Spillway wrote.
 */
import { configurationError } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import { type Connections, Transaction } from "./connection.ts";
import { described, failureOf, sqlState } from "./failures.ts";
import type { Line } from "./line.ts";
import type { Reach } from "./lines.ts";
import { locationOf, type Settings } from "./options.ts";
import { monotonic, pause } from "./pauses.ts";
import { MIGRATIONS } from "./schema.ts";

/** A database that is just being started may take so long. */
const PATIENCE_MS = 5_000;
const LOCK_MS = 60_000;
const LOCK_PAUSE_MS = 100;
const AWAY_PAUSE_MS = 200;
const OLDEST_SERVER = 150_000;
const NO_RIGHT = "42501";

export type Opened = {
  readonly secret: string;
  readonly lastSequence: number;
  /** Whether a commit is answered when it is in the server's log, and not before. */
  readonly waitsForLog: boolean;
};

/** Answers what was done, for people. */
export async function migrate(
  reach: Reach,
  settings: Settings,
  random: Pick<Random, "hex">,
): Promise<string> {
  const since = monotonic();
  for (;;) {
    const line = await reachable(reach, settings, since);
    try {
      return await upToDate(line, settings, random);
    } catch (error) {
      // A pooler takes a connection also while it has none to the server. What was done is found done.
      if (!["unavailable", "unknown"].includes(failureOf(error))) throw error;
      if (monotonic() - since > PATIENCE_MS) throw unreachable(error, settings, since);
    } finally {
      await line.close();
    }
    await pause(AWAY_PAUSE_MS);
  }
}

async function upToDate(line: Line, settings: Settings, random: Pick<Random, "hex">): Promise<string> {
  const deadline = monotonic() + LOCK_MS;
  for (;;) {
    const done = await migrated(line, settings, random);
    if (done !== undefined) return done;
    if (monotonic() > deadline) {
      throw configurationError(
        `Another process has been changing schema ${settings.schemaName} for ${LOCK_MS / 1000} s.`,
        "Start again when it is done; pg_stat_activity shows what it does.",
      );
    }
    await pause(LOCK_PAUSE_MS);
  }
}

/** Undefined: another is at it. */
async function migrated(
  line: Line,
  settings: Settings,
  random: Pick<Random, "hex">,
): Promise<string | undefined> {
  const { schema, schemaName } = settings;
  const transaction = new Transaction(line);
  try {
    const lock = { text: "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))" };
    const [[isLocked = false] = []] = (
      await transaction.run<[boolean]>(lock, [`spillway migrate ${schemaName}`])
    ).rows;
    if (!isLocked) return undefined;
    await checkServer(transaction);
    const version = await versionOf(transaction, settings);
    if (version === MIGRATIONS.length) return `Schema ${schemaName} has version ${version} already.`;
    if (!settings.migrate) {
      throw configurationError(
        version === 0
          ? `There is no schema ${schemaName} of Spillway's in this database.`
          : `Schema ${schemaName} is version ${version}, and this Spillway needs ${MIGRATIONS.length}.`,
        "Run: spillway migrate ./app.ts",
      );
    }
    if (version === 0) await createSchema(transaction, schema);
    for (const migration of MIGRATIONS.slice(version)) await transaction.run({ text: migration(schema) });
    const keep =
      version === 0
        ? { text: `INSERT INTO ${schema}.store (version, secret) VALUES ($1, $2)` }
        : { text: `UPDATE ${schema}.store SET version = $1` };
    await transaction.run(keep, [MIGRATIONS.length, ...(version === 0 ? [random.hex(32)] : [])]);
    await transaction.commit();
    const from = version === 0 ? "made" : `brought from version ${version}`;
    return `Schema ${schemaName}: ${from}, version ${MIGRATIONS.length}.`;
  } catch (error) {
    if (sqlState(error) === "42P07") {
      throw configurationError(
        `Schema ${schemaName} has tables of something else: ${described(error)}.`,
        "Give postgres() a schema of its own: { schema: … }.",
      );
    }
    throw refusedOr(error, settings);
  } finally {
    await transaction.rollback();
  }
}

/** What an engine has to know of its store before it begins. */
export async function openedStore(connections: Connections, { schema }: Settings): Promise<Opened> {
  const [row] = await connections.read<[string, number, boolean]>({
    text: `SELECT secret, coalesce((SELECT max(sequence) FROM ${schema}.jobs), 0),
      current_setting('synchronous_commit') <> 'off' FROM ${schema}.store`,
  });
  const [secret, lastSequence, waitsForLog] = row as [string, number, boolean];
  return { secret, lastSequence, waitsForLog };
}

async function reachable(reach: Reach, settings: Settings, since: number): Promise<Line> {
  try {
    return await reach.connect(PATIENCE_MS);
  } catch (error) {
    throw failureOf(error) === "unavailable"
      ? unreachable(error, settings, since)
      : refusedOr(error, settings);
  }
}

function unreachable(error: unknown, settings: Settings, since: number): Error {
  const seconds = Math.round((monotonic() - since) / 1000);
  return configurationError(
    `${locationOf(settings)} could not be reached for ${seconds} s: ${described(error).replace(/\.$/, "")}.`,
    "Check that it runs, that the address is right, and that this machine may connect to it.",
  );
}

function refusedOr(error: unknown, settings: Settings): unknown {
  if (failureOf(error) !== "refused") return error;
  const { schema } = settings;
  return configurationError(
    `${locationOf(settings)} refuses: ${described(error)}.`,
    sqlState(error) === NO_RIGHT
      ? `Its user must be allowed to create the schema, or to use one that is there: GRANT USAGE ON SCHEMA ${schema} TO …; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO …;`
      : "Check user, password, sslmode and database.",
  );
}

async function checkServer(transaction: Transaction): Promise<void> {
  const { rows } = await transaction.run<[string, string]>({
    text: "SELECT current_setting('server_version_num'), current_setting('server_encoding')",
  });
  const [[version = "", encoding = ""] = []] = rows;
  if (Number(version) < OLDEST_SERVER) {
    throw configurationError(
      `This server is PostgreSQL ${Math.floor(Number(version) / 10_000)}.`,
      "Spillway needs 15 or later.",
    );
  }
  if (encoding !== "UTF8") {
    throw configurationError(
      `This database's encoding is ${encoding}, which cannot hold all of JSON.`,
      "Create one with ENCODING 'UTF8'.",
    );
  }
}

/** Asked for first: whoever may use one need not be allowed to create one. */
async function createSchema(transaction: Transaction, schema: string): Promise<void> {
  const there = { text: "SELECT to_regnamespace($1) IS NOT NULL" };
  const [[isThere = false] = []] = (await transaction.run<[boolean]>(there, [schema])).rows;
  if (!isThere) await transaction.run({ text: `CREATE SCHEMA ${schema}` });
}

/** 0: there is none yet. */
async function versionOf(transaction: Transaction, { schema, schemaName }: Settings): Promise<number> {
  const there = { text: "SELECT to_regclass($1) IS NOT NULL" };
  const [[isThere = false] = []] = (await transaction.run<[boolean]>(there, [`${schema}.store`])).rows;
  if (!isThere) return 0;
  const { rows } = await transaction.run<[number]>({ text: `SELECT version FROM ${schema}.store` });
  const [[version = 0] = []] = rows;
  if (version <= MIGRATIONS.length) return version;
  throw configurationError(
    `Schema ${schemaName} was written by a newer Spillway: it is version ${version}, and this one knows ${MIGRATIONS.length}.`,
    "Run the version that wrote it, or a later one.",
  );
}
