/** A server that a guard runs (`guard.ts`): it ends with this process, however that ends, and its folder with it. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, realpathSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { runAs } from "./installation.ts";

const STARTED_WITHIN_MS = 60_000;

export class Guarded {
  readonly #guard: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: Interface;
  #pid: number | undefined;
  #log = "";

  /** @param folder the server's own, in which it is started */
  constructor(folder: string, command: readonly string[]) {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = [join(import.meta.dirname, "guard.ts"), folder, ...command];
    // In a session of its own: a Ctrl-C at the terminal is the test's to hear, and the guard hears of the test's end.
    this.#guard = spawn(process.execPath, args, { env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
    this.#lines = createInterface({ input: this.#guard.stdout });
    this.#guard.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#log = (this.#log + text).slice(-8_000);
    });
    // This process may end while it runs.
    this.#guard.unref();
    for (const stream of [this.#guard.stdin, this.#guard.stdout, this.#guard.stderr])
      if (stream instanceof Socket) stream.unref();
  }

  get pid(): number {
    if (this.#pid === undefined) throw new Error(`It does not run. It logged:\n${this.#log}`);
    return this.#pid;
  }

  /** The end of what it has logged. */
  get log(): string {
    return this.#log;
  }

  /** @returns whether it has logged `ready`; if not, it has ended */
  async start(ready: string): Promise<boolean> {
    this.#log = "";
    this.#guard.ref();
    const first = once(this.#lines, "line");
    this.#guard.stdin.write("start\n");
    this.#pid = Number((await first)[0]);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const listen = () => {
      if (this.#log.includes(ready)) resolve(true);
    };
    const giveUp = () => resolve(false);
    this.#guard.stderr.on("data", listen);
    this.#lines.once("line", giveUp);
    const patience = setTimeout(giveUp, STARTED_WITHIN_MS);
    const isReady = await promise;
    clearTimeout(patience);
    this.#guard.stderr.off("data", listen);
    this.#lines.off("line", giveUp);
    this.#guard.unref();
    return isReady;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#guard.ref();
    const ended = once(this.#lines, "line");
    process.kill(this.pid, signal);
    await ended;
    this.#pid = undefined;
    this.#guard.unref();
  }

  /** For good, and without its folder. */
  async remove(): Promise<void> {
    this.#guard.ref();
    this.#guard.stdin.end();
    if (this.#guard.exitCode === null) await once(this.#guard, "exit");
  }
}

/** That everybody may read, and whom the server runs as may write. */
export function newFolder(prefix: string): string {
  // What a temp folder is a link to may be followed by all; the link itself need not.
  const folder = mkdtempSync(join(realpathSync(tmpdir()), prefix));
  chmodSync(folder, 0o755);
  own(folder);
  return folder;
}

/** Gives it to whom the server runs as. */
export function own(path: string): void {
  if (runAs.uid !== undefined && runAs.gid !== undefined) chownSync(path, runAs.uid, runAs.gid);
}
