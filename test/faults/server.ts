/** A server in a process of its own, one for each life of a folder. Ended by its process id, never by a name. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "./client.ts";

const ADMIN_TOKEN = "the-administrator-of-this-test";
const LEDGER_APP = join(import.meta.dirname, "apps/ledger-app.ts");

/** Half of what a start takes; a rig starts hundreds. */
const compileCache = mkdtempSync(join(tmpdir(), "spillway-compiled-"));
process.on("exit", () => rmSync(compileCache, { recursive: true, force: true }));

const START_MS = 30_000;
const KEPT_CHARACTERS = 4_000;

export type ServerOptions = {
  /** Beside the folder and a free port. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A command that runs the command after it. */
  readonly under?: readonly string[];
  /** The program; the one to be judged on SQLite by default. */
  readonly app?: string;
};

export class Server {
  readonly startedAt = performance.now();
  /** Resolves when the process has ended, however. */
  readonly ended: Promise<unknown>;
  readonly #process: ChildProcess;
  #output = "";

  constructor(folder: string, { environment = {}, under = [], app = LEDGER_APP }: ServerOptions = {}) {
    const [command = "", ...rest] = [...under, process.execPath, app];
    this.#process = spawn(command, rest, {
      env: {
        ...process.env,
        PORT: "0",
        NODE_COMPILE_CACHE: compileCache,
        SPILLWAY_DATA: folder,
        SPILLWAY_ADMIN_TOKEN: ADMIN_TOKEN,
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.ended = once(this.#process, "exit");
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_CHARACTERS);
      });
    }
  }

  /** The end of what it has printed. */
  get output(): string {
    return this.#output;
  }

  get #isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Resolves when it listens. */
  async client(connections?: number): Promise<Client> {
    const late = AbortSignal.timeout(START_MS);
    const stdout = this.#process.stdout;
    while (stdout) {
      const url = /^Listening on (\S+)$/m.exec(this.#output)?.[1];
      if (url !== undefined) return new Client(url, ADMIN_TOKEN, connections);
      if (!this.#isRunning || late.aborted) break;
      await Promise.race([once(stdout, "data", { signal: late }).catch(() => undefined), this.ended]);
    }
    throw new Error(`The server did not start:\n${this.#output}`);
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended;
  }

  signal(name: NodeJS.Signals): void {
    const server = /^Process (\d+)$/m.exec(this.#output)?.[1];
    // What it runs under would leave it running, and ends with it.
    if (server === undefined || Number(server) === this.#process.pid) this.#process.kill(name);
    else if (this.#isRunning) process.kill(Number(server), name);
  }
}

/** A folder for a store, gone when the test is. */
export function newFolder(t: { after(run: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), "spillway-faults-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "data");
}
