/**
 * `/admin/session`: the admin token as a cookie of the console's, so that it is entered once and no script can read
 * it. There is nothing behind it to keep or to expire: the cookie is the token, and `identity.ts` judges it.
 */
import { Query } from "./admin/query.ts";
import type { DoorRequest, Reply } from "./exchange.ts";
import { ADMIN_COOKIE, type Gatekeeper } from "./identity.ts";

export function sessionRoute(request: DoorRequest, gatekeeper: Gatekeeper): Reply {
  new Query(request.query, []).check();
  // Whoever asks: a cookie that no longer counts must go too.
  if (request.method === "DELETE") return withCookie(request, "; Max-Age=0");
  const token = gatekeeper.admit(request);
  if (request.method !== "POST" || token === undefined) return noContent();
  return withCookie(request, "", token);
}

function withCookie(request: DoorRequest, more: string, token = ""): Reply {
  // The browser's own word for where the page is; behind a proxy that ends TLS there is no better one. Without TLS
  // the browser would drop a Secure cookie without a word.
  const secure = String(request.headers["origin"]).startsWith("https://") ? "; Secure" : "";
  const cookie = `${ADMIN_COOKIE}=${token}; Path=/; HttpOnly; SameSite=Strict${secure}${more}`;
  return noContent(["set-cookie", cookie]);
}

function noContent(headers: readonly string[] = []): Reply {
  return { status: 204, headers: ["cache-control", "no-store", ...headers], body: "" };
}
