/** The HTTP API of the template: its routes, each to its function, by payload 2.0. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Invoked, LambdaFunction } from "../lambda/function.ts";
import type { Template } from "../template/template.ts";
import { apiArn, type Functions, integrationOf, mayInvoke, targetOf } from "./invoking.ts";
import { bodyOf, eventOf, refuse, send } from "./payload.ts";

type Route = {
  readonly key: string;
  readonly method: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
  /** The fewer parameters, the sooner it is chosen; `$default` last. */
  readonly rank: number;
  readonly target: LambdaFunction;
  readonly timeoutMs: number;
};

const LONGEST_MS = 30_000;

export class HttpApi {
  readonly #id: string;
  readonly #stage: string;
  readonly #routes: readonly Route[];

  constructor(template: Template, functions: Functions) {
    const [api] = template
      .all("AWS::ApiGatewayV2::Api")
      .filter(({ properties }) => properties["ProtocolType"] === "HTTP");
    if (api === undefined) throw new Error("The template has no HTTP API.");
    this.#id = template.resolver.identity(api.name).ref;
    const stage = template
      .all("AWS::ApiGatewayV2::Stage")
      .find(({ properties }) => properties["ApiId"] === this.#id);
    if (stage === undefined) throw new Error(`${api.name} has no stage: nothing of it would be deployed.`);
    this.#stage = String(stage.properties["StageName"]);
    this.#routes = template
      .all("AWS::ApiGatewayV2::Route")
      .filter(({ properties }) => properties["ApiId"] === this.#id)
      .map(({ name, properties }) => {
        const key = String(properties["RouteKey"]);
        const integration = integrationOf(properties["Target"], name);
        const about = template.resolver.resource(integration).properties;
        if (about["PayloadFormatVersion"] !== "2.0")
          throw new Error(`${integration}: its payload format is not 2.0, which the functions expect.`);
        const target = targetOf(template, functions, integration, name);
        const source = apiArn(this.#id, `${this.#stage}/${key.replace(" /", "/")}`);
        if (!mayInvoke(template, target, "apigateway.amazonaws.com", source))
          throw new Error(
            `${name}: its API may not invoke ${target.settings.name}; a permission is missing.`,
          );
        return { ...shapeOf(key), key, target, timeoutMs: Number(about["TimeoutInMillis"] ?? LONGEST_MS) };
      })
      .toSorted((a, b) => a.rank - b.rank);
  }

  async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming);
    if (body === undefined) return refuse(outgoing, 413, "Request Entity Too Large");
    const path = (incoming.url ?? "/").split("?")[0] ?? "/";
    for (const route of this.#routes) {
      const found = route.pattern.exec(path);
      if (found === null || (route.method !== "ANY" && route.method !== incoming.method)) continue;
      const values = route.names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? "")]);
      const event = eventOf(incoming, body, {
        apiId: this.#id,
        routeKey: route.key,
        stage: this.#stage,
        ...(values.length === 0 ? {} : { pathParameters: Object.fromEntries(values) }),
      });
      const late = new Promise<"late">((resolve) => {
        setTimeout(resolve, Math.min(route.timeoutMs, LONGEST_MS), "late").unref();
      });
      const invoked = await Promise.race([route.target.invoke(event), late]);
      return reply(outgoing, invoked);
    }
    refuse(outgoing, 404, "Not Found");
  }
}

function reply(outgoing: ServerResponse, invoked: Invoked | "late"): void {
  if (invoked === "late") return refuse(outgoing, 503, "Service Unavailable");
  if (invoked.kind === "answered") return send(outgoing, invoked.payload);
  refuse(outgoing, invoked.kind === "throttled" ? 503 : 500, messages[invoked.kind]);
}

const messages = {
  throttled: "Service Unavailable",
  failed: "Internal Server Error",
  "timed out": "Internal Server Error",
  died: "Internal Server Error",
  streamed: "Internal Server Error",
} as const satisfies Record<Exclude<Invoked["kind"], "answered">, string>;

function shapeOf(key: string): Pick<Route, "method" | "pattern" | "names" | "rank"> {
  if (key === "$default") return { method: "ANY", pattern: /^/, names: [], rank: 1_000 };
  const [method = "ANY", path = "/"] = key.split(" ");
  const names: string[] = [];
  const expression = path.replace(/\{([^}+]+)(\+?)\}/g, (_all, name: string, greedy: string) => {
    names.push(name);
    return greedy === "" ? "([^/]+)" : "(.+)";
  });
  return {
    method,
    pattern: new RegExp(`^${expression}$`),
    names,
    rank: names.length + (method === "ANY" ? 0.5 : 0),
  };
}
