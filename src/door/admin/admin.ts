/** The operator's side of the door: which admin routes there are. Whoever comes here has been let in by the door. */
import type { Runtime } from "../../core/runtime.ts";
import type { DoorRequest, Reply } from "../exchange.ts";
import { refuse } from "../replies.ts";
import type { Reports } from "../reports.ts";
import { auditRoute } from "./audit.ts";
import { cancelRoute } from "./cancel.ts";
import { deadLettersRoute } from "./dead-letters.ts";
import { overview } from "./figures.ts";
import { JOB_FILTERS, jobRoute, jobsRoute } from "./jobs.ts";
import { PAGED, pageOf } from "./lists.ts";
import { LiveFigures } from "./live.ts";
import { nodesRoute } from "./nodes.ts";
import { operationRoute } from "./operation.ts";
import { Query } from "./query.ts";
import { purgeRoute, redriveRoute } from "./redrive.ts";
import { reportRoute, reportsRoute } from "./reports.ts";
import { SCALE_PARAMETERS, scaleRoute } from "./scale.ts";
import { patchRoute } from "./settings.ts";

type Run = (request: DoorRequest, query: Query) => Reply | Promise<Reply>;

type AdminRoute = {
  readonly allow: string;
  /** Of the query of a GET; nothing else has any. */
  readonly parameters: readonly string[];
  /** By method. */
  readonly runs: Readonly<Partial<Record<string, Run>>>;
};

export class Admin {
  readonly #runtime: Runtime;
  readonly #reports: Reports | undefined;
  readonly #live: LiveFigures;

  constructor(runtime: Runtime, reports?: Reports) {
    this.#runtime = runtime;
    this.#reports = reports;
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
    const run = route.runs[method];
    if (!run) throw refuse("method-not-allowed", undefined, ["allow", route.allow]);
    const parameters = method === "GET" ? route.parameters : [];
    const query = new Query(request.query, parameters);
    // Those that take some check them together with their values.
    if (parameters.length === 0) query.check();
    return run(request, query);
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
        return list(PAGED, async (_, query) =>
          pageOf<{ readonly name: string }>((await overview(runtime))[name], query, (entry) => entry.name),
        );
      case "jobs":
        return list(JOB_FILTERS, (_, query) => jobsRoute(query, runtime));
      case "dead-letters":
        return list(PAGED, (_, query) => deadLettersRoute(query, runtime));
      case "audit":
        return list(PAGED, (_, query) => auditRoute(query, runtime));
      case "reports":
        return list(PAGED, (_, query) => reportsRoute(query, this.#reports));
      case "nodes":
        return list(PAGED, (_, query) => nodesRoute(query, runtime));
      case "scale":
        return list(SCALE_PARAMETERS, (_, query) => scaleRoute(query, runtime));
      case "live":
        return { ...list([], () => this.#live.reply()), allow: "GET, OPTIONS" };
      default:
        return undefined;
    }
  }

  #entryRoute(entries: string, name: string): AdminRoute | undefined {
    const runtime = this.#runtime;
    switch (entries) {
      case "operations":
        return entry({
          GET: () => operationRoute(name, runtime),
          PATCH: (request) => patchRoute(request, "operation", name, runtime),
        });
      case "resources":
        return entry({ PATCH: (request) => patchRoute(request, "resource", name, runtime) });
      case "jobs":
        if (name === "redrive") return entry({ POST: (request) => redriveRoute(request, runtime) });
        if (name === "purge") return entry({ POST: (request) => purgeRoute(request, runtime) });
        return entry({ GET: () => jobRoute(name, runtime), DELETE: () => cancelRoute(name, runtime) });
      case "reports":
        return entry({ GET: () => reportRoute(name, this.#reports) });
      default:
        return undefined;
    }
  }
}

function list(parameters: readonly string[], run: Run): AdminRoute {
  return { allow: "GET, HEAD, OPTIONS", parameters, runs: { GET: run } };
}

function entry(runs: AdminRoute["runs"]): AdminRoute {
  const methods = Object.keys(runs).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return { allow: [...methods, "OPTIONS"].join(", "), parameters: [], runs };
}
