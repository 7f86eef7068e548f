/** One PostgreSQL of a test's own, on a port of loopback: started, killed and started again. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../support/free-ports.ts";
import { Guarded, newFolder, own } from "./guarded.ts";
import { install, type Version } from "./installation.ts";

export type Settings = Readonly<Record<string, string | number>>;

export type PostmasterOptions = {
  readonly version?: Version;
  readonly settings?: Settings;
  /** Where its data are to be, and where the log of its changes; in a folder of its own by default. */
  readonly data?: string;
  readonly log?: string;
};

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

export class Postmaster {
  readonly port: number;
  readonly home: string;
  readonly #server: Guarded;

  private constructor(port: number, home: string, command: readonly string[]) {
    this.port = port;
    this.home = home;
    this.#server = new Guarded(home, command);
  }

  /** Installs and starts one. */
  static async start({ version = 18, settings = {}, ...where }: PostmasterOptions = {}): Promise<Postmaster> {
    const home = newFolder("spillway-postgres-");
    try {
      const { data = join(home, "data"), log } = where;
      for (const folder of [data, ...(log === undefined ? [] : [log])]) {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        own(folder);
      }
      const binary = await install(version, { home, data, log });
      const port = await freePort();
      const given = Object.entries({ ...SETTINGS, ...settings, port });
      const args = given.flatMap(([name, value]) => ["-c", `${name}=${value}`]);
      const postmaster = new Postmaster(port, home, [binary, "-D", data, ...args]);
      await postmaster.restart();
      return postmaster;
    } catch (error) {
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }

  get url(): string {
    return this.urlAt("127.0.0.1");
  }

  urlAt(host: string): string {
    return `postgres://postgres@${host}:${this.port}/postgres`;
  }

  /** Also after `kill()`: as soon as the backends of the one before are gone. */
  async restart(): Promise<void> {
    const until = performance.now() + STARTED_WITHIN_MS;
    while (!(await this.#server.start("is ready to accept"))) {
      if (performance.now() < until) continue;
      throw new Error(`PostgreSQL does not start. It logged:\n${this.#server.log}`);
    }
  }

  /** As a crash ends it: it finishes nothing. */
  async kill(): Promise<void> {
    await this.#server.end("SIGKILL");
  }

  /** In order: it ends its sessions, and writes what it has. */
  async shutDown(): Promise<void> {
    await this.#server.end("SIGINT");
  }

  /** For good, and without its folder. */
  async remove(): Promise<void> {
    await this.#server.remove();
  }
}
