/** Events of an HTTP API (payload format 2.0) and of a function URL, as the door's requests; its replies, as theirs. */
import { configurationError } from "../core/errors.ts";
import type { Body, DoorRequest, Reply } from "../door/exchange.ts";
import { refusal } from "../door/replies.ts";

/** The part of the platform's event that is used here. */
export type HttpEvent = {
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly cookies?: readonly string[] | undefined;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly requestContext: {
    readonly http: { readonly method: string };
    readonly domainName?: string | undefined;
    readonly stage?: string | undefined;
    /** When the gateway got the request. */
    readonly timeEpoch?: number | undefined;
  };
  readonly body?: string | undefined;
  readonly isBase64Encoded?: boolean | undefined;
};

export type HttpResult = {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly cookies?: string[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
};

/** The largest answer of a function, less what surrounds the body. */
const MOST_BYTES = 6 * 1024 * 1024 - 32 * 1024;

export class EventRequest implements DoorRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fromLoopback = false;
  readonly #event: HttpEvent;

  constructor(event: HttpEvent) {
    if (typeof event?.requestContext?.http?.method !== "string" || typeof event.rawPath !== "string") {
      throw configurationError(
        "This function was called with something that is no event of an HTTP API or a function URL.",
        'Let the integration send PayloadFormatVersion "2.0".',
      );
    }
    this.method = event.requestContext.http.method;
    this.path = withoutStage(event);
    this.query = event.rawQueryString ?? "";
    this.headers = headersOf(event);
    this.#event = event;
  }

  body(limitBytes: number, taken: (body: Body) => void): void {
    const { body = "", isBase64Encoded } = this.#event;
    const bytes = Buffer.from(body, isBase64Encoded ? "base64" : "utf8");
    taken(bytes.length > limitBytes ? { kind: "too-large" } : { kind: "read", bytes });
  }
}

/** Of any stage but the default one the path begins with its name. */
function withoutStage({ rawPath, requestContext: { stage } }: HttpEvent): string {
  if (stage === undefined || stage === "$default") return rawPath;
  const prefix = `/${stage}`;
  if (rawPath === prefix) return "/";
  return rawPath.startsWith(`${prefix}/`) ? rawPath.slice(prefix.length) : rawPath;
}

function headersOf({ headers, cookies }: HttpEvent): Record<string, string> {
  const entries = Object.entries(headers ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), value] as const],
  );
  return Object.fromEntries(
    cookies && cookies.length > 0 ? [...entries, ["cookie", cookies.join("; ")] as const] : entries,
  );
}

export function resultOf(reply: Reply, method: string): HttpResult {
  const { headers, cookies } = headOf(reply);
  const isBase64Encoded = reply.bytes !== undefined;
  const whole = reply.bytes ? Buffer.from(reply.bytes).toString("base64") : reply.body;
  const bytes = sentBytes(whole);
  if (bytes > MOST_BYTES) return resultOf(tooLarge(bytes), method);
  const body = method === "HEAD" ? "" : whole;
  return { statusCode: reply.status, headers, ...(cookies.length > 0 && { cookies }), body, isBase64Encoded };
}

/** Status and headers, as both kinds of answers begin. */
export function headOf({ headers }: Reply): { headers: Record<string, string>; cookies: string[] } {
  const joined = new Map<string, string>();
  const cookies: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    const value = headers[i + 1] as string;
    if (name === "set-cookie") cookies.push(value);
    else joined.set(name, joined.has(name) ? `${joined.get(name)}, ${value}` : value);
  }
  return { headers: Object.fromEntries(joined), cookies };
}

/** A function's answer is JSON itself, in which a text takes more; only what may be near the limit is measured. */
function sentBytes(body: string): number {
  return body.length * 6 < MOST_BYTES ? body.length : Buffer.byteLength(JSON.stringify(body));
}

function tooLarge(bytes: number): Reply {
  return refusal(
    "not-on-this-deployment",
    `The answer has ${bytes} bytes, and a function may send ${MOST_BYTES}. Ask for less at once, as by limit=10.`,
  );
}
