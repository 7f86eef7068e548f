// Every process that the bench starts beside its servers in Node.js, so that none outlives it, and what they use.
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";

const STOP_MS = 15_000;
const alive = new Set<ChildProcess>();

// Whatever ends the bench. By process id, never by name.
process.once("exit", () => {
  for (const child of alive) child.kill("SIGQUIT");
});

export function endWithUs(child: ChildProcess): void {
  alive.add(child);
  child.once("exit", () => alive.delete(child));
}

/** Its last words are kept for the message of a start that fails. */
export class Child {
  readonly #child: ChildProcess;
  readonly #name: string;
  #said = "";

  constructor(name: string, command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.#name = name;
    this.#child = spawn(command, [...args], { ...options, stdio: ["ignore", "pipe", "pipe"] });
    endWithUs(this.#child);
    this.#child.once("error", (error) => this.#hear(error.message));
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (chunk: Buffer) => this.#hear(chunk.toString()));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws when the process has ended */
  check(): void {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null && this.#child.pid !== undefined) return;
    throw new Error(`${this.#name} ended (${exitCode ?? signalCode}). Its last words:\n${this.#said}`);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined)
      return;
    const gone = once(this.#child, "exit");
    this.#child.kill(signal);
    const limit = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    await gone;
    clearTimeout(limit);
  }

  #hear(text: string): void {
    this.#said = (this.#said + text).slice(-2_000);
  }
}

/** A port of loopback that is free now; whoever asked takes it at once. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No port was given.");
  return address.port;
}

/** User and system time of a process and of all that it started, the ended ones included; Linux only, in steps of 10 ms. */
export function cpuMicrosOfTree(root: number): number {
  const processes = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (statOf(name) ?? []) : []));
  const family = new Set([root]);
  for (let before = 0; before < family.size; ) {
    before = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  const ticks = processes.reduce((sum, { pid, ticks }) => (family.has(pid) ? sum + ticks : sum), 0);
  return (ticks * 1_000_000) / ticksPerSecond();
}

let perSecond = 0;
function ticksPerSecond(): number {
  perSecond ||= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return perSecond;
}

/** Undefined for one that has just ended. */
function statOf(
  pid: string,
): { readonly pid: number; readonly parent: number; readonly ticks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name may hold spaces and parentheses; the figures come after its last one.
    const [, parent, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = rest.slice(9, 13).reduce((sum, text) => sum + Number(text), 0);
    return { pid: Number(pid), parent: Number(parent), ticks };
  } catch {
    return undefined;
  }
}
