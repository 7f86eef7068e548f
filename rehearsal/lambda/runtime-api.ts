/** The Runtime API of one function process: hands out one invocation at a time, and takes its answer. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Invocation = {
  readonly event: string;
  readonly timeoutMs: number;
  readonly arn: string;
  /** Called with the head of an answer that is streamed, before its body; the body is to be read. */
  readonly onStream?: (body: IncomingMessage) => void;
};

export type Answer =
  | { readonly kind: "answered"; readonly payload: string }
  | { readonly kind: "streamed" }
  | { readonly kind: "failed"; readonly type: string; readonly payload: string };

type Current = {
  readonly id: string;
  readonly invocation: Invocation;
  readonly deadline: number;
  readonly resolve: (answer: Answer) => void;
  handed: boolean;
};

export class RuntimeApi {
  readonly #server: Server;
  #parked: ServerResponse | undefined;
  #current: Current | undefined;
  #whenIdle: (() => void) | undefined;
  /** Why the code could not be loaded, if it could not. */
  initError: string | undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (incoming: IncomingMessage, outgoing: ServerResponse) => {
      this.#take(incoming, outgoing).catch(() => outgoing.destroy());
    });
  }

  static async listen(): Promise<RuntimeApi> {
    const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 });
    server.timeout = 0;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new RuntimeApi(server);
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get idle(): boolean {
    return this.#parked !== undefined && this.#current === undefined;
  }

  /** Resolves when the process has asked for its next invocation and has none under way. */
  whenIdle(): Promise<void> {
    if (this.idle) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  invoke(invocation: Invocation, deadline: number): Promise<Answer> {
    if (this.#current !== undefined) throw new Error("A function process runs one invocation at a time.");
    return new Promise((resolve) => {
      this.#current = { id: randomUUID(), invocation, deadline, resolve, handed: false };
      this.#hand();
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #hand(): void {
    const parked = this.#parked;
    const current = this.#current;
    if (parked === undefined || current === undefined || current.handed) return;
    current.handed = true;
    this.#parked = undefined;
    const { deadline } = current;
    const { event, arn } = current.invocation;
    parked.writeHead(200, {
      "content-type": "application/json",
      "lambda-runtime-aws-request-id": current.id,
      "lambda-runtime-deadline-ms": String(deadline),
      "lambda-runtime-invoked-function-arn": arn,
      "lambda-runtime-trace-id": `Root=1-${Math.floor(deadline / 1_000).toString(16)}-${current.id.replaceAll("-", "").slice(0, 24)}`,
    });
    parked.end(event);
  }

  async #take(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = (incoming.url ?? "").replace("/2018-06-01/runtime/", "");
    if (path === "invocation/next") {
      this.#parked = outgoing;
      // The client posts its answer and asks for the next one at once, on two connections: either may come first.
      if (this.#current === undefined) this.#settle();
      else this.#hand();
      return;
    }
    if (path === "init/error") this.initError = await bodyOf(incoming);
    else await this.#answered(path, incoming);
    outgoing.writeHead(202).end();
  }

  async #answered(path: string, incoming: IncomingMessage): Promise<void> {
    const [, id, what] = path.split("/");
    const current = this.#current;
    if (current === undefined || decodeURIComponent(id ?? "") !== current.id) {
      incoming.resume();
      return;
    }
    const streams = incoming.headers["lambda-runtime-function-response-mode"] === "streaming";
    if (streams) current.invocation.onStream?.(incoming);
    const payload = streams ? await ended(incoming) : await bodyOf(incoming);
    this.#current = undefined;
    const type = String(incoming.headers["lambda-runtime-function-error-type"] ?? "Error");
    if (what === "error") current.resolve({ kind: "failed", type, payload });
    else current.resolve(streams ? { kind: "streamed" } : { kind: "answered", payload });
    if (this.#parked !== undefined) this.#settle();
  }

  #settle(): void {
    const whenIdle = this.#whenIdle;
    this.#whenIdle = undefined;
    whenIdle?.();
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString("utf8");
}

async function ended(incoming: IncomingMessage): Promise<string> {
  if (!incoming.readableEnded) await once(incoming, "close");
  return "";
}
