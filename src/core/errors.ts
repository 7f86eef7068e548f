/**
 * Every way a call can end badly, in one table: the code a client switches on, its HTTP status, whether
 * trying again can help, and a title. Problems (RFC 9457) and errors are both made from it; docs/errors.md
 * is generated from it. Nothing here knows HTTP beyond the number.
 */
import type { JsonValue } from "./json.ts";
import { parseJson } from "./json-build.ts";

type Row = { readonly status: number; readonly title: string; readonly retryable?: true };

export const PROBLEMS = {
  "malformed-request": { status: 400, title: "The HTTP request is malformed" },
  "malformed-json": { status: 400, title: "The body is not acceptable JSON" },
  "malformed-header": { status: 400, title: "A header cannot be parsed" },
  "idempotency-required": { status: 400, title: "This operation requires an Idempotency-Key" },
  "idempotency-unsupported": {
    status: 400,
    title: "Idempotency keys need an engine, and none is configured",
  },
  unauthenticated: { status: 401, title: "Authentication is required" },
  forbidden: { status: 403, title: "Not allowed" },
  "unknown-operation": { status: 404, title: "No such operation" },
  "unknown-receipt": { status: 404, title: "No such receipt" },
  "not-found": { status: 404, title: "Nothing is here" },
  "method-not-allowed": { status: 405, title: "The method is not allowed here" },
  "request-timeout": { status: 408, title: "The request did not arrive in time", retryable: true },
  "idempotency-in-flight": { status: 409, title: "A call with this key is still running", retryable: true },
  "already-final": { status: 409, title: "The job has already ended" },
  cancelled: { status: 409, title: "The job was cancelled" },
  "condition-failed": { status: 409, title: "A write's condition did not hold" },
  "too-large": { status: 413, title: "The body is too large" },
  "uri-too-long": { status: 414, title: "The URL is too long" },
  "unsupported-media-type": { status: 415, title: "The body must be application/json" },
  "wrong-host": { status: 421, title: "This server does not answer for that host" },
  "invalid-input": { status: 422, title: "The input is not valid" },
  "idempotency-mismatch": { status: 422, title: "The key was used before with another input" },
  "callback-not-allowed": { status: 422, title: "This operation does not allow callbacks" },
  "upgrade-required": { status: 426, title: "This is a WebSocket endpoint" },
  "quota-exceeded": { status: 429, title: "The quota is used up", retryable: true },
  "headers-too-large": { status: 431, title: "The headers are too large" },
  "handler-failed": { status: 500, title: "The operation failed", retryable: true },
  "invalid-output": { status: 500, title: "The operation's output is not valid" },
  "effects-too-large": { status: 500, title: "The operation wrote too much at once" },
  "delivery-exhausted": { status: 500, title: "The job was delivered too often without an end" },
  internal: { status: 500, title: "Something went wrong on our side", retryable: true },
  "not-on-this-deployment": { status: 501, title: "This deployment cannot do that" },
  saturated: { status: 503, title: "No slot is free", retryable: true },
  "backlog-full": { status: 503, title: "The backlog is full", retryable: true },
  paused: { status: 503, title: "The operation is paused", retryable: true },
  draining: { status: 503, title: "The server is shutting down", retryable: true },
  "storage-unavailable": { status: 503, title: "Storage is unavailable", retryable: true },
  "handler-timeout": { status: 504, title: "The operation took too long", retryable: true },
} as const satisfies Readonly<Record<string, Row>>;

export type ProblemCode = keyof typeof PROBLEMS;

/** An RFC 9457 problem: the same object on an error reply and as the `error` of a failed receipt. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly [extension: string]: JsonValue | undefined;
};

/** A problem of the table; `detail` says what happened, with the value, then the next step. */
export function problem(
  code: ProblemCode,
  detail?: string,
  more?: Readonly<Record<string, JsonValue>>,
): Problem {
  const { status, title } = PROBLEMS[code];
  return { type: `urn:spillway:problem:${code}`, title, status, code, ...(detail && { detail }), ...more };
}

/** Any error that Spillway itself throws; switch on `code`. */
export class SpillwayError extends Error {
  override readonly name: string = "SpillwayError";
  readonly code: ProblemCode | "configuration";
  readonly status: number;
  readonly retryable: boolean;
  /** The next step, for the person who reads the message. */
  readonly hint: string | undefined;

  constructor(
    code: ProblemCode | "configuration",
    message: string,
    options: { hint?: string; cause?: unknown } = {},
  ) {
    super(options.hint ? `${message} ${options.hint}` : message, { cause: options.cause });
    const row: Row = code === "configuration" ? { status: 500, title: "" } : PROBLEMS[code];
    this.code = code;
    this.status = row.status;
    this.retryable = row.retryable === true;
    this.hint = options.hint;
  }
}

/** A mistake in the set-up, found at start: what is wrong, with the value, and the next step. */
export function configurationError(message: string, hint: string): SpillwayError {
  return new SpillwayError("configuration", message, { hint });
}

/**
 * Throw from a handler to end the call for good with a problem of your own: the same object answers the
 * caller and stands on the receipt. `status` is 400–499; a 5xx would be retried like any other throw.
 */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;

  constructor(options: {
    readonly status: number;
    readonly code: string;
    readonly title?: string;
    readonly detail?: string;
    readonly more?: Readonly<Record<string, JsonValue>>;
  }) {
    super(options.detail ?? options.title ?? options.code);
    const { status, code, title = code, detail, more } = options;
    // As JSON will tell it: what cannot be told must fail in the handler, not on its way to the store.
    const told = {
      type: `urn:spillway:problem:${code}`,
      title,
      status,
      code,
      ...(detail && { detail }),
      ...more,
    };
    this.problem = parseJson(JSON.stringify(told)) as Problem;
  }
}

/** Throw from a handler when trying again cannot help: the job goes to the dead letters at once. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}

/** Throw from a handler to be tried again, at the earliest `afterMs` milliseconds from now. */
export class RetryableError extends Error {
  override readonly name = "RetryableError";
  readonly afterMs: number | undefined;

  constructor(message: string, options: { afterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.afterMs = options.afterMs;
  }
}

/**
 * Throw from a handler when the thing it protects said "not now" (a pool with no free connection, a 429).
 * It costs a queued call no attempt, ten times in a row; a `request` answers `503 saturated`.
 */
export class ThrottledError extends Error {
  override readonly name = "ThrottledError";
  readonly afterMs: number | undefined;

  constructor(message: string, options: { afterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.afterMs = options.afterMs;
  }
}
