/**
 * Who asks: the app's `authenticate` hook for callers, the admin token for operators. Keeps nothing of anybody: a token
 * that comes as a header, a subprotocol or a cookie is the same token here.
 */
import { hash, timingSafeEqual } from "node:crypto";
import { configurationError, type SpillwayError } from "../core/errors.ts";
import { ANONYMOUS, LONGEST_PRINCIPAL, type Principal } from "../core/job.ts";
import { cookieTokens } from "./admin-cookie.ts";
import { isBearerToken } from "./bearer.ts";
import type { DoorRequest } from "./exchange.ts";
import { isOwnOrigin } from "./origins.ts";
import { refuse } from "./replies.ts";

/** `expiresAt` (milliseconds since 1970): a socket opened with this token is closed then. */
export type Identity = { readonly principal: Principal; readonly expiresAt?: number };

export type Credentials = {
  /** Of `Authorization: Bearer …`, or the socket's `bearer.…` subprotocol. */
  readonly token: string;
  readonly headers: DoorRequest["headers"];
};

/** Undefined: not known. */
export type Authenticate = (credentials: Credentials) => Identity | undefined | Promise<Identity | undefined>;

/** Operations' access "admin", called by an operator of an app that has an `authenticate`. */
export const OPERATOR: Principal = ":operator";

/**
 * An `authenticate` for tokens that you hand out yourself: principal → token. Tokens are compared by digest and in
 * constant time.
 */
export function bearerTokens(tokens: Readonly<Record<Principal, string>>): Authenticate {
  const known = Object.entries(tokens).map(([principal, token]) => {
    if (principal === ANONYMOUS || token.length < 16) {
      throw configurationError(
        `The bearer token of ${JSON.stringify(principal)} has ${token.length} characters.`,
        "Name the principal, and use 16 random characters at least.",
      );
    }
    return { principal, digest: digest(token) };
  });
  return ({ token }) => {
    const offered = digest(token);
    // All are compared, so that the time taken tells nothing.
    const [match] = known.filter((one) => timingSafeEqual(one.digest, offered));
    return match && { principal: match.principal };
  };
}

export class Gatekeeper {
  readonly #authenticate: Authenticate | undefined;
  readonly #adminDigests: Uint8Array[] = [];
  readonly #trustsLoopback: boolean;

  constructor(
    authenticate: Authenticate | undefined,
    adminToken: string | undefined,
    boundToLoopback: boolean,
  ) {
    this.#authenticate = authenticate;
    this.#trustsLoopback = adminToken === undefined && boundToLoopback;
    if (adminToken !== undefined) this.acceptAdminToken(adminToken);
  }

  /** Whether callers have names at all. */
  get knowsPrincipals(): boolean {
    return this.#authenticate !== undefined;
  }

  acceptAdminToken(token: string): void {
    this.#adminDigests.push(digest(token));
  }

  /** At once where nobody has a name: no call should wait a turn for that. */
  identify(request: DoorRequest, socketToken?: string): Identity | Promise<Identity> {
    const token = socketToken ?? bearerOf(request);
    return this.#authenticate ? known(this.#authenticate, token, request) : NOBODY;
  }

  /** Refuses whoever is no operator. Returns the token, if one was needed. */
  admit(request: DoorRequest): string | undefined {
    const header = request.headers["authorization"];
    const bearer = bearerOf(request);
    const tokens = header === undefined ? cookieTokens(request) : bearer === undefined ? [] : [bearer];
    const known = tokens.find((token) => this.#isAdminToken(token));
    if (known !== undefined) return known;
    // Whatever cookie comes along: browsers send one to every port of a host, another server's too.
    if (header === undefined && this.#trustsLoopback && isLocal(request)) return undefined;
    if (tokens.length > 0) throw refuse("unauthenticated", "That is not the admin token.");
    throw refuse("unauthenticated", "Send the admin token: Authorization: Bearer …");
  }

  #isAdminToken(token: string): boolean {
    const offered = digest(token);
    return this.#adminDigests.some((known) => timingSafeEqual(known, offered));
  }
}

const NOBODY: Identity = { principal: ANONYMOUS };

async function known(
  authenticate: Authenticate,
  token: string | undefined,
  { headers }: DoorRequest,
): Promise<Identity> {
  const identity = token === undefined ? undefined : await authenticate({ token, headers });
  if (identity && identity.principal.length > LONGEST_PRINCIPAL) throw tooLong(identity.principal);
  if (identity && identity.principal !== ANONYMOUS) return identity;
  throw refuse(
    "unauthenticated",
    token === undefined ? "Send Authorization: Bearer …" : "The token is not known, or no longer.",
  );
}

function tooLong(principal: Principal): SpillwayError {
  return configurationError(
    `authenticate() named a principal of ${principal.length} characters, "${principal.slice(0, 40)}…".`,
    `Use ${LONGEST_PRINCIPAL} at most: a name by which your system knows it, or a digest of one.`,
  );
}

const FORWARDING = /^(?:forwarded|via|x-real-ip|x-forwarded-.*|cf-connecting-ip|true-client-ip)$/;

/** From this machine, for this machine, through no proxy and from no other page. */
function isLocal(request: DoorRequest): boolean {
  const { headers, fromLoopback } = request;
  if (!fromLoopback || Object.keys(headers).some((name) => FORWARDING.test(name))) return false;
  return isLoopbackHost(headers["host"]) && (headers["origin"] === undefined || isOwnOrigin(request));
}

function isLoopbackHost(host: DoorRequest["headers"][string]): boolean {
  return typeof host === "string" && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(host);
}

/** RFC 6750 §2.1; any other scheme is one we do not know. */
function bearerOf({ headers }: DoorRequest): string | undefined {
  const header = headers["authorization"];
  if (header === undefined) return undefined;
  const match = typeof header === "string" ? /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) +(\S.*)$/.exec(header) : null;
  if (!match) throw refuse("malformed-header", "Authorization must be a scheme and its credentials.");
  if (match[1]?.toLowerCase() !== "bearer") return undefined;
  if (isBearerToken(match[2] as string)) return match[2];
  throw refuse("malformed-header", "A Bearer token has only letters, digits and . _ ~ + / - =");
}

function digest(token: string): Uint8Array {
  return hash("sha256", token, "buffer");
}
