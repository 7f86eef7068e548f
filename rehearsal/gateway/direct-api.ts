/**
 * The REST API of the template, which fills queues by itself: its models, mapping templates, response patterns and
 * credentials are read and used. SQS is asked by its JSON protocol, since the one at hand does not speak the other.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { Faults } from "../faults/faults.ts";
import { ACCOUNT, REGION } from "../template/resolve.ts";
import type { Roles } from "../template/roles.ts";
import { list, type Members, members, type Resource, type Template } from "../template/template.ts";
import { fits } from "./edge-schema.ts";
import { bodyOf } from "./payload.ts";
import { evaluated, type Scope } from "./velocity.ts";

const API_BYTES = 10 * 1_048_576;

type Reply = { readonly status: number; readonly headers: Record<string, string>; readonly body: string };

export class DirectApi {
  readonly #template: Template;
  readonly #roles: Roles;
  readonly #sqs: SQSClient;
  readonly #faults: Faults;
  /** By `POST /operations/place-order`. */
  readonly #methods: ReadonlyMap<string, Members>;

  private constructor(template: Template, roles: Roles, sqs: SQSClient, faults: Faults) {
    this.#template = template;
    this.#roles = roles;
    this.#sqs = sqs;
    this.#faults = faults;
    this.#methods = new Map(
      template.all("AWS::ApiGateway::Method").map(({ name, properties }) => {
        if (properties["AuthorizationType"] !== "NONE")
          throw new Error(`${name} asks an authorizer, which the rehearsal does not have.`);
        const path = pathOf(template, String(properties["ResourceId"]));
        return [`${String(properties["HttpMethod"])} ${path}`, properties];
      }),
    );
  }

  /** Undefined: the template has none. */
  static of(template: Template, roles: Roles, sqs: SQSClient, faults: Faults): DirectApi | undefined {
    const [api] = template.all("AWS::ApiGateway::RestApi");
    return api === undefined ? undefined : new DirectApi(template, roles, sqs, faults);
  }

  /** `path` without the stage. */
  async handle(path: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming, API_BYTES);
    const method = this.#methods.get(`${incoming.method} ${path}`);
    const { status, headers, body: text } = await this.#answer(method, incoming, body?.toString("utf8"));
    outgoing.writeHead(status, headers).end(text);
  }

  async #answer(
    method: Members | undefined,
    incoming: IncomingMessage,
    body: string | undefined,
  ): Promise<Reply> {
    if (method === undefined) return this.#says("MISSING_AUTHENTICATION_TOKEN");
    if (body === undefined) return this.#says("REQUEST_TOO_LARGE");
    const type = (incoming.headers["content-type"] ?? "application/json").split(";")[0]?.trim() ?? "";
    const integration = members(method["Integration"]);
    const template = members(integration["RequestTemplates"])[type];
    if (template === undefined) return this.#says("UNSUPPORTED_MEDIA_TYPE");
    const refusal = this.#invalid(method, incoming, type, body);
    if (refusal !== undefined) return this.#says(refusal);
    const scope = scopeOf(incoming, body);
    const query = evaluated(String(template), scope);
    const answered = await this.#send(integration, query);
    return mapped(integration, scope, answered);
  }

  #invalid(method: Members, incoming: IncomingMessage, type: string, body: string): string | undefined {
    for (const [name, isRequired] of Object.entries(members(method["RequestParameters"]))) {
      const header = name.replace("method.request.header.", "").toLowerCase();
      if (isRequired === true && incoming.headers[header] === undefined) return "BAD_REQUEST_PARAMETERS";
    }
    const model = members(method["RequestModels"])[type];
    if (model === undefined) return undefined;
    const schema = members(this.#template.resolver.resource(String(model)).properties["Schema"]);
    try {
      return fits(schema, JSON.parse(body)) ? undefined : "BAD_REQUEST_BODY";
    } catch (error) {
      if (error instanceof SyntaxError) return "BAD_REQUEST_BODY";
      throw error;
    }
  }

  /** What SQS answers to the form that the template made. */
  async #send(
    integration: Members,
    form: string,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const query = new URLSearchParams(form);
    const name = /:sqs:path\/[^/]+\/(.+)$/.exec(String(integration["Uri"]))?.[1] ?? "";
    const arn = `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`;
    const why = this.#roles.refusal(String(integration["Credentials"]), "sqs:SendMessage", arn);
    if (why !== undefined) return { status: 403, body: { Error: { Message: why } } };
    if (query.get("Action") !== "SendMessage")
      return { status: 400, body: { Error: { Code: "InvalidAction" } } };
    if (this.#faults.strikes("sqs-throttles"))
      return { status: 403, body: { Error: { Code: "RequestThrottled" } } };
    try {
      const { MessageId } = await this.#sqs.send(
        new SendMessageCommand({
          QueueUrl: `http://127.0.0.1/${ACCOUNT}/${name}`,
          MessageBody: query.get("MessageBody") ?? "",
          MessageAttributes: attributesOf(query),
        }),
      );
      return { status: 200, body: { SendMessageResponse: { SendMessageResult: { MessageId } } } };
    } catch (error) {
      return { status: 400, body: { Error: { Message: (error as Error).message } } };
    }
  }

  /** What the API says by itself. */
  #says(type: string): Reply {
    const found = this.#template
      .all("AWS::ApiGateway::GatewayResponse")
      .find(({ properties }) => properties["ResponseType"] === type);
    if (found === undefined) throw new Error(`The template does not say what its API answers on ${type}.`);
    const { ResponseParameters, ResponseTemplates, StatusCode } = found.properties;
    return {
      status: Number(StatusCode),
      headers: headersOf(members(ResponseParameters), "gatewayresponse.header."),
      body: String(members(ResponseTemplates)["application/json"] ?? ""),
    };
  }
}

