/**
 * The PostgreSQL that all test processes of a run share: started by the first that asks, ended when none is left. Every
 * test has a schema of its own in it. SPILLWAY_TEST_POSTGRES names another version, or the URL of a server of one's own;
 * where that leads to a pooler, SPILLWAY_TEST_LISTEN is the server's.
 */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { holdLock } from "../../../tools/lock.js";
import { missingPostgres, VERSIONS, type Version } from "./installation.ts";

export type Cluster = {
  /** Of a database in which whoever connects may do everything. */
  readonly url: string;
  /** Where engines are to listen, if not there. */
  readonly listen?: string;
};

const STARTED_WITHIN_MS = 60_000;

/** Those of other checkouts and users are not this run's. */
const name = createHash("sha256")
  .update(`${import.meta.dirname} ${process.getuid?.()}`)
  .digest("hex")
  .slice(0, 12);

const chosen = process.env["SPILLWAY_TEST_POSTGRES"] || "18";
const elsewhere = chosen.includes("://");
const listen = process.env["SPILLWAY_TEST_LISTEN"];

/** Why a test that needs it is skipped, for `node:test`. */
export const missingCluster = (): string | false => !elsewhere && missingPostgres(chosenVersion());

const held = new Map<Version, Promise<Cluster>>();

export async function cluster(version?: Version): Promise<Cluster> {
  if (version !== undefined || !elsewhere) return shared(version ?? chosenVersion());
  return { url: chosen, ...(listen && { listen }) };
}

function shared(version: Version): Promise<Cluster> {
  const known = held.get(version) ?? hold(version);
  held.set(version, known);
  return known;
}

/** A name that nothing in the cluster has yet. */
export const newSchema = (): string => `test_${randomBytes(8).toString("hex")}`;

export async function dropSchema({ url }: Cluster, schema: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
  await client.end();
}

async function hold(version: Version): Promise<Cluster> {
  const path = join(tmpdir(), `spillway-postgres-${version}-${name}`);
  const url = (await ask(path)) ?? (await start(version, path));
  return { url };
}

function chosenVersion(): Version {
  const version = VERSIONS.find((known) => String(known) === chosen);
  if (version !== undefined) return version;
  throw new Error(
    `SPILLWAY_TEST_POSTGRES is "${chosen}". It is one of ${VERSIONS.join(", ")}, or a URL such as postgres://postgres@127.0.0.1:5432/postgres.`,
  );
}

async function start(version: Version, path: string): Promise<string> {
  const release = await holdLock(`${path}.lock`, () => {});
  try {
    const started = await ask(path);
    if (started !== undefined) return started;
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = [join(import.meta.dirname, "keeper.ts"), String(version), path];
    const keeper = spawn(process.execPath, args, {
      env,
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    keeper.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const until = performance.now() + STARTED_WITHIN_MS;
    while (keeper.exitCode === null && performance.now() < until) {
      await pause(20);
      const url = await ask(path);
      if (url === undefined) continue;
      keeper.stderr.destroy();
      keeper.unref();
      return url;
    }
    throw new Error(`The PostgreSQL of the tests did not start. It said:\n${said}`);
  } finally {
    release();
  }
}

/** Connected for as long as this process lives; `undefined`: nobody keeps one. */
async function ask(path: string): Promise<string | undefined> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return await firstLine(socket);
  } catch {
    return undefined;
  }
}

async function firstLine(socket: Socket): Promise<string | undefined> {
  let text = "";
  for await (const chunk of socket.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.endsWith("\n")) break;
  }
  socket.on("error", () => {});
  socket.unref();
  return text.endsWith("\n") ? text.trim() : undefined;
}
