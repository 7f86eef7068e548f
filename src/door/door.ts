/**
 * The door: every request of every transport comes through here. Decides who may ask, which route it is and what a
 * refusal looks like; the routes do the rest.
 */
import { SpillwayError } from "../core/errors.ts";
import type { Principal } from "../core/job.ts";
import type { Operation } from "../core/operation.ts";
import type { Role, Runtime } from "../core/runtime.ts";
import { Admin } from "./admin/admin.ts";
import { batchRoute } from "./batch-route.ts";
import { callRoute } from "./call-route.ts";
import { Calls } from "./calls.ts";
import { eventsRoute } from "./events-route.ts";
import type { Door, DoorRequest, Reply, Upgrade } from "./exchange.ts";
import { type Gatekeeper, OPERATOR } from "./identity.ts";
import { Metrics } from "./metrics.ts";
import type { Origins } from "./origins.ts";
import type { Quotas } from "./quotas.ts";
import { receiptRoute } from "./receipt-route.ts";
import { foreignOrigin, json, problemReply, Refused, refusal, refuse } from "./replies.ts";
import type { Reports } from "./reports.ts";
import { isShown, notShown } from "./roles.ts";
import { callRoutes, isAllowed, METHODS, matchRoute, type Route } from "./routes.ts";
import { sessionRoute } from "./session.ts";
import { DetachedSockets } from "./socket/detached.ts";
import { Sockets } from "./socket/sockets.ts";

export type DoorOptions = {
  readonly quotas?: Quotas | undefined;
  readonly reports?: Reports | undefined;
  /** `all` by default. */
  readonly role?: Role | undefined;
  /** Whether the transport can go on with a reply after its headers. */
  readonly streams?: boolean | undefined;
};

export class SpillwayDoor implements Door {
  readonly #runtime: Runtime;
  readonly #gatekeeper: Gatekeeper;
  readonly #origins: Origins;
  readonly #calls: Calls;
  readonly #admin: Admin;
  readonly #metrics: Metrics;
  readonly #sockets: Sockets;
  /** For transports that keep no socket in memory. */
  readonly detached: DetachedSockets;
  readonly #callRoutes: ReadonlyMap<string, Route>;
  readonly #role: Role;
  readonly #streams: boolean;
  readonly #orRefused: (error: unknown) => Reply;
  #ready = true;