/** The first whose pattern fits the status; the one without a pattern for the rest. */
function mapped(
  integration: Members,
  scope: Scope,
  { status, body }: { status: number; body: unknown },
): Reply {
  const all = list(integration["IntegrationResponses"]).map((one) => members(one));
  const chosen =
    all.find(
      ({ SelectionPattern: pattern }) => pattern && new RegExp(`^${String(pattern)}$`).test(String(status)),
    ) ?? all.find(({ SelectionPattern: pattern }) => !pattern);
  if (chosen === undefined) throw new Error(`The template maps no answer of status ${status}.`);
  (scope["input"] as Scope)["path"] = (path: string) =>
    path
      .replace(/^\$\.?/, "")
      .split(".")
      .reduce<unknown>((value, name) => (value as Scope | undefined)?.[name], body);
  const text = evaluated(String(members(chosen["ResponseTemplates"])["application/json"] ?? ""), scope);
  const { responseOverride } = scope["context"] as { responseOverride?: { header?: Record<string, string> } };
  return {
    status: Number(chosen["StatusCode"]),
    headers: {
      ...headersOf(members(chosen["ResponseParameters"]), "method.response.header."),
      ...responseOverride?.header,
    },
    body: text,
  };
}

function scopeOf(incoming: IncomingMessage, body: string): Scope {
  const header: Record<string, string> = {};
  for (let index = 0; index < incoming.rawHeaders.length; index += 2)
    header[incoming.rawHeaders[index] ?? ""] = incoming.rawHeaders[index + 1] ?? "";
  return {
    input: { body, params: () => ({ header, path: {}, querystring: {} }) },
    context: { requestId: randomUUID(), requestTimeEpoch: Date.now() },
    util: { urlEncode: (value: unknown) => encodeURIComponent(String(value)) },
  };
}

function attributesOf(query: URLSearchParams) {
  const attributes: Record<string, { DataType: string; StringValue: string }> = {};
  for (let index = 1; query.has(`MessageAttribute.${index}.Name`); index++) {
    const of = (what: string): string => query.get(`MessageAttribute.${index}.${what}`) ?? "";
    attributes[of("Name")] = { DataType: of("Value.DataType"), StringValue: of("Value.StringValue") };
  }
  return attributes;
}

/** Static values stand in single quotes. */
const headersOf = (parameters: Members, prefix: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name.replace(prefix, "").toLowerCase(),
      String(value).replace(/^'|'$/g, ""),
    ]),
  );

function pathOf(template: Template, id: string): string {
  const resource = template
    .all("AWS::ApiGateway::Resource")
    .find(({ name }: Resource) => template.resolver.identity(name).ref === id);
  if (resource === undefined) return "";
  const { ParentId, PathPart } = resource.properties;
  return `${pathOf(template, String(ParentId))}/${String(PathPart)}`;
}
