// A measured server: a process of its own, asked over its channel what it has used.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Started, Usage } from "./instrument.ts";

const START_MS = 15_000;
const STOP_MS = 10_000;

export class Server {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** @param options for node itself */
  static async start(
    script: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    options: readonly string[],
  ): Promise<Server> {
    const child = spawn(process.execPath, [...options, join(import.meta.dirname, script), ...args], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const { listening } = await messageOf<Started>(child, script);
    return new Server(child, listening);
  }

  usage(): Promise<Usage> {
    this.#child.send("usage");
    return messageOf<Usage>(this.#child, "the server");
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
function messageOf<T>(child: ChildProcess, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void): void => {
      clearTimeout(limit);
      child.off("message", onMessage).off("exit", onExit);
      done();
    };
    const onMessage = (message: unknown): void => settle(() => resolve(message as T));
    const onExit = (): void => settle(() => reject(new Error(`${name} ended.`)));
    const limit = setTimeout(
      () => settle(() => reject(new Error(`${name} said nothing for ${START_MS / 1_000} s.`))),
      START_MS,
    );
    child.on("message", onMessage).on("exit", onExit);
  });
}
