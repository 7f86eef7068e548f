/**
 * What must hold of a request's first lines before anybody looks at what it wants: docs/wire.md §6. The parser of
 * node:http refuses most of what is malformed; here is what it lets through, and what its errors mean.
 */
import type { IncomingMessage } from "node:http";
import type { Reply } from "../door/exchange.ts";
import { HEADER_BYTES, HEADER_COUNT, URL_BYTES } from "./limits.ts";
import { refusal } from "./refusal.ts";

export type HostRule = (host: string) => Reply | undefined;

/** The refusal, if there is something to refuse. */
export function inspect(incoming: IncomingMessage, hostRule: HostRule): Reply | undefined {
  const { headers, rawHeaders, url = "" } = incoming;
  // HTTP/0.9 (a request line without a version) and 2.0 pass the parser. All of 1.x is understood (RFC 9110 §2.5).
  if (incoming.httpVersionMajor !== 1) return malformed("The request line must end in HTTP/1.1.");
  if (url.length > URL_BYTES) return uriTooLong();
  if (rawHeaders.length > 2 * HEADER_COUNT || bytesOf(rawHeaders) > HEADER_BYTES) return headersTooLarge();
  // RFC 9112 §6.3: a sign of request smuggling. The parser refuses it too; this must not hang on its settings.
  if (headers["transfer-encoding"] !== undefined && headers["content-length"] !== undefined) {
    return malformed("Content-Length and Transfer-Encoding exclude each other. Send one.");
  }
  // RFC 9112 §6.1: a coding we do not undo would be taken for the body.
  if (
    headers["transfer-encoding"] !== undefined &&
    headers["transfer-encoding"].toLowerCase() !== "chunked"
  ) {
    return malformed("The only Transfer-Encoding that is taken is chunked.");
  }
  const host = headers.host ?? "";
  const wrongHost = hostRule(host);
  if (wrongHost !== undefined) return wrongHost;
  if (url.charCodeAt(0) !== SLASH && otherAuthority(url, host)) {
    return malformed("The request line names another host than the Host header.");
  }
  return undefined;
}

const SLASH = 0x2f;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[^\s,/?#@\\:[\]]+)(?::\d{0,5})?$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)/i;

/** The path and query of the target, whether in origin-form or absolute-form (RFC 9112 §3.2). */
export function originForm(url: string): string {
  if (url.charCodeAt(0) === SLASH) return url;
  const origin = ABSOLUTE.exec(url)?.[0];
  if (origin === undefined) return url;
  const rest = url.slice(origin.length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function otherAuthority(url: string, host: string): boolean {
  const authority = ABSOLUTE.exec(url)?.[1];
  return authority !== undefined && authority.toLowerCase() !== host.toLowerCase();
}

/** As on the wire: each with its colon, space and line end. */
function bytesOf(rawHeaders: readonly string[]): number {
  let bytes = 2 * rawHeaders.length;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}

const malformed = (detail: string) => refusal("malformed-request", detail);
const uriTooLong = () => refusal("uri-too-long", `The URL may have ${URL_BYTES} bytes.`);
const headersTooLarge = () =>
  refusal("headers-too-large", `There may be ${HEADER_COUNT} headers of ${HEADER_BYTES} bytes in all.`);

export type ParserError = Error & { readonly code?: string; readonly rawPacket?: Buffer };

/** The reply to what node:http gave up on. */
export function refusalOf(error: ParserError): Reply {
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return refusal("request-timeout", "The whole request must arrive within its time. Send it again.");
  }
  if (error.code === "HPE_HEADER_OVERFLOW") {
    // Only the last packet is at hand; if it begins with a request line, its length tells.
    const [line = ""] = (error.rawPacket?.toString("latin1") ?? "").split("\n", 1);
    return line.length > URL_BYTES && /^[A-Z]+ /.test(line) ? uriTooLong() : headersTooLarge();
  }
  return malformed("This is no HTTP/1.1 request, or its body is not framed as its headers say.");
}

/**
 * Which hosts are answered for. A page on another site can make a browser resolve its own name to this machine
 * (DNS rebinding); the Host header gives it away.
 */
export function hostRuleOf(hosts: readonly string[] | undefined, boundToLoopback: boolean): HostRule {
  const named = hosts?.map((host) => host.toLowerCase());
  const allowed = (host: string): boolean => {
    const whole = host.toLowerCase();
    if (named === undefined) return !boundToLoopback || isLoopbackHost(whole);
    return named.includes(whole) || named.includes(whole.replace(/:\d*$/, ""));
  };
  let lastAllowed: string | undefined;
  return (host) => {
    if (host === lastAllowed) return undefined;
    // Repeated headers are joined by a comma, which no host contains (RFC 9112 §3.2).
    if (!HOST.test(host)) return malformed("Exactly one Host header is required, naming a host.");
    if (!allowed(host)) {
      return refusal("wrong-host", `This server does not answer for ${JSON.stringify(host)}.`);
    }
    lastAllowed = host;
    return undefined;
  };
}

function isLoopbackHost(host: string): boolean {
  return /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d*)?$/.test(host);
}
