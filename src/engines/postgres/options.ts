/** What the engine is told: where its database is, and what of it is its own. Never shows a password. */
import type { EngineLimits, Retention } from "../../core/engine.ts";
import { configurationError } from "../../core/errors.ts";
import { checkOptions, shown } from "../../core/options.ts";
import { type RetentionOptions, retentionOf } from "../../core/store-defaults.ts";

export type PostgresOptions = {
  /** Of the database, all tables are in it. "spillway" by default. */
  readonly schema?: string;
  readonly retention?: RetentionOptions;
  /** Connections for operations with `sql: true`, as many as run at once; opened when they are used. 8 by default. */
  readonly pool?: number;
  /** A URL that leads straight to the server, where the other leads to a pooler; `false`: do without being told. */
  readonly listen?: string | false;
  /** Whether opening brings the schema up to date; `spillway migrate` does it otherwise. */
  readonly migrate?: boolean;
};

/** What `pg` connects with; what the URL says of SSL goes before what is said here. */
export type Address = { readonly connectionString: string; readonly ssl?: boolean };

export type Settings = {
  readonly address: Address;
  readonly listen: Address | false;
  /** As it is written in statements: quoted. */
  readonly schema: string;
  /** As it is called. */
  readonly schemaName: string;
  readonly retention: Retention;
  readonly pool: number;
  readonly migrate: boolean;
  readonly limits: EngineLimits;
  /** For tests, which turn the hands of the clock; otherwise statements ask the database's. */
  readonly now?: () => number;
};

const POOL = 8;
const MOST_POOL = 500;

export function settingsOf(url: string, options: PostgresOptions, limits: EngineLimits): Settings {
  checkOptions("postgres()", options, ["schema", "retention", "pool", "listen", "migrate", "now"]);
  const { schema = "spillway", pool = POOL, listen, migrate = true } = options;
  if (typeof schema !== "string" || !/^[^\0"]{1,63}$/.test(schema) || schema.startsWith("pg_")) {
    throw configurationError(
      `postgres() got ${shown(schema)} for its schema.`,
      'Name one, such as "spillway".',
    );
  }
  if (!Number.isInteger(pool) || pool < 1 || pool > MOST_POOL) {
    throw configurationError(
      `postgres() got ${shown(pool)} for its pool.`,
      `Say how many connections: 1 to ${MOST_POOL}.`,
    );
  }
  const { now } = options as { readonly now?: () => number };
  const address = addressOf(url);
  return {
    address,
    listen: listen === false ? false : listen === undefined ? address : addressOf(listen),
    schema: `"${schema}"`,
    schemaName: schema,
    retention: retentionOf(options.retention, "postgres()"),
    pool,
    migrate,
    limits: { ...limits, sql: { transactions: pool } },
    ...(now && { now }),
  };
}

/** For people: without user and password. */
export function locationOf({ address, schemaName }: Settings): string {
  const url = new URL(address.connectionString);
  return `PostgreSQL at ${hostOf(url) || "localhost"}:${url.port || "5432"}${url.pathname}, schema ${schemaName}`;
}

function addressOf(url: unknown): Address {
  if (typeof url !== "string" || !/^postgres(?:ql)?:\/\//.test(url) || !URL.canParse(url)) {
    // Never shown: it may hold a password all the same.
    throw configurationError(
      `postgres() got ${typeof url === "string" ? textOf(url) : shown(url)}.`,
      "Give it one, such as postgres://user:password@db.example.com/app, with encodeURIComponent(password).",
    );
  }
  const parsed = new URL(url);
  // Whoever reaches beyond this machine must know who answers, unless the URL says otherwise.
  return { connectionString: url, ...(!isLoopback(hostOf(parsed)) && { ssl: true }) };
}

function textOf(url: string): string {
  return url === ""
    ? "an empty text, as from a variable that is not set"
    : "text that is no URL of PostgreSQL";
}

function hostOf({ hostname, searchParams }: URL): string {
  return searchParams.get("host") ?? decodeURIComponent(hostname).replace(/^\[|\]$/g, "");
}

/** No name: a socket of this machine, as one that begins with a slash. */
function isLoopback(host: string): boolean {
  if (host === "" || host.startsWith("/")) return true;
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
