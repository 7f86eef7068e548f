/** What a client offers when it asks for a socket: an upgrade, the subprotocol, perhaps its token; and so who it is. */
import type { Clock } from "../../core/clock.ts";
import type { DoorRequest } from "../exchange.ts";
import { headerOf } from "../headers.ts";
import type { Gatekeeper, Identity } from "../identity.ts";
import { refuse } from "../replies.ts";

export const PROTOCOL = "spillway.v1";
const BEARER = "bearer.";

/** @throws Refused: it may open none. */
export async function socketIdentity(
  request: DoorRequest,
  gatekeeper: Gatekeeper,
  clock: Clock,
): Promise<Identity> {
  const identity = await gatekeeper.identify(request, readOffer(request));
  if (identity.expiresAt === undefined || clock.now() < identity.expiresAt) return identity;
  throw refuse("unauthenticated", "The token has expired.");
}

/** Returns the token, if it comes as a subprotocol. */
function readOffer(request: DoorRequest): string | undefined {
  if (!listOf(headerOf(request, "upgrade")).some((name) => name.toLowerCase() === "websocket")) {
    throw refuse("upgrade-required", "Open a WebSocket with the subprotocol spillway.v1.", [
      "upgrade",
      "websocket",
    ]);
  }
  const offered = listOf(headerOf(request, "sec-websocket-protocol"));
  if (!offered.includes(PROTOCOL)) {
    throw refuse("malformed-header", 'Offer the subprotocol: new WebSocket(url, ["spillway.v1"]).');
  }
  const tokens = offered.filter((name) => name.startsWith(BEARER));
  if (tokens.length > 1) throw refuse("malformed-header", "Offer one bearer.… subprotocol at most.");
  const [token] = tokens;
  return token === undefined ? undefined : decoded(token.slice(BEARER.length));
}

/** Browsers can send no header with a socket, and a subprotocol takes fewer characters than a token may have. */
function decoded(base64url: string): string {
  const token = /^[A-Za-z0-9_-]+$/.test(base64url) ? latin1(base64url) : "";
  if (/^[A-Za-z0-9._~+/-]+=*$/.test(token)) return token;
  throw refuse("malformed-header", "The bearer.… subprotocol is the token in base64url, without padding.");
}

function latin1(base64url: string): string {
  try {
    return atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}

function listOf(header: string | undefined): readonly string[] {
  return header === undefined ? [] : header.split(",").map((part) => part.trim());
}
