/** Request headers that decide whether a body is read at all. */
import type { DoorRequest } from "./exchange.ts";
import { refuse } from "./replies.ts";

export function headerOf({ headers }: DoorRequest, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "object" ? value.join(", ") : value;
}

const JSON_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i;
const NDJSON_TYPE = /^application\/x-ndjson[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i;

/** Which of the two it is; everything else, compressed bodies included, is refused. */
export function bodyType(request: DoorRequest, { ndjson }: { readonly ndjson: boolean }): "json" | "ndjson" {
  const type = headerOf(request, "content-type");
  if (request.headers["content-encoding"] !== undefined) {
    throw refuse("unsupported-media-type", "Send the body as it is, without a Content-Encoding.");
  }
  if (type !== undefined && JSON_TYPE.test(type)) return "json";
  if (ndjson && type !== undefined && NDJSON_TYPE.test(type)) return "ndjson";
  const takes = ndjson ? "application/json or application/x-ndjson" : "application/json";
  throw refuse(
    "unsupported-media-type",
    type === undefined ? `Send Content-Type: ${takes}.` : `It takes ${takes} only.`,
  );
}

/** What cannot be honoured is refused, never ignored. */
export function refuseCallback(request: DoorRequest): void {
  const callback = headerOf(request, "callback");
  if (callback === undefined) return;
  if (!URL.canParse(callback)) throw refuse("malformed-header", "Callback must be an absolute URL.");
  throw refuse(
    "callback-not-allowed",
    "Callbacks are not built yet. Follow the receipt instead: poll it, stream it or watch it on the socket.",
  );
}

/** W3C Trace Context; one that cannot be parsed is dropped, as that standard asks. */
export function traceparentOf(request: DoorRequest): string | undefined {
  const value = headerOf(request, "traceparent");
  return value !== undefined && /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/.test(value)
    ? value
    : undefined;
}
