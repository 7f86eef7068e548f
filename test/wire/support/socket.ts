/** A WebSocket client that keeps every frame, so that a test can ask what came and what did not. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import WebSocket from "ws";
import { judgeProblem, type Problem, type Receipt } from "./judge.ts";
import { until, within } from "./wait.ts";

export type Frame = {
  readonly type: string;
  readonly ref?: unknown;
  readonly cursor?: string;
  readonly receipt?: Receipt;
  readonly output?: unknown;
  readonly problem?: Problem;
};

export type SocketOptions = {
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
};

export class LiveSocket {
  readonly frames: Frame[] = [];
  /** The frames as they were sent. */
  readonly texts: string[] = [];
  readonly closed: Promise<number>;
  readonly socket: WebSocket;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => {
      const text = data.toString();
      this.texts.push(text);
      this.frames.push(JSON.parse(text) as Frame);
    });
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => socket.once("close", (code) => resolve(code)));
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  when(what: string, wanted: (frame: Frame) => boolean, withinMs?: number): Promise<Frame> {
    return until(
      () => `a frame ${what}; so far ${this.texts.join(" ")}`,
      () => this.frames.find(wanted),
      withinMs,
    );
  }

  /** Sends a frame with a `ref` and waits for the frame that carries it. */
  ask(frame: Readonly<Record<string, unknown>>): Promise<Frame> {
    const ref = `ref-${++refs}`;
    this.send({ ...frame, ref });
    return this.when(`with ref ${ref}`, (answer) => answer.ref === ref);
  }

  closeCode(withinMs?: number): Promise<number> {
    return within("the socket closes", this.closed, withinMs);
  }

  close(): void {
    this.socket.terminate();
  }
}

let refs = 0;

export async function openSocket(port: number, options: SocketOptions = {}): Promise<LiveSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, [...(options.protocols ?? ["spillway.v1"])], {
    headers: { ...options.headers },
  });
  const live = new LiveSocket(socket);
  await within("the socket opens", once(socket, "open"));
  return live;
}

/** The answer to an upgrade that is refused. */
export async function refusedSocket(
  port: number,
  options: SocketOptions = {},
): Promise<{ readonly status: number; readonly headers: IncomingMessage["headers"]; readonly text: string }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, [...(options.protocols ?? ["spillway.v1"])], {
    headers: { ...options.headers },
  });
  socket.on("error", () => undefined);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  socket.on("unexpected-response", (_request, response) => resolve(response));
  socket.on("open", () => reject(new Error("The socket was opened.")));
  socket.on("close", () => reject(new Error("The socket was closed without an answer.")));
  const response = await within("the upgrade is refused", promise);
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

export type SocketWork = (socket: LiveSocket) => Promise<void>;

/** A socket for as long as the work takes. */
export async function onSocket(port: number, work: SocketWork): Promise<void> {
  const socket = await openSocket(port);
  try {
    await work(socket);
  } finally {
    socket.close();
  }
}

export function problemIn(frame: Frame, status: number, code: string): void {
  assert.equal(frame.type, "problem", JSON.stringify(frame));
  assert.ok(frame.problem);
  judgeProblem(frame.problem, status, code);
}
