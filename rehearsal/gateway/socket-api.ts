/**
 * The WebSocket API of the template: connections are kept here, its functions see one event each, and answer through
 * the connections' endpoint. As there: an id is known to that endpoint only once $connect was answered; events of
 * one connection run at the same time; $disconnect is best effort.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { Faults } from "../faults/faults.ts";
import type { LambdaFunction } from "../lambda/function.ts";
import { REGION } from "../template/resolve.ts";
import type { Resource, Template } from "../template/template.ts";
import { apiArn, type Functions, integrationOf, mayInvoke, targetOf } from "./invoking.ts";
import { bodyOf, gatewayId } from "./payload.ts";

/** One message, of either side. */
const MESSAGE_BYTES = 131_072;

type RouteKey = "$connect" | "$default" | "$disconnect";

export class SocketApi {
  readonly id: string;
  readonly stage: string;
  readonly counts = { connected: 0, refused: 0, pushed: 0, gone: 0 };
  readonly #routes: ReadonlyMap<string, LambdaFunction>;
  readonly #connections = new Map<string, WebSocket>();
  readonly #faults: Faults;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES,
    handleProtocols: () => false,
  });

  /** Undefined: the template has none. */
  static of(template: Template, functions: Functions, faults: Faults): SocketApi | undefined {
    const api = template
      .all("AWS::ApiGatewayV2::Api")
      .find(({ properties }) => properties["ProtocolType"] === "WEBSOCKET");
    return api === undefined ? undefined : new SocketApi(template, api, functions, faults);
  }

  private constructor(template: Template, api: Resource, functions: Functions, faults: Faults) {
    this.#faults = faults;
    this.id = template.resolver.identity(api.name).ref;
    const stage = template
      .all("AWS::ApiGatewayV2::Stage")
      .find(({ properties }) => properties["ApiId"] === this.id);
    if (stage === undefined) throw new Error(`${api.name} has no stage: nothing of it would be deployed.`);
    this.stage = String(stage.properties["StageName"]);
    const routes = template
      .all("AWS::ApiGatewayV2::Route")
      .filter(({ properties }) => properties["ApiId"] === this.id);
    this.#routes = new Map(
      routes.map(({ name, properties }) => {
        const key = String(properties["RouteKey"]);
        const target = targetOf(template, functions, integrationOf(properties["Target"], name), name);
        if (!mayInvoke(template, target, "apigateway.amazonaws.com", apiArn(this.id, `${this.stage}/${key}`)))
          throw new Error(
            `${name}: its API may not invoke ${target.settings.name}; a permission is missing.`,
          );
        return [key, target];
      }),
    );
  }

  async upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const id = `${randomBytes(9).toString("base64url")}=`;
    const connectedAt = Date.now();
    const about = this.#about(incoming, id, connectedAt);
    const headers = headersOf(incoming);
    const answer = await this.#invoke("$connect", { ...about("$connect", "CONNECT"), ...headers });
    if (answer.statusCode < 200 || answer.statusCode > 299) {
      this.counts.refused++;
      socket.end(`HTTP/1.1 ${answer.statusCode} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
      return;
    }
    const protocol = Object.entries(answer.headers ?? {}).find(
      ([name]) => name.toLowerCase() === "sec-websocket-protocol",
    )?.[1];
    // The library would choose for itself; here the function does.
    this.#server.options.handleProtocols = () => protocol ?? false;
    this.#server.handleUpgrade(incoming, socket, head, (connection) => {
      this.#connections.set(id, connection);
      this.counts.connected++;
      connection.on("message", (data, isBinary) => {
        void this.#invoke("$default", {
          ...about("$default", "MESSAGE", { messageId: gatewayId() }),
          body: textOf(data).toString(isBinary ? "base64" : "utf8"),
          isBase64Encoded: isBinary,
        });
        if (this.#faults.strikes("gone")) this.#lose(id);
      });
      connection.on("error", () => undefined);
      connection.on("close", (code, reason) => {
        if (!this.#connections.delete(id)) return;
        const how = { disconnectStatusCode: code, disconnectReason: reason.toString() };
        void this.#invoke("$disconnect", { ...about("$disconnect", "DISCONNECT", how), ...headers });
      });
    });
  }

  /** `/{stage}/@connections/{id}`. */
  async manage(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = (await bodyOf(incoming)) ?? Buffer.alloc(0);
    const [, stage, , id = ""] = (incoming.url ?? "").split("/");
    const connection = stage === this.stage ? this.#connections.get(decodeURIComponent(id)) : undefined;
    if (connection === undefined || connection.readyState !== WebSocket.OPEN) {
      this.counts.gone++;
      return refusal(outgoing, 410, "GoneException", "Gone");
    }
    if (incoming.method === "DELETE") {
      connection.close(1000);
      outgoing.writeHead(204).end();
      return;
    }
    if (incoming.method !== "POST") return refusal(outgoing, 403, "ForbiddenException", "Forbidden");
    if (body.length > MESSAGE_BYTES)
      return refusal(outgoing, 413, "PayloadTooLargeException", "Payload Too Large");
    this.counts.pushed++;
    connection.send(body.toString("utf8"));
    outgoing.writeHead(200, { "content-type": "application/json" }).end("{}");
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.terminate();
    this.#connections.clear();
  }

  /** Without a word to the function: $disconnect is best effort. */
  #lose(id: string): void {
    const connection = this.#connections.get(id);
    this.#connections.delete(id);
    connection?.terminate();
  }

  async #invoke(
    key: RouteKey,
    event: unknown,
  ): Promise<{ readonly statusCode: number; readonly headers?: Readonly<Record<string, string>> }> {
    const target = this.#routes.get(key);
    if (target === undefined) return { statusCode: key === "$default" ? 403 : 200 };
    const invoked = await target.invoke(event);
    if (invoked.kind !== "answered") return { statusCode: invoked.kind === "throttled" ? 429 : 502 };
    const answer = JSON.parse(invoked.payload) as { statusCode?: number } | null;
    return { ...answer, statusCode: answer?.statusCode ?? 502 };
  }

  #about(incoming: IncomingMessage, connectionId: string, connectedAt: number) {
    const { id: apiId, stage } = this;
    return (routeKey: RouteKey, eventType: string, more: object = {}) => {
      const now = Date.now();
      return {
        requestContext: {
          routeKey,
          eventType,
          extendedRequestId: gatewayId(),
          requestId: gatewayId(),
          requestTime: new Date(now).toUTCString(),
          requestTimeEpoch: now,
          messageDirection: "IN",
          stage,
          connectedAt,
          connectionId,
          apiId,
          domainName: `${apiId}.execute-api.${REGION}.amazonaws.com`,
          identity: {
            sourceIp: incoming.socket.remoteAddress ?? "127.0.0.1",
            userAgent: incoming.headers["user-agent"] ?? "",
          },
          ...more,
        },
        isBase64Encoded: false,
      };
    };
  }
}

const textOf = (data: RawData): Buffer =>
  Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data);

/** As they were sent, in both of payload 1.0's forms. */
function headersOf({ rawHeaders, url = "/" }: IncomingMessage) {
  const headers: Record<string, string> = {};
  const multiValueHeaders: Record<string, string[]> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    const value = rawHeaders[index + 1] ?? "";
    headers[name] = value;
    multiValueHeaders[name] = [...(multiValueHeaders[name] ?? []), value];
  }
  const query = new URL(url, "http://rehearsal").searchParams;
  const queryStringParameters = Object.fromEntries(query);
  return { headers, multiValueHeaders, ...(query.size === 0 ? {} : { queryStringParameters }) };
}

function refusal(outgoing: ServerResponse, status: number, type: string, message: string): void {
  outgoing.writeHead(status, { "content-type": "application/json", "x-amzn-errortype": type });
  outgoing.end(JSON.stringify({ message }));
}
