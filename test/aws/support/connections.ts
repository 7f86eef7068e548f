/**
 * The far side of API Gateway's sockets, as its management API is called: keeps what each connection was sent, and
 * is gone, busy or broken when told to. It stands in for AWS, not for anything of ours.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type PushedFrame = {
  readonly type: string;
  readonly receipt?: { readonly id: string; readonly status: string; readonly revision: number };
  readonly problem?: { readonly code: string };
  readonly [member: string]: unknown;
};

type Refusal = { readonly status: number; readonly type: string };

export const GONE: Refusal = { status: 410, type: "GoneException" };
export const BUSY: Refusal = { status: 429, type: "LimitExceededException" };
/** Takes the request, and never answers. */
export const SILENT: Refusal = { status: 0, type: "none" };
export const BROKEN: Refusal = { status: 500, type: "InternalServerError" };

export class Connections {
  readonly url: string;
  /** Those that were ended by a request. */
  readonly ended: string[] = [];
  /** What the next requests for a connection are answered; the last one again and again, if `forever`. */
  readonly #refusals = new Map<string, { left: Refusal[]; readonly forever: boolean }>();
  readonly #frames = new Map<string, PushedFrame[]>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  posts = 0;

  private constructor() {
    this.#server.listen(0, "127.0.0.1");
    this.url = "";
  }

  static async start(): Promise<Connections> {
    const connections = new Connections();
    await once(connections.#server, "listening");
    const { port } = connections.#server.address() as AddressInfo;
    return Object.assign(connections, { url: `http://127.0.0.1:${port}/live` });
  }

  refuse(connection: string, left: readonly Refusal[], forever = false): void {
    this.#refusals.set(connection, { left: [...left], forever });
  }

  heal(connection: string): void {
    this.#refusals.delete(connection);
  }

  /** Frames since the last time. */
  take(connection: string): readonly PushedFrame[] {
    return this.#frames.get(connection)?.splice(0) ?? [];
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const connection = decodeURIComponent(/^\/live\/@connections\/(.+)$/.exec(request.url ?? "")?.[1] ?? "");
    const refusal = this.#refusal(connection);
    if (refusal === SILENT) return;
    if (refusal) {
      response.writeHead(refusal.status, {
        "content-type": "application/json",
        "x-amzn-errortype": refusal.type,
      });
      response.end("{}");
      return;
    }
    if (request.method === "DELETE") this.ended.push(connection);
    else {
      this.posts++;
      this.#frames.set(connection, [...(this.#frames.get(connection) ?? []), JSON.parse(text)]);
    }
    response.writeHead(request.method === "DELETE" ? 204 : 200).end();
  }

  #refusal(connection: string): Refusal | undefined {
    const refusals = this.#refusals.get(connection);
    if (!refusals) return undefined;
    return refusals.forever ? refusals.left[0] : refusals.left.shift();
  }
}
