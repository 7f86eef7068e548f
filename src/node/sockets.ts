/**
 * The WebSockets of one server: frames to and from the door's sessions, pings, and the certainty that a socket
 * which was closed is gone soon. What the frames mean is the door's affair.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket, WebSocketServer } from "ws";
import type { SocketPeer, SocketSession, Upgrade } from "../door/exchange.ts";
import { describe } from "./complaints.ts";
import { connectionOf } from "./connection.ts";
import { CLOSE_MS, FRAME_BYTES, PING_MS } from "./limits.ts";
import { refusal } from "./refusal.ts";
import type { Site } from "./site.ts";

type Accepted = Extract<Upgrade, { kind: "accepted" }>;

const RESTARTING = 1012;
const INTERNAL_ERROR = 1011;
/** RFC 6455 §5.5: a control frame has 125 bytes, of which the code takes two. */
const REASON_BYTES = 123;
const MISSED_PINGS = 2;

export class Sockets {
  readonly #site: Site;
  readonly #open = new Set<OpenSocket>();
  /** What the door answered, until the handshake asks for it. */
  readonly #protocols = new WeakMap<IncomingMessage, string>();
  #server: Promise<WebSocketServer> | undefined;

  constructor(site: Site) {
    this.#site = site;
  }

  async accept(incoming: IncomingMessage, socket: Duplex, head: Buffer, accepted: Accepted): Promise<void> {
    this.#server ??= this.#makeServer();
    const server = await this.#server;
    if (socket.destroyed) return;
    this.#protocols.set(incoming, accepted.protocol);
    server.handleUpgrade(incoming, socket, head, (webSocket) => {
      const open = new OpenSocket(webSocket, accepted.open, this.#site.complain);
      this.#open.add(open);
      webSocket.on("close", () => this.#open.delete(open));
      if (this.#site.stopping) open.close(RESTARTING, "The server is shutting down");
    });
  }

  readonly tick = (elapsedMs: number): void => {
    for (const socket of this.#open) socket.tick(elapsedMs);
  };

  /** With the first socket: the library and what it needs, TLS for one, take 16 MiB, and many servers never see one. */
  async #makeServer(): Promise<WebSocketServer> {
    const { WebSocketServer } = await import("ws");
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: FRAME_BYTES,
      perMessageDeflate: false,
      handleProtocols: (_offered, incoming) => this.#protocols.get(incoming) ?? false,
    });
    // With a listener, the handshake's own refusals are left to it.
    return server.on("wsClientError", (error, _socket, incoming) => {
      connectionOf(incoming.socket).endWith(refusal("malformed-request", `${error.message}.`));
    });
  }

  closeAll(): void {
    for (const socket of this.#open) socket.close(RESTARTING, "The server is shutting down");
  }
}

class OpenSocket implements SocketPeer {
  readonly #webSocket: WebSocket;
  readonly #complain: Site["complain"];
  #session: SocketSession | undefined;
  #msToPing = PING_MS;
  #unanswered = 0;
  #closingMs = 0;

  constructor(webSocket: WebSocket, open: Accepted["open"], complain: Site["complain"]) {
    this.#webSocket = webSocket;
    this.#complain = complain;
    // A frame that breaks the protocol or the size limit: closed with its code, and nothing to add.
    webSocket.on("error", () => undefined);
    webSocket.on("pong", () => {
      this.#unanswered = 0;
    });
    webSocket.on("message", (frame, isBinary) => this.#guard(() => this.#hand(frame, isBinary)));
    webSocket.on("close", () => this.#guard(() => this.#session?.onClose()));
    this.#guard(() => {
      this.#session = open(this);
    });
  }

  get buffered(): number {
    return this.#webSocket.bufferedAmount;
  }

  send(text: string): void {
    if (this.#isOpen()) this.#webSocket.send(text);
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, Buffer.from(reason).subarray(0, REASON_BYTES));
  }

  tick(elapsedMs: number): void {
    if (this.#isOpen()) {
      this.#msToPing -= elapsedMs;
      if (this.#msToPing <= 0) this.#ping();
      return;
    }
    // Whoever began to close, and whether or not the other side answers.
    this.#closingMs += elapsedMs;
    if (this.#closingMs > CLOSE_MS) this.#webSocket.terminate();
  }

  #ping(): void {
    this.#msToPing = PING_MS;
    this.#unanswered += 1;
    if (this.#unanswered > MISSED_PINGS) this.#webSocket.terminate();
    else this.#webSocket.ping();
  }

  /** What still arrives on a closing socket has nobody to answer it. */
  #hand(frame: RawData, isBinary: boolean): void {
    if (!this.#isOpen()) return;
    if (isBinary) this.#session?.onBinary();
    else this.#session?.onText(String(frame));
  }

  #isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#complain(`A socket failed inside Spillway: ${describe(thrown)}`);
      this.close(INTERNAL_ERROR, "Something went wrong on our side");
    }
  }
}
