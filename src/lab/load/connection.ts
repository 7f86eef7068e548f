/**
 * One connection to the server under load, with one request at a time. Bare sockets: a full HTTP client would need more
 * of the machine than the server it shares it with. It knows as much of HTTP/1.1 as Spillway's own replies use.
 */
import { connect, type Socket } from "node:net";

export type Reply = {
  readonly status: number;
  /** Header names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
};

/** Undefined: none came, or none that could be read. */
export type OnReply = (reply: Reply | undefined) => void;

export class Connection {
  readonly #socket: Socket;
  readonly #closed: (connection: Connection) => void;
  #onReply: OnReply | undefined;
  #received = "";
  /** When it was last of use. */
  usedAt: number;
  /** When the reply is given up. */
  deadline = Number.POSITIVE_INFINITY;

  constructor(
    port: number,
    now: number,
    free: (connection: Connection) => void,
    closed: (connection: Connection) => void,
  ) {
    this.usedAt = now;
    this.#closed = closed;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true }).setEncoding("latin1");
    this.#socket.on("connect", () => free(this));
    // What went wrong is told by the close that follows.
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => this.#end(undefined));
    this.#socket.on("data", (chunk: string) => this.#hear(chunk, free));
  }

  send(request: string, now: number, deadline: number, onReply: OnReply): void {
    this.usedAt = now;
    this.deadline = deadline;
    this.#onReply = onReply;
    this.#socket.write(request, "latin1");
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #hear(chunk: string, free: (connection: Connection) => void): void {
    this.#received = this.#received === "" ? chunk : this.#received + chunk;
    const reply = replyIn(this.#received);
    if (reply === "more") return;
    this.#received = "";
    const isLast = reply === "unreadable" || reply.headers.get("connection") === "close";
    const onReply = this.#onReply;
    this.#onReply = undefined;
    this.deadline = Number.POSITIVE_INFINITY;
    if (isLast) this.#socket.destroy();
    onReply?.(reply === "unreadable" ? undefined : reply);
    if (!isLast) free(this);
  }

  #end(reply: Reply | undefined): void {
    const onReply = this.#onReply;
    this.#onReply = undefined;
    this.#closed(this);
    onReply?.(reply);
  }
}

/** Lengths in bytes are lengths in characters of latin1. */
export function replyIn(received: string): Reply | "more" | "unreadable" {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return "more";
  const [statusLine = "", ...lines] = received.slice(0, headEnd).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const length = Number(headers.get("content-length"));
  if (!(status >= 200) || !(length >= 0)) return "unreadable";
  const end = headEnd + 4 + length;
  if (received.length < end) return "more";
  return { status, headers, body: received.slice(headEnd + 4, end) };
}
