// A measured server's end of the channel to the bench: says where it listens, and answers what it has used so far.

import { StatementSync } from "node:sqlite";

export type Usage = {
  /** User and system time of the whole process, all threads. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
  /**
   * Groups given to the store: one transaction and one fsync of its log each (strace counted 256 fsyncs for 253 of
   * them, the others being checkpoints'). Without a store 0.
   */
  readonly commits: number;
  /** Of the thread that reads, where they are counted. */
  readonly statements: number;
  /** Jobs that ran so far, and when the first and the last one did, by the system's clock. */
  readonly ran: number;
  readonly firstRanAt: number;
  readonly lastRanAt: number;
  /** How long it took from a stamped call until its handler ran; NaN where none was stamped since "clear". */
  readonly handled: { readonly count: number; readonly p50Ms: number; readonly p99Ms: number };
};

export type Started = { readonly listening: number };

let ran = 0;
let firstRanAt = 0;
let lastRanAt = 0;
let commits = 0;
let statements = 0;
let handledMs: number[] = [];

export function countRun(): void {
  ran++;
  lastRanAt = Date.now();
  if (firstRanAt === 0) firstRanAt = lastRanAt;
}

/** For a call that a generator has stamped: the clock is the machine's, the same one in both processes. */
export function countHandled(stamp: string): void {
  const at = Number(stamp);
  if (at > 0) handledMs.push(performance.timeOrigin + performance.now() - at);
}

export function countCommit(): void {
  commits++;
}

/** From now on, on this thread; the store writes on another one. */
export function countStatements(): void {
  for (const name of ["get", "all", "run"] as const) {
    const run = StatementSync.prototype[name] as (...values: unknown[]) => unknown;
    const counting = function (this: StatementSync, ...values: unknown[]): unknown {
      statements++;
      return run.apply(this, values);
    };
    Object.defineProperty(StatementSync.prototype, name, { value: counting });
  }
}

/** What else a server does when it is told to; it answers when that is done. */
export type Commands = Readonly<Record<string, (argument: number) => Promise<void>>>;
export type Command = { readonly command: string; readonly argument: number };

export function instrument(port: number, commands: Commands = {}): void {
  process.on("message", async (message: "usage" | Command) => {
    if (message !== "usage") {
      if (message.command === "clear") handledMs = [];
      await commands[message.command]?.(message.argument);
    }
    process.send?.(usage());
  });
  // Without its bench a server would stay behind.
  process.on("disconnect", () => process.exit(0));
  process.send?.({ listening: port } satisfies Started);
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return {
    cpuMicros: user + system,
    rssBytes: process.memoryUsage.rss(),
    commits,
    statements,
    ran,
    firstRanAt,
    lastRanAt,
    handled: handled(),
  };
}

function handled(): Usage["handled"] {
  const sorted = handledMs.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}
