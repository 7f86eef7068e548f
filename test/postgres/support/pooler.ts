/** PgBouncer before a PostgreSQL, in transaction mode: each transaction on whatever connection is free. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, Guarded, newFolder, own } from "./guarded.ts";

const required = process.env["SPILLWAY_REQUIRE"]?.split(",").includes("pgbouncer");
const isThere = spawnSync("pgbouncer", ["--version"]).status === 0;

/** Why a test that needs it is skipped, for `node:test`; where it is required, never. */
export const missingPooler: string | false =
  required || isThere ? false : "needs pgbouncer; SPILLWAY_REQUIRE=pgbouncer insists on it";

/** @param port of the PostgreSQL */
export async function startPooler(port: number): Promise<{ url: string; remove(): Promise<void> }> {
  const folder = newFolder("spillway-pgbouncer-");
  const listenPort = await freePort();
  const file = join(folder, "pgbouncer.ini");
  const settings = {
    listen_addr: "127.0.0.1",
    listen_port: listenPort,
    unix_socket_dir: "",
    auth_type: "any",
    pool_mode: "transaction",
    default_pool_size: 20,
    max_client_conn: 500,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const databases = `[databases]\n* = host=127.0.0.1 port=${port} user=postgres`;
  writeFileSync(file, `${databases}\n\n[pgbouncer]\n${lines.join("\n")}\n`);
  own(file);
  const server = new Guarded(folder, ["pgbouncer", file]);
  if (!(await server.start("process up"))) throw new Error(`PgBouncer does not start:\n${server.log}`);
  return { url: `postgres://postgres@127.0.0.1:${listenPort}/postgres`, remove: () => server.remove() };
}
