/**
 * What is known of a connection across its requests, and the one ticker that watches all of them: for bodies that
 * stop coming, for peers that stop reading, and for connections that linger after their last reply.
 */
import type { Socket } from "node:net";
import type { Reply } from "../door/exchange.ts";
import { LINGER_MS, LONGEST_TICK_MS, TICK_MS, WRITE_STALL_MS } from "./limits.ts";
import { rawReply } from "./refusal.ts";

/** The request that arrived last; only it can have a body that is still coming. */
export interface LastExchange {
  tick(elapsedMs: number): void;
  /** The rest of the connection cannot be understood: answers what is unanswered, and ends it. */
  breakOff(reply: Reply): void;
}

const CONNECTION = Symbol("connection");
type WatchedSocket = Socket & { [CONNECTION]?: Connection };

export function connectionOf(socket: Socket): Connection {
  const watched: WatchedSocket = socket;
  watched[CONNECTION] ??= new Connection(socket);
  return watched[CONNECTION];
}

export class Connection {
  readonly socket: Socket;
  readonly fromLoopback: boolean;
  last: LastExchange | undefined;
  /** Its last reply is on its way: a request behind it would run, and its client could not know. */
  ending = false;
  /** Its bytes could not be understood, and that was answered: more of them change nothing. */
  broken = false;
  #flushed = -1;
  #stalledMs = 0;
  #msLeft = Number.POSITIVE_INFINITY;

  constructor(socket: Socket) {
    this.socket = socket;
    this.fromLoopback = isLoopbackAddress(socket.remoteAddress ?? "");
  }

  tick(elapsedMs: number): void {
    this.last?.tick(elapsedMs);
    this.#msLeft -= elapsedMs;
    if (this.#msLeft < 0 || this.#stalled(elapsedMs)) this.socket.destroy();
  }

  /** Ends the connection with this reply. */
  endWith(reply: Reply): void {
    this.linger();
    if (this.socket.writable) this.socket.end(rawReply(reply));
  }

  /**
   * Closing with bytes unread makes the kernel send a reset, which can overtake the reply. So only our side is
   * ended, and the peer gets a moment to read.
   */
  linger(): void {
    this.#msLeft = Math.min(this.#msLeft, LINGER_MS);
    this.socket.on("end", () => this.socket.destroy());
  }

  #stalled(elapsedMs: number): boolean {
    const { writableLength, bytesWritten } = this.socket;
    // bytesWritten counts what is still waiting, too.
    const flushed = bytesWritten - writableLength;
    if (writableLength === 0 || flushed !== this.#flushed) {
      this.#flushed = flushed;
      this.#stalledMs = 0;
      return false;
    }
    this.#stalledMs += elapsedMs;
    return this.#stalledMs >= WRITE_STALL_MS;
  }
}

/** All open connections, the upgraded ones included. */
export class Watch {
  readonly #connections = new Set<Connection>();
  readonly #timer: NodeJS.Timeout;

  constructor(alsoTick: (elapsedMs: number) => void) {
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      const elapsedMs = Math.min(now - last, LONGEST_TICK_MS);
      last = now;
      for (const connection of this.#connections) connection.tick(elapsedMs);
      alsoTick(elapsedMs);
    }, TICK_MS).unref();
  }

  readonly add = (socket: Socket): void => {
    const connection = connectionOf(socket);
    this.#connections.add(connection);
    socket.on("close", () => this.#connections.delete(connection));
  };

  get size(): number {
    return this.#connections.size;
  }

  destroyAll(): void {
    for (const { socket } of this.#connections) socket.destroy();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** IPv4 addresses appear as `::ffff:127.0.0.1` on a socket of both families. */
export function isLoopbackAddress(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(address);
}
