// A measured server: a process of its own, asked over its channel what it has used.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Command, Started, Usage } from "../servers/instrument.ts";

const START_MS = 30_000;
const COMMAND_MS = 120_000;
const STOP_MS = 10_000;

export type ServerOptions = {
  /** The folder of the script. */
  readonly folder: string;
  readonly script: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** For node itself. */
  readonly nodeOptions?: readonly string[];
};

export class Server {
  readonly port: number;
  /** From the start of the process until it listened. */
  readonly startedInMs: number;
  readonly #child: ChildProcess;
  readonly #name: string;

  private constructor(child: ChildProcess, name: string, port: number, startedInMs: number) {
    this.#child = child;
    this.#name = name;
    this.port = port;
    this.startedInMs = startedInMs;
  }

  static async start(options: ServerOptions): Promise<Server> {
    const { folder, script, args = [], environment = {}, nodeOptions = [] } = options;
    const began = performance.now();
    const child = spawn(process.execPath, [...nodeOptions, join(folder, script), ...args], {
      env: { ...process.env, ...environment },
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const { listening } = await messageOf<Started>(child, script);
    return new Server(child, script, listening, performance.now() - began);
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  usage(): Promise<Usage> {
    this.#child.send("usage");
    return messageOf<Usage>(this.#child, this.#name);
  }

  /** One of the commands of its script. Answers when it is done. */
  tell(command: string, argument = 0): Promise<Usage> {
    this.#child.send({ command, argument } satisfies Command);
    return messageOf<Usage>(this.#child, this.#name, COMMAND_MS);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const limit = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    await gone;
    clearTimeout(limit);
  }
}

/** The next message; the channel answers one at a time. */
function messageOf<T>(child: ChildProcess, name: string, limitMs = START_MS): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void): void => {
      clearTimeout(limit);
      child.off("message", onMessage).off("exit", onExit);
      done();
    };
    const onMessage = (message: unknown): void => settle(() => resolve(message as T));
    const onExit = (): void => settle(() => reject(new Error(`${name} ended.`)));
    const limit = setTimeout(
      () => settle(() => reject(new Error(`${name} said nothing for ${limitMs / 1_000} s.`))),
      limitMs,
    );
    child.on("message", onMessage).on("exit", onExit);
  });
}
