/** The server's HTTP API for every page: JSON in, JSON out, and problems as errors that say what happened. */
import { askForToken } from "./session.ts";
import type { Problem } from "./wire.ts";

export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
  }
}

/** Nobody answered. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";

  constructor() {
    super("The server cannot be reached.");
  }
}

export type Asking = {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly body?: unknown;
  /** Members that are undefined or empty are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
};

/** @throws ProblemError, Unreachable, or an AbortError of the signal's */
export async function ask<T>(path: string, asking: Asking = {}): Promise<T> {
  const response = await answered(path, asking);
  if (response.status === 401) askForToken();
  if (!response.ok) throw new ProblemError(await problemOf(response));
  // 204: there is nothing to read, and whoever asked expects nothing.
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function answered(path: string, { method = "GET", body, query, signal, headers }: Asking) {
  try {
    return await fetch(`${path}${searchOf(query)}`, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable();
  }
}

function searchOf(query: Asking["query"] = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

async function problemOf(response: Response): Promise<Problem> {
  const { status, statusText } = response;
  try {
    return (await response.json()) as Problem;
  } catch {
    // Something between us and the server answered.
    return { title: statusText || `Status ${status}`, status, code: "unknown" };
  }
}
