// What a load generator is asked for, and what it answers.
import { type ExecFileOptions, execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { endWithUs } from "../measure/children.ts";

/** A stretch of requests, each connection sending the next one when it has its answer. */
export type Work = {
  /** `{key}` in it is another one in each request. */
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
  /** A unique Idempotency-Key on each. */
  readonly keyed?: boolean;
  /** Inputs in each body, for the batch route. */
  readonly batch?: number;
};

export type Load = {
  /** With a status of 2xx. */
  readonly replies: number;
  readonly seconds: number;
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

export type Generator = {
  readonly name: string;
  /** What a reader of figures that it made must know. */
  readonly notes: readonly string[];
  readonly run: (url: string, work: Work) => Promise<Load>;
};

/** Where one is that runs as a process of its own. */
export const generatorFile = (name: string): string => join(import.meta.dirname, name);

const promised = promisify(execFile);

/** A command to its end, which comes with this process's end at the latest. */
export function execute(
  command: string,
  args: readonly string[],
  options: ExecFileOptions = {},
): Promise<{ readonly stdout: string }> {
  const running = promised(command, args, { ...options, encoding: "utf8" });
  endWithUs(running.child);
  return running;
}
