/** The operator's side of the door: which admin routes there are. Whoever comes here has been let in by the door. */
import type { Runtime } from "../../core/runtime.ts";
import type { DoorRequest, Reply } from "../exchange.ts";
import { refuse } from "../replies.ts";
import { auditRoute } from "./audit.ts";
import { deadLettersRoute } from "./dead-letters.ts";
import { overview } from "./figures.ts";
import { JOB_FILTERS, jobRoute, jobsRoute } from "./jobs.ts";
import { PAGED, pageOf } from "./lists.ts";
import { LiveFigures } from "./live.ts";
import { Query } from "./query.ts";
import { purgeRoute, redriveRoute } from "./redrive.ts";
import { Settings } from "./settings.ts";

type AdminRoute = {
  readonly method: "GET" | "PATCH" | "POST";
  readonly allow: string;
  /** Of the query. */
  readonly parameters: readonly string[];
  readonly run: (request: DoorRequest, query: Query) => Reply | Promise<Reply>;
};

export class Admin {
  readonly #runtime: Runtime;
  readonly #settings: Settings;
  readonly #live: LiveFigures;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#settings = new Settings(runtime);
    this.#live = new LiveFigures(runtime);
  }

  /** The methods at a path, as `Allow` lists them; undefined where there is no such route. */
  allow(rest: readonly string[]): string | undefined {
    return this.#route(rest)?.allow;
  }

  /** `rest`: the decoded segments after `/admin`. */
  async handle(request: DoorRequest, rest: readonly string[], method: string): Promise<Reply> {
    const route = this.#route(rest);
    if (!route) throw refuse("not-found");
    if (method !== route.method) throw refuse("method-not-allowed", undefined, ["allow", route.allow]);
    const query = new Query(request.query, route.parameters);
    // Those that take some check them together with their values.
    if (route.parameters.length === 0) query.check();
    return route.run(request, query);
  }

  #route(rest: readonly string[]): AdminRoute | undefined {
    const [first, second] = rest;
    if (first === undefined || first === "" || second === "" || rest.length > 2) return undefined;
    return second === undefined ? this.#listRoute(first) : this.#entryRoute(first, second);
  }

  #listRoute(name: string): AdminRoute | undefined {
    const runtime = this.#runtime;
    switch (name) {
      case "operations":
      case "resources":
        return get(PAGED, async (_, query) =>
          pageOf<{ readonly name: string }>((await overview(runtime))[name], query, (entry) => entry.name),
        );
      case "jobs":
        return get(JOB_FILTERS, (_, query) => jobsRoute(query, runtime));
      case "dead-letters":
        return get(PAGED, (_, query) => deadLettersRoute(query, runtime));
      case "audit":
        return get(PAGED, (_, query) => auditRoute(query, runtime));
      case "live":
        return { ...get([], () => this.#live.reply()), allow: "GET, OPTIONS" };
      default:
        return undefined;
    }
  }

  #entryRoute(list: string, name: string): AdminRoute | undefined {
    const runtime = this.#runtime;
    switch (list) {
      case "operations":
        return change("PATCH", (request) => this.#settings.patch(request, "operation", name));
      case "resources":
        return change("PATCH", (request) => this.#settings.patch(request, "resource", name));
      case "jobs":
        if (name === "redrive") return change("POST", (request) => redriveRoute(request, runtime));
        if (name === "purge") return change("POST", (request) => purgeRoute(request, runtime));
        return get([], () => jobRoute(name, runtime));
      default:
        return undefined;
    }
  }
}

function get(parameters: readonly string[], run: AdminRoute["run"]): AdminRoute {
  return { method: "GET", allow: "GET, HEAD, OPTIONS", parameters, run };
}

function change(method: "PATCH" | "POST", run: (request: DoorRequest) => Promise<Reply>): AdminRoute {
  return { method, allow: `${method}, OPTIONS`, parameters: [], run };
}
