/**
 * One PostgreSQL of a test's own, on a port of loopback: started, killed and started again. It ends with the process
 * that started it, however that ends, and its folder goes with it.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { install, runAs, type Version } from "./installation.ts";

export type Settings = Readonly<Record<string, string | number>>;

/** Durable as PostgreSQL is by default; what replicas need is left out. */
const SETTINGS: Settings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  wal_level: "minimal",
  max_wal_senders: 0,
  max_connections: 300,
  shared_buffers: "128MB",
};
const STARTED_WITHIN_MS = 60_000;

type Guard = ChildProcessByStdio<Writable, Readable, Readable>;
type Place = { readonly version: Version; readonly port: number; readonly home: string };

export class Postmaster {
  readonly version: Version;
  readonly port: number;
  /** Everybody may read it, and whom it runs as may write. */
  readonly home: string;
  readonly url: string;
  readonly #guard: Guard;
  readonly #lines: Interface;
  #pid: number | undefined;
  #log = "";

  private constructor({ version, port, home }: Place, guard: Guard) {
    this.version = version;
    this.port = port;
    this.home = home;
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    this.#guard = guard;
    this.#lines = createInterface({ input: guard.stdout });
    guard.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#log = (this.#log + text).slice(-8_000);
    });
    // This process may end while it runs.
    guard.unref();
    for (const stream of [guard.stdin, guard.stdout, guard.stderr])
      if (stream instanceof Socket) stream.unref();
  }

  /** Installs and starts one. */
  static async start(version: Version = 18, settings: Settings = {}): Promise<Postmaster> {
    // What a temp folder is a link to may be followed by all; the link itself need not.
    const home = mkdtempSync(join(realpathSync(tmpdir()), "spillway-postgres-"));
    chmodSync(home, 0o755);
    if (runAs.uid !== undefined && runAs.gid !== undefined) chownSync(home, runAs.uid, runAs.gid);
    try {
      const { bin, data } = await install(version, home);
      const port = await freePort();
      const command = [join(bin, "postgres"), "-D", data, ...asArguments({ ...SETTINGS, ...settings, port })];
      const postmaster = new Postmaster({ version, port, home }, guarded(home, command));
      await postmaster.restart();
      return postmaster;
    } catch (error) {
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }

  get pid(): number {
    if (this.#pid === undefined) throw new Error(`This PostgreSQL does not run. It logged:\n${this.#log}`);
    return this.#pid;
  }

  /** The end of what it has logged. */
  get log(): string {
    return this.#log;
  }

  /** Also after `kill()`: as soon as the backends of the one before are gone. */
  async restart(): Promise<void> {
    const until = performance.now() + STARTED_WITHIN_MS;
    while (!(await this.#begin()))
      if (performance.now() > until) throw new Error(`PostgreSQL does not start. It logged:\n${this.#log}`);
  }

  /** As a crash ends it: it finishes nothing. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** In order: it ends its sessions, and writes what it has. */
  async shutDown(): Promise<void> {
    await this.#end("SIGINT");
  }

  /** For good, and without its folder. */
  async remove(): Promise<void> {
    this.#guard.ref();
    this.#guard.stdin.end();
    if (this.#guard.exitCode === null) await once(this.#guard, "exit");
  }

  async #begin(): Promise<boolean> {
    this.#log = "";
    this.#guard.ref();
    const first = once(this.#lines, "line");
    this.#guard.stdin.write("start\n");
    this.#pid = Number((await first)[0]);
    const { promise: isReady, resolve } = Promise.withResolvers<boolean>();
    const listen = () => {
      if (this.#log.includes("ready to accept connections")) resolve(true);
    };
    const giveUp = () => resolve(false);
    this.#guard.stderr.on("data", listen);
    this.#lines.once("line", giveUp);
    const patience = setTimeout(giveUp, STARTED_WITHIN_MS);
    const ready = await isReady;
    clearTimeout(patience);
    this.#guard.stderr.off("data", listen);
    this.#lines.off("line", giveUp);
    this.#guard.unref();
    return ready;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#guard.ref();
    const ended = once(this.#lines, "line");
    process.kill(this.pid, signal);
    await ended;
    this.#pid = undefined;
    this.#guard.unref();
  }
}

/** In a session of its own: a Ctrl-C at the terminal is the test's to hear, and the guard hears of the test's end. */
function guarded(home: string, command: readonly string[]): Guard {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = [join(import.meta.dirname, "guard.ts"), home, ...command];
  return spawn(process.execPath, args, { env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
}

const asArguments = (settings: Settings) =>
  Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
