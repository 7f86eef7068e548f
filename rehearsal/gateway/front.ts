/**
 * One address for the template's HTTP API, its WebSocket API at /socket, and the function URL that streams events, as
 * a distribution before them would give; and the endpoint of the connections, for the functions alone.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { DirectApi } from "./direct-api.ts";
import type { FunctionUrl } from "./function-url.ts";
import type { HttpApi } from "./http-api.ts";
import { refuse } from "./payload.ts";
import type { SocketApi } from "./socket-api.ts";

const DIRECT = "/direct";

export type Parts = {
  readonly http: HttpApi;
  readonly events: FunctionUrl | undefined;
  /** At `/direct`, for want of a name of its own. */
  readonly direct: DirectApi | undefined;
  readonly socket: SocketApi | undefined;
};

export class Front {
  readonly #server: Server;
  #parts: Parts | undefined;
  /** Why a caller may not use the connections' endpoint, if it may not. */
  guard: (caller: string, method: string) => string | undefined = () => undefined;

  private constructor() {
    this.#server = createServer({ maxHeaderSize: 10_240, requestTimeout: 60_000 }, (incoming, outgoing) => {
      this.#take(incoming, outgoing).catch(() => refuse(outgoing, 502, "Bad Gateway"));
    });
    this.#server.on("upgrade", (incoming, socket, head) => {
      socket.on("error", () => socket.destroy());
      const { socket: api } = this.#parts ?? {};
      if (api === undefined) socket.destroy();
      else api.upgrade(incoming, socket, head).catch(() => socket.destroy());
    });
  }

  static async listen(port = 0): Promise<Front> {
    const front = new Front();
    front.#server.listen(port, "127.0.0.1");
    await once(front.#server, "listening");
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  open(parts: Parts): void {
    this.#parts = parts;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #take(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { http, events, direct, socket } = this.#parts ?? {};
    const path = (incoming.url ?? "/").split("?")[0] ?? "/";
    if (http === undefined) return refuse(outgoing, 503, "Service Unavailable");
    if (socket !== undefined && /^\/[^/]+\/@connections\//.test(path)) {
      const caller = /Credential=([^/,]+)/.exec(incoming.headers.authorization ?? "")?.[1] ?? "nobody";
      const why = this.guard(caller, incoming.method ?? "");
      return why === undefined ? socket.manage(incoming, outgoing) : refuse(outgoing, 403, why);
    }
    if (direct !== undefined && path.startsWith(DIRECT))
      return direct.handle(path.slice(DIRECT.length), incoming, outgoing);
    if (events !== undefined && /^\/receipts\/[^/]+\/events$/.test(path))
      return events.handle(incoming, outgoing);
    return http.handle(incoming, outgoing);
  }
}
