/** PgBouncer before a PostgreSQL, in transaction mode: each transaction on whatever connection is free. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { freePort } from "../../support/free-ports.ts";
import { Guarded, newFolder, own } from "./guarded.ts";

const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("pgbouncer");
const isThere = spawnSync("pgbouncer", ["--version"]).status === 0;

/** Why a test that needs it is skipped, for `node:test`; where it is required, never. */
export const missingPooler: string | false =
  required || isThere ? false : "needs pgbouncer; SPILLWAY_REQUIRE=pgbouncer insists on it";

export type Pooler = {
  readonly url: string;
  /** On every connection to the server, a statement of this name is another's from now on. */
  take(statement: string): Promise<void>;
  /** None of its connections to the server is used any more, as when they are old; its clients do not notice. */
  renew(): Promise<void>;
  remove(): Promise<void>;
};

const CONNECTIONS = 20;

/**
 * @param port of the PostgreSQL
 * @param connections to it, at most
 */
export async function startPooler(port: number, connections = CONNECTIONS): Promise<Pooler> {
  const folder = newFolder("spillway-pgbouncer-");
  const listenPort = await freePort();
  const file = join(folder, "pgbouncer.ini");
  const settings = {
    listen_addr: "127.0.0.1",
    listen_port: listenPort,
    unix_socket_dir: "",
    auth_type: "any",
    admin_users: "postgres",
    pool_mode: "transaction",
    default_pool_size: connections,
    max_client_conn: 500,
    // Else a server that was away is tried again only every 15 s, and whoever comes meanwhile is refused.
    server_login_retry: 1,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const databases = `[databases]\n* = host=127.0.0.1 port=${port} user=postgres`;
  writeFileSync(file, `${databases}\n\n[pgbouncer]\n${lines.join("\n")}\n`);
  own(file);
  const server = new Guarded(folder, ["pgbouncer", file]);
  if (!(await server.start("process up"))) throw new Error(`PgBouncer does not start:\n${server.log}`);
  const url = `postgres://postgres@127.0.0.1:${listenPort}/postgres`;
  return {
    url,
    take: (statement) => takeOnAll(url, statement, connections),
    renew: () => administer(url, "RECONNECT"),
    remove: () => server.remove(),
  };
}

async function administer(url: string, command: string): Promise<void> {
  const client = new Client({ connectionString: url.replace(/[^/]*$/, "pgbouncer") });
  await client.connect();
  await client.query(command);
  await client.end();
}

async function takeOnAll(url: string, statement: string, connections: number): Promise<void> {
  const clients = Array.from({ length: connections }, () => new Client({ connectionString: url }));
  // Each has a connection to the server of its own once all are in a transaction.
  await Promise.all(clients.map((client) => client.connect().then(() => client.query("BEGIN"))));
  const taken = clients.map((client) =>
    client.query(`PREPARE ${statement} AS SELECT 1`).catch((error: { code?: string }) => {
      if (error.code !== "42P05") throw error;
    }),
  );
  await Promise.all(taken);
  await Promise.all(clients.map((client) => client.query("ROLLBACK").then(() => client.end())));
}
