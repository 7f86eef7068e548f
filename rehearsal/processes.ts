/**
 * Every process that the rehearsal starts. None outlives it, however it ends: a reaper beside it, which knows their
 * ids, kills what is left when its pipe closes. By process id, never by a name: a frozen function cannot end itself.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const START_MS = 30_000;
const KEPT_CHARACTERS = 4_000;

let reaper: ChildProcess | undefined;

function tell(line: string): void {
  if (reaper === undefined) {
    reaper = spawn(process.execPath, [join(import.meta.dirname, "reaper.ts")], {
      stdio: ["pipe", "ignore", "inherit"],
      // Of its own group: what a terminal sends to end us is not for it.
      detached: true,
    });
    reaper.unref();
    (reaper.stdin as (NodeJS.WritableStream & { unref?: () => void }) | null)?.unref?.();
    reaper.stdin?.on("error", () => undefined);
  }
  reaper.stdin?.write(`${line}\n`);
}

export class Program {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;
  readonly #name: string;
  #said = "";

  constructor(name: string, command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.#name = name;
    this.child = spawn(command, [...args], { stdio: ["pipe", "pipe", "pipe"], ...options });
    this.pid = this.child.pid ?? 0;
    if (this.pid !== 0) tell(`+${this.pid}`);
    this.ended = new Promise((resolve) => {
      const over = (): void => {
        if (this.pid !== 0) tell(`-${this.pid}`);
        resolve();
      };
      this.child.once("exit", over).once("error", (error) => {
        this.#hear(error.message);
        over();
      });
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
  }

  get running(): boolean {
    return this.pid !== 0 && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Its last words. */
  get said(): string {
    return this.#said;
  }

  /** The port that it says it listens on, in a line of its own. */
  async listening(): Promise<number> {
    const { stdout } = this.child;
    if (!stdout) throw new Error(`${this.#name} cannot be heard.`);
    const late = AbortSignal.timeout(START_MS);
    const lines = createInterface({ input: stdout, signal: late });
    for await (const line of lines) {
      const port = /^listening (\d+)$/.exec(line)?.[1];
      if (port === undefined) continue;
      stdout.resume();
      return Number(port);
    }
    const why = late.aborted ? `did not listen within ${START_MS / 1_000} s` : "ended before it listened";
    throw new Error(`${this.#name} ${why}. Its last words:\n${this.#said}`);
  }

  async kill(): Promise<void> {
    if (this.running) this.child.kill("SIGKILL");
    await this.ended;
  }

  #hear(text: string): void {
    this.#said = (this.#said + text).slice(-KEPT_CHARACTERS);
  }
}

/** After everything else was ended: the reaper goes too, and is waited for. */
export async function dismissReaper(): Promise<void> {
  if (reaper === undefined) return;
  const gone = once(reaper, "exit");
  reaper.ref();
  reaper.stdin?.end();
  reaper = undefined;
  await gone;
}
