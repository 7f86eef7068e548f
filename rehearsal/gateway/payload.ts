/** Payload format 2.0, which HTTP APIs and function URLs send to a function, and what they make of its answer. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ACCOUNT, REGION } from "../template/resolve.ts";

export type Surroundings = {
  readonly apiId: string;
  readonly routeKey: string;
  readonly stage: string;
  readonly pathParameters?: Readonly<Record<string, string>>;
};

/** What an HTTP API takes; more is refused before any function. */
const BODY_BYTES = 10 * 1_048_576;

/** Undefined: it is too large. Rejects where it was cut off. */
export async function bodyOf(incoming: IncomingMessage, most = BODY_BYTES): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    length += (chunk as Uint8Array).length;
    if (length <= most) chunks.push(chunk as Uint8Array);
  }
  return length > most ? undefined : Buffer.concat(chunks);
}

/** Ends in `=`, as those of API Gateway do. */
export const gatewayId = (): string => `${randomBytes(8).toString("base64url")}=`;

export function eventOf(incoming: IncomingMessage, body: Buffer, about: Surroundings): unknown {
  const [path = "/", query = ""] = split(incoming.url ?? "/");
  const headers = headersOf(incoming);
  const parameters = parametersOf(query);
  const now = Date.now();
  const encoded = body.length > 0 && !isText(headers["content-type"], body);
  return {
    version: "2.0",
    routeKey: about.routeKey,
    rawPath: decoded(path),
    rawQueryString: query,
    ...(headers["cookie"] === undefined ? {} : { cookies: headers["cookie"].split(/;\s*/) }),
    headers,
    ...(parameters === undefined ? {} : { queryStringParameters: parameters }),
    ...(about.pathParameters === undefined ? {} : { pathParameters: about.pathParameters }),
    requestContext: {
      accountId: ACCOUNT,
      apiId: about.apiId,
      domainName: headers["host"] ?? `${about.apiId}.execute-api.${REGION}.amazonaws.com`,
      domainPrefix: about.apiId,
      http: {
        method: incoming.method ?? "GET",
        path: decoded(path),
        protocol: `HTTP/${incoming.httpVersion}`,
        sourceIp: incoming.socket.remoteAddress ?? "127.0.0.1",
        userAgent: headers["user-agent"] ?? "",
      },
      requestId: gatewayId(),
      routeKey: about.routeKey,
      stage: about.stage,
      time: new Date(now).toUTCString(),
      timeEpoch: now,
    },
    ...(body.length === 0 ? {} : { body: body.toString(encoded ? "base64" : "utf8") }),
    isBase64Encoded: encoded,
  };
}

type Answer = {
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
};

/** Sends what a function answered; what makes no sense is `500`, as there. */
export function send(outgoing: ServerResponse, payload: string): void {
  const answer = readable(payload);
  if (answer === undefined) return refuse(outgoing, 500, "Internal Server Error");
  const { statusCode, body = "", isBase64Encoded = false } = answer;
  if (statusCode === undefined) {
    outgoing.writeHead(200, { "content-type": "application/json" }).end(payload);
    return;
  }
  head(outgoing, answer);
  outgoing.end(Buffer.from(body, isBase64Encoded ? "base64" : "utf8"));
}

/** The head alone, of an answer that is streamed. */
export function head(
  outgoing: ServerResponse,
  { statusCode = 200, headers = {}, cookies = [] }: Answer,
): void {
  for (const [name, value] of Object.entries(headers)) {
    // What a gateway sets by itself is not taken from a function.
    if (/^(?:connection|transfer-encoding|content-length|date)$/i.test(name)) continue;
    outgoing.setHeader(name, String(value));
  }
  if (cookies.length > 0) outgoing.setHeader("set-cookie", [...cookies]);
  if (outgoing.getHeader("content-type") === undefined && statusCode !== 204)
    outgoing.setHeader("content-type", "text/plain; charset=utf-8");
  outgoing.writeHead(statusCode);
}

export function refuse(outgoing: ServerResponse, status: number, message: string): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ message }));
}

function readable(payload: string): Answer | undefined {
  try {
    const answer = JSON.parse(payload) as Answer | null;
    if (typeof answer !== "object" || answer === null) return {};
    const { statusCode } = answer;
    const isStatus = statusCode === undefined || (Number.isInteger(statusCode) && statusCode >= 100);
    return isStatus && statusCode !== undefined && statusCode > 599
      ? undefined
      : isStatus
        ? answer
        : undefined;
  } catch {
    return undefined;
  }
}

const split = (url: string): readonly [string, string] => {
  const at = url.indexOf("?");
  return at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)];
};

/** `rawPath` comes decoded to a function. */
const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};

/** Names in lower case, several of one name joined by commas. */
function headersOf({ rawHeaders }: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase();
    if (name === "connection" || name === "transfer-encoding" || name === "expect") continue;
    const value = rawHeaders[index + 1] ?? "";
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  return headers;
}

function parametersOf(query: string): Record<string, string> | undefined {
  if (query === "") return undefined;
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query))
    parameters[name] = parameters[name] === undefined ? value : `${parameters[name]},${value}`;
  return parameters;
}

const TEXT = /^(?:text\/|application\/(?:json|javascript|xml|x-ndjson|[a-z0-9.-]+\+(?:json|xml)))/i;

/** Anything else travels in Base64; so does what calls itself text and is no UTF-8. */
function isText(type: string | undefined, body: Buffer): boolean {
  if (type !== undefined && !TEXT.test(type)) return false;
  return type !== undefined && Buffer.compare(Buffer.from(body.toString("utf8"), "utf8"), body) === 0;
}