  constructor(
    runtime: Runtime,
    gatekeeper: Gatekeeper,
    origins: Origins,
    { quotas, reports, role = "all", streams = true }: DoorOptions,
  ) {
    this.#runtime = runtime;
    this.#gatekeeper = gatekeeper;
    this.#origins = origins;
    this.#calls = new Calls(runtime, quotas);
    this.#admin = new Admin(runtime, reports);
    this.#metrics = new Metrics(runtime);
    this.#sockets = new Sockets(runtime, this.#calls, gatekeeper);
    this.detached = new DetachedSockets(runtime, this.#calls, gatekeeper, origins);
    runtime.drain.onBegin(() => this.#sockets.closeAll(1012, "The server is shutting down."));
    this.#callRoutes = callRoutes(runtime.operations.values());
    this.#role = role;
    this.#streams = streams;
    this.#orRefused = (error) => refusedOrThrown(error, runtime.onError);
  }

  handle(request: DoorRequest): Promise<Reply> {
    const route = matchRoute(request.path, this.#callRoutes);
    const allow = route && this.#allow(route);
    const reply = this.#reply(request, route, allow);
    if (request.headers["origin"] === undefined) return reply;
    return reply.then((unmarked) => this.#origins.mark(unmarked, request, allow ?? "OPTIONS"));
  }

  async upgrade(request: DoorRequest): Promise<Upgrade> {
    const route = matchRoute(request.path, this.#callRoutes);
    if (route?.kind !== "socket" || request.method !== "GET" || !isShown(this.#role, route))
      return { kind: "refused", reply: await this.handle(request) };
    try {
      if (!this.#origins.permits(request)) throw foreignOrigin();
      if (this.#runtime.drain.begun) throw refuse("draining", "The server is shutting down.");
      return await this.#sockets.upgrade(request);
    } catch (error) {
      return { kind: "refused", reply: this.#orRefused(error) };
    }
  }

  /** From now on not ready, so that a load balancer looks elsewhere; everything is still served. */
  unready(): void {
    this.#ready = false;
  }

  /** Not an async function: a call must not wait a turn, nor cost a promise, for what is known at once. */
  #reply(request: DoorRequest, route: Route | undefined, allow: string | undefined): Promise<Reply> {
    try {
      const reply = this.#answer(request, route, allow);
      return reply instanceof Promise ? reply.catch(this.#orRefused) : Promise.resolve(reply);
    } catch (error) {
      return new Promise((resolve) => resolve(this.#orRefused(error)));
    }
  }

  #answer(request: DoorRequest, route: Route | undefined, allow: string | undefined): Reply | Promise<Reply> {
    const { method } = request;
    if (!this.#origins.permits(request) && !isSafe(method)) throw foreignOrigin();
    if (!route || allow === undefined)
      throw refuse("not-found", `Nothing is at ${request.path.slice(0, 100)}.`);
    if (!isShown(this.#role, route)) throw notShown(this.#role);
    if (method === "OPTIONS") return { status: 204, headers: ["allow", allow], body: "" };
    if (route.kind !== "call" && route.kind !== "batch") this.#checkMethod(method, allow);
    switch (route.kind) {
      case "call":
      case "batch":
        return this.#call(request, route, allow);
      case "receipt":
        return this.#asCaller(request, (principal) =>
          receiptRoute(request, route.id, principal, this.#calls, this.#runtime),
        );
      case "events":
        if (!this.#streams) throw noStreams();
        return this.#asCaller(request, (principal) =>
          eventsRoute(request, route.id, principal, this.#runtime),
        );
      case "socket":
        throw refuse("upgrade-required", "Open it as a WebSocket.", ["upgrade", "websocket"]);
      case "live":
        return json(200, '{"status":"live"}');
      case "ready":
        return this.#readiness();
      case "metrics":
        return this.#metrics.reply();
      case "session":
        return sessionRoute(request, this.#gatekeeper);
      case "admin":
        this.#gatekeeper.admit(request);
        if (!this.#streams && route.rest[0] === "live") throw noStreams();
        return this.#admin.handle(request, route.rest, method === "HEAD" ? "GET" : method);
    }
  }

  #call(
    request: DoorRequest,
    route: Route & { kind: "call" | "batch" },
    allow: string,
  ): Reply | Promise<Reply> {
    const operation = this.#runtime.operations.get(route.operation);
    if (operation?.spec.access !== "admin") {
      return this.#asCaller(request, (principal) =>
        this.#callAs(principal, request, route, operation, allow),
      );
    }
    this.#gatekeeper.admit(request);
    const principal = this.#gatekeeper.knowsPrincipals ? OPERATOR : "";
    return this.#callAs(principal, request, route, operation, allow);
  }

  #callAs(
    principal: Principal,
    request: DoorRequest,
    { kind, operation: name }: Route & { kind: "call" | "batch" },
    operation: Operation | undefined,
    allow: string,
  ): Promise<Reply> {
    if (!operation || operation.spec.access === "internal") {
      throw refuse("unknown-operation", `No operation is called ${JSON.stringify(name.slice(0, 64))} here.`);
    }
    this.#checkMethod(request.method, allow);
    if (kind === "call") return callRoute(request, operation, principal, this.#calls, this.#runtime);
    if (operation.spec.flow === "request") {
      throw refuse("method-not-allowed", `"${name}" is a request operation and is never queued.`, [
        "allow",
        "OPTIONS",
      ]);
    }
    return batchRoute(request, operation, principal, this.#calls, this.#runtime);
  }

  #asCaller(request: DoorRequest, answer: (principal: Principal) => Promise<Reply>): Promise<Reply> {
    const identity = this.#gatekeeper.identify(request);
    if (identity instanceof Promise) return identity.then(({ principal }) => answer(principal));
    return answer(identity.principal);
  }

  #readiness(): Reply {
    if (!this.#ready) return refusal("draining", "The server is shutting down.", ["retry-after", "5"]);
    if (this.#runtime.store?.committer.congested)
      return refusal("storage-unavailable", "The store is behind.");
    return json(200, '{"status":"ready"}');
  }

  #allow(route: Route): string | undefined {
    if (this.#role === "status" && route.kind === "receipt") return "GET, HEAD, OPTIONS";
    return route.kind === "admin" ? this.#admin.allow(route.rest) : METHODS[route.kind];
  }

  #checkMethod(method: string, allow: string): void {
    if (!isAllowed(method, allow)) throw refuse("method-not-allowed", `It takes ${allow}.`, ["allow", allow]);
  }
}

/** The reply to a refusal that was thrown; anything else is thrown on. */
function refusedOrThrown(error: unknown, onError: Runtime["onError"]): Reply {
  if (error instanceof Refused) return problemReply(error.problem, error.headers);
  if (error instanceof SpillwayError && error.code === "storage-unavailable") {
    // The engine's own words may name addresses and roles, which are for the log.
    onError(error);
    return refusal(error.code, "The store cannot be asked now. Ask again in a moment.");
  }
  if (error instanceof SpillwayError && error.code !== "configuration")
    return refusal(error.code, error.message);
  throw error;
}

function noStreams(): Refused {
  return refuse(
    "not-on-this-deployment",
    "Nothing is streamed at this address. Poll the receipt, follow it on the socket, or ask the address for events.",
  );
}

function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}
