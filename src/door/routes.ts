/** Paths: what each one is and which methods it knows. Nothing is handled here. */
import type { Operation } from "../core/operation.ts";

export type Route =
  | { readonly kind: "call"; readonly operation: string }
  | { readonly kind: "batch"; readonly operation: string }
  | { readonly kind: "receipt" | "events"; readonly id: string }
  | { readonly kind: "socket" | "live" | "ready" | "session" | "metrics" }
  /** `rest`: the decoded segments after `/admin`. */
  | { readonly kind: "admin"; readonly rest: readonly string[] };

/** Where operations are called, as nearly every client writes it: found without taking the path apart. */
export function callRoutes(operations: Iterable<Operation>): ReadonlyMap<string, Route> {
  const routes = new Map<string, Route>();
  for (const { spec } of operations) {
    const operation = spec.name;
    routes.set(`/operations/${operation}`, { kind: "call", operation });
    routes.set(`/operations/${operation}/batch`, { kind: "batch", operation });
    if (spec.route !== undefined) routes.set(spec.route, { kind: "call", operation });
  }
  return routes;
}

export function matchRoute(path: string, calls: ReadonlyMap<string, Route>): Route | undefined {
  return calls.get(path) ?? parsedRoute(path);
}

function parsedRoute(path: string): Route | undefined {
  const segments = decoded(path);
  if (!segments) return undefined;
  const [first, second, third] = segments;
  if (second === undefined) return first === "socket" || first === "metrics" ? { kind: first } : undefined;
  if (first === "admin" && second === "session" && third === undefined) return { kind: "session" };
  if (first === "admin") return { kind: "admin", rest: segments.slice(1) };
  if (segments.length > 3) return undefined;
  if (first === "operations") {
    if (third === undefined) return { kind: "call", operation: second };
    return third === "batch" ? { kind: "batch", operation: second } : undefined;
  }
  if (first === "receipts") {
    if (third === undefined) return { kind: "receipt", id: second };
    return third === "events" ? { kind: "events", id: second } : undefined;
  }
  if (first !== "health" || third !== undefined) return undefined;
  return second === "live" || second === "ready" ? { kind: second } : undefined;
}

/** As `Allow` lists them. Admin routes know their own. */
export const METHODS = {
  call: "POST, OPTIONS",
  batch: "POST, OPTIONS",
  receipt: "GET, HEAD, DELETE, OPTIONS",
  events: "GET, OPTIONS",
  session: "GET, HEAD, POST, DELETE, OPTIONS",
  socket: "GET, OPTIONS",
  live: "GET, HEAD, OPTIONS",
  ready: "GET, HEAD, OPTIONS",
  metrics: "GET, HEAD, OPTIONS",
} as const satisfies Readonly<Record<Exclude<Route["kind"], "admin">, string>>;

/** Of each list there is, taken apart once. */
const ALLOWED = new Map<string, ReadonlySet<string>>();

export function isAllowed(method: string, allow: string): boolean {
  const known = ALLOWED.get(allow);
  if (known) return known.has(method);
  ALLOWED.set(allow, new Set(allow.split(", ")));
  return isAllowed(method, allow);
}

function decoded(path: string): readonly string[] | undefined {
  const segments = path.slice(1).split("/");
  if (!path.includes("%")) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
