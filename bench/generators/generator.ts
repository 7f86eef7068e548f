// What a load generator is asked for, and what it answers.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** A stretch of requests, each connection sending the next one when it has its answer. */
export type Work = {
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
  readonly run: (url: string, work: Work) => Promise<Load>;
};

export const execute = promisify(execFile);
