/** What is asked at a door, and what it answers, without a network. */
import type { DoorRequest, Reply } from "../../src/door/exchange.ts";

export type Answer = {
  readonly status: number;
  readonly body: { readonly [member: string]: unknown };
  readonly header: (name: string) => string | undefined;
};

type Asked = { readonly headers?: DoorRequest["headers"]; readonly body?: string };

/** With a query where `target` has one. */
export function requestOf(
  method: string,
  target: string,
  { headers = {}, body = "" }: Asked = {},
): DoorRequest {
  const [path = "", query = ""] = target.split("?");
  const bytes = new TextEncoder().encode(body);
  return {
    method,
    path,
    query,
    headers: { host: "localhost", "content-type": "application/json", ...headers },
    fromLoopback: true,
    body: (_limit, taken) => taken({ kind: "read", bytes }),
  };
}

export function answerOf({ status, headers, body }: Reply): Answer {
  const header = (name: string) => {
    const place = headers.findIndex((entry, i) => i % 2 === 0 && entry.toLowerCase() === name);
    return place === -1 ? undefined : headers[place + 1];
  };
  return { status, body: body === "" ? {} : JSON.parse(body), header };
}
