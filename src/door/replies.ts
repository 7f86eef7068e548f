/** Replies in the shapes that the contract knows: JSON, a problem, a receipt. */
import { type Problem, type ProblemCode, problem } from "../core/errors.ts";
import type { JsonText } from "../core/job.ts";
import type { Reply } from "./exchange.ts";

export function json(status: number, body: JsonText, headers: readonly string[] = []): Reply {
  return { status, headers: ["content-type", "application/json", ...headers], body };
}

/** Headers of Server-Sent Events. */
export const EVENT_STREAM = [
  "content-type",
  "text/event-stream",
  "cache-control",
  "no-store",
  // Proxies that gather a reply before they pass it on would hold events back.
  "x-accel-buffering",
  "no",
];

/** RFC 9457. Every `503` and `429` says when to come again. */
export function problemReply(error: Problem, headers: readonly string[] = []): Reply {
  const retry =
    (error.status === 503 || error.status === 429) && !headers.includes("retry-after")
      ? ["retry-after", "1"]
      : [];
  const challenge = error.status === 401 ? ["www-authenticate", "Bearer"] : [];
  return {
    status: error.status,
    headers: [
      "content-type",
      "application/problem+json",
      "cache-control",
      "no-store",
      ...retry,
      ...challenge,
      ...headers,
    ],
    body: JSON.stringify(error),
  };
}

export function refusal(code: ProblemCode, detail?: string, headers?: readonly string[]): Reply {
  return problemReply(problem(code, detail), headers);
}

/** A refusal that is thrown, from wherever the reason is found, and answered by the door. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly problem: Problem;
  readonly headers: readonly string[];

  constructor(problem: Problem, headers: readonly string[] = []) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
    this.headers = headers;
  }
}

export function refuse(code: ProblemCode, detail?: string, headers?: readonly string[]): Refused {
  return new Refused(problem(code, detail), headers);
}

export function foreignOrigin(): Refused {
  return refuse("forbidden", "This origin is not among allowedOrigins.");
}

/** The same words for unknown, expired and another principal's, so that they cannot be told apart. */
export function unknownReceipt(): Refused {
  return refuse("unknown-receipt", "It is unknown here, or is kept no longer.");
}
