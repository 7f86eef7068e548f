/**
 * Which pages may call: those of this server's own origin and those the app allows. A foreign page is told nothing
 * by headers, and may not change anything.
 */
import type { DoorRequest, Reply } from "./exchange.ts";

const ALLOWED_HEADERS = "authorization, content-type, idempotency-key, prefer, callback, last-event-id";
const EXPOSED_HEADERS = [
  "location",
  "link",
  "retry-after",
  "preference-applied",
  "idempotency-replayed",
  "content-location",
  "ratelimit",
  "ratelimit-policy",
  "www-authenticate",
].join(", ");

export function isOwnOrigin({ headers }: DoorRequest): boolean {
  const { origin, host } = headers;
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}

export class Origins {
  readonly #allowed: ReadonlySet<string>;

  constructor(allowed: readonly string[]) {
    this.#allowed = new Set(allowed);
  }

  /** No `Origin`: no browser asks on behalf of a page. */
  permits(request: DoorRequest): boolean {
    const { origin } = request.headers;
    return (
      origin === undefined ||
      isOwnOrigin(request) ||
      (typeof origin === "string" && this.#allowed.has(origin))
    );
  }

  /** `allow`: the methods of the route, for a preflight. */
  mark(reply: Reply, request: DoorRequest, allow: string): Reply {
    const { origin } = request.headers;
    if (typeof origin !== "string" || !this.permits(request)) return reply;
    const cors = [
      ...[
        "access-control-allow-origin",
        origin,
        "vary",
        "Origin",
        "access-control-expose-headers",
        EXPOSED_HEADERS,
      ],
      ...["access-control-allow-methods", allow, "access-control-allow-headers", ALLOWED_HEADERS],
      ...["access-control-max-age", "600"],
    ];
    return { ...reply, headers: [...reply.headers, ...cors] };
  }
}
