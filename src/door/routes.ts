/** Paths: what each one is and which methods it knows. Nothing is handled here. */

export type Route =
  | { readonly kind: "call"; readonly operation: string }
  | { readonly kind: "batch"; readonly operation: string }
  | { readonly kind: "receipt" | "events"; readonly id: string }
  | { readonly kind: "socket" | "live" | "ready" }
  /** `rest`: the decoded segments after `/admin`. */
  | { readonly kind: "admin"; readonly rest: readonly string[] };

export function matchRoute(path: string, own: ReadonlyMap<string, string>): Route | undefined {
  const operation = own.get(path);
  if (operation !== undefined) return { kind: "call", operation };
  const segments = decoded(path);
  if (!segments) return undefined;
  const [first, second, third] = segments;
  if (second === undefined) return first === "socket" ? { kind: "socket" } : undefined;
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
  socket: "GET, OPTIONS",
  live: "GET, HEAD, OPTIONS",
  ready: "GET, HEAD, OPTIONS",
} as const satisfies Readonly<Record<Exclude<Route["kind"], "admin">, string>>;

export function isAllowed(method: string, allow: string): boolean {
  return allow.split(", ").includes(method);
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
