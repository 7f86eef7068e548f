/**
 * `/admin/session`: the admin token as a cookie of the console's, so that it is entered once and no script can read
 * it. There is nothing behind it to keep or to expire: the cookie is the token, and `identity.ts` judges it.
 */
import { Query } from "./admin/query.ts";
import { clearCookie, setCookie } from "./admin-cookie.ts";
import type { DoorRequest, Reply } from "./exchange.ts";
import type { Gatekeeper } from "./identity.ts";

export function sessionRoute(request: DoorRequest, gatekeeper: Gatekeeper): Reply {
  new Query(request.query, []).check();
  // Whoever asks: a cookie that no longer counts must go too.
  if (request.method === "DELETE") return noContent(["set-cookie", clearCookie(request)]);
  const token = gatekeeper.admit(request);
  if (token === undefined) return noContent();
  if (request.method === "POST") return noContent(["set-cookie", setCookie(request, token)]);
  const byCookie = request.headers["authorization"] === undefined;
  return noContent(byCookie ? ["spillway-session", "cookie"] : []);
}

function noContent(headers: readonly string[] = []): Reply {
  return { status: 204, headers: ["cache-control", "no-store", ...headers], body: "" };
}
