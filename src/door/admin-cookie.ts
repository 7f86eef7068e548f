/**
 * The console's cookie: the admin token, where no script can read it. Browsers send the cookie of a host to every port of
 * it, and so it holds the tokens of several servers, the latest first: each counts its own and keeps the others.
 */
import { isBearerToken } from "./bearer.ts";
import type { DoorRequest } from "./exchange.ts";
import { isOwnOrigin } from "./origins.ts";

const NAME = "spillway-admin";
/** In no token. */
const BETWEEN = "|";
/** Also what nobody needs any more: of a server that is gone, or has another token now. */
const MOST = 4;
/** A browser keeps no cookie over 4,096. */
const MOST_CHARACTERS = 2_000;

/** None unless a page of our own asks. */
export function cookieTokens(request: DoorRequest): readonly string[] {
  const { headers } = request;
  const cookie = headers["cookie"];
  const ours = isOwnOrigin(request) || headers["sec-fetch-site"] === "same-origin";
  if (typeof cookie !== "string" || !ours) return [];
  const found = cookie.split(/;\s*/).find((one) => one.startsWith(`${NAME}=`));
  return (
    found
      ?.slice(NAME.length + 1)
      .split(BETWEEN)
      .filter(isBearerToken)
      .slice(0, MOST) ?? []
  );
}

export function setCookie(request: DoorRequest, token: string): string {
  const others = cookieTokens(request).filter((one) => one !== token);
  let value = token;
  for (const other of others.slice(0, MOST - 1)) {
    const longer = `${value}${BETWEEN}${other}`;
    if (longer.length <= MOST_CHARACTERS) value = longer;
  }
  return cookie(request, value);
}

/** All of it: whoever signs out leaves none behind. */
export function clearCookie(request: DoorRequest): string {
  return `${cookie(request, "")}; Max-Age=0`;
}

function cookie({ headers }: DoorRequest, value: string): string {
  // The browser's own word for where the page is; behind a proxy that ends TLS there is no better one. Without TLS
  // the browser would drop a Secure cookie without a word.
  const secure = String(headers["origin"]).startsWith("https://") ? "; Secure" : "";
  return `${NAME}=${value}; Path=/; HttpOnly; SameSite=Strict${secure}`;
}
