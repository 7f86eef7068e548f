/**
 * The hardened node:http server of a door: who may connect for how long, which events become exchanges, and how
 * listening ends. See docs/wire.md §6 for what each refusal is.
 */
import type { ServerResponse as Response, Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Door } from "../door/exchange.ts";
import { connectionOf, Watch } from "./connection.ts";
import { Exchange } from "./exchange.ts";
import { type HostRule, inspect, type ParserError, refusalOf } from "./framing.ts";
import { createServer, ServerResponse } from "./http.ts";
import { Incoming } from "./incoming.ts";
import {
  HEADER_COUNT,
  HEADERS_MS,
  KEEP_ALIVE_GRACE_MS,
  KEEP_ALIVE_MS,
  LAST_REPLIES_MS,
  LAST_WORD_MS,
  PARSER_BYTES,
  TICK_MS,
  WHOLE_REQUEST_MS,
} from "./limits.ts";
import type { Site } from "./site.ts";
import { Sockets } from "./sockets.ts";
import { Turns } from "./turns.ts";
import { onConnect, onUpgrade, wantsSocket } from "./upgrade.ts";

type ListenerOptions = {
  readonly door: Door;
  readonly hostRule: HostRule;
  readonly complain: (line: string) => void;
  /** How long replies say that an idle connection is kept. */
  readonly keepAliveMs?: number;
};

export class Listener {
  readonly #site: Site;
  readonly #server: Server<typeof Incoming, typeof ServerResponse>;
  readonly #sockets: Sockets;
  readonly #watch: Watch;

  constructor({ door, hostRule, complain, keepAliveMs = KEEP_ALIVE_MS }: ListenerOptions) {
    this.#site = { door, hostRule, complain, turns: new Turns(), sinks: new Set(), stopping: false };
    this.#sockets = new Sockets(this.#site);
    this.#watch = new Watch(this.#sockets.tick);
    this.#server = hardenedServer(keepAliveMs);
    this.#server
      .on("connection", this.#watch.add)
      .on("request", (incoming, response) => this.#exchange(incoming, response, false))
      .on("checkContinue", (incoming, response) => this.#exchange(incoming, response, true))
      // RFC 9110 §10.1.1: an expectation that is not understood may be ignored.
      .on("checkExpectation", (incoming, response) => this.#exchange(incoming, response, false))
      .on("upgrade", onUpgrade(this.#site, this.#sockets))
      .on("connect", onConnect)
      // Every connection has one: node:http made it.
      .on("clientError", (error, socket) => breakOff(error, socket as Socket));
  }

  /** Rejects with the system's error. */
  listen(port: number, host: string): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        this.#server.off("error", reject);
        this.#server.on("error", (error) => this.#site.complain(`The server reports: ${error.message}`));
        // A server that listens on a port has such an address.
        resolve(this.#server.address() as AddressInfo);
      });
    });
  }

  /** Takes no more connections, and resolves when the last one is gone: after its reply, or after a limit. */
  async close(): Promise<void> {
    this.#site.stopping = true;
    // Whoever is in the middle of calling learns from a reply that the connection ends; an idle connection is cut,
    // and the request that its client is just sending with it.
    if (this.#watch.size > 0) await new Promise((resolve) => setTimeout(resolve, LAST_WORD_MS));
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const sink of this.#site.sinks) sink.end();
    this.#sockets.closeAll();
    // A reply that had begun by now has promised to keep its connection.
    const idle = setInterval(() => this.#server.closeIdleConnections(), TICK_MS);
    const limit = setTimeout(() => this.#watch.destroyAll(), LAST_REPLIES_MS);
    await closed;
    clearInterval(idle);
    clearTimeout(limit);
    this.#watch.stop();
  }

  #exchange(incoming: Incoming, response: Response, continueAwaited: boolean): void {
    const connection = connectionOf(incoming.socket);
    if (connection.ending) return;
    const exchange = new Exchange(this.#site, incoming, response, connection, continueAwaited);
    const refused = inspect(incoming, this.#site.hostRule);
    if (refused === undefined) exchange.run();
    else exchange.reply(refused);
  }
}

function hardenedServer(keepAliveMs: number) {
  const server = createServer({
    IncomingMessage: Incoming,
    ServerResponse,
    maxHeaderSize: PARSER_BYTES,
    headersTimeout: HEADERS_MS,
    requestTimeout: WHOLE_REQUEST_MS,
    connectionsCheckingInterval: TICK_MS,
    keepAliveTimeout: keepAliveMs,
    keepAliveTimeoutBuffer: KEEP_ALIVE_GRACE_MS,
    // Its own refusal has no body; see inspect.
    requireHostHeader: false,
    // Otherwise a second Host or Authorization would vanish without a word.
    joinDuplicateHeaders: true,
    shouldUpgradeCallback: wantsSocket,
  });
  // One more than allowed, to see that it is too many.
  server.maxHeadersCount = HEADER_COUNT + 1;
  return server;
}

function breakOff(error: ParserError, socket: Socket): void {
  const connection = connectionOf(socket);
  if (connection.broken) return;
  connection.broken = true;
  if (!socket.writable || error.code === "ECONNRESET" || error.code === "EPIPE") socket.destroy();
  else if (connection.last === undefined) connection.endWith(refusalOf(error));
  else connection.last.breakOff(refusalOf(error));
}
