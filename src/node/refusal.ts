/**
 * The replies that the adapter gives itself, before or instead of the door: a problem, with its connection closed.
 * And any reply as the bytes of HTTP/1.1, for a socket that node:http has let go of.
 */
import { type ProblemCode, problem } from "../core/errors.ts";
import type { Reply } from "../door/exchange.ts";
import { STATUS_CODES, validateHeaderName, validateHeaderValue } from "./http.ts";

export function refusal(code: ProblemCode, detail: string, headers: readonly string[] = []): Reply {
  const body = problem(code, detail);
  return {
    status: body.status,
    headers: ["Content-Type", "application/problem+json", "Cache-Control", "no-store", ...headers],
    body: JSON.stringify(body),
    close: true,
  };
}

/** Never what was thrown: that is for the log. */
export function internalError(): Reply {
  return { ...refusal("internal", "The error is in the server's log. Try again later."), close: false };
}

/** The whole reply, for a connection that ends with it. Streams are not for this. */
export function rawReply(reply: Reply): string {
  const lines = [`HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ""}`];
  for (let index = 0; index < reply.headers.length; index += 2) {
    const name = reply.headers[index] ?? "";
    const value = reply.headers[index + 1] ?? "";
    validateHeaderName(name);
    validateHeaderValue(name, value);
    lines.push(`${name}: ${value}`);
  }
  lines.push(
    `Date: ${new Date().toUTCString()}`,
    `Content-Length: ${Buffer.byteLength(reply.body)}`,
    "Connection: close",
  );
  return `${lines.join("\r\n")}\r\n\r\n${reply.body}`;
}
