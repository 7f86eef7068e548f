/**
 * A load balancer as anybody has one in front of several gateways: asks each for its readiness a few times a second,
 * hands requests and sockets in turn to those that were ready, over connections that it keeps. It repeats nothing: what
 * a gateway does not answer, the client is told.
 */
import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";

const CHECK_MS = 200;
const CHECK_WITHIN_MS = 5_000;
/** An idle connection is given up well before the gateway does so, also where this process is late. */
const KEPT = { keepAlive: true, agentKeepAliveTimeoutBuffer: 3_000 };

type Backend = { readonly port: number; readonly agent: Agent; ready: boolean };

export class Balancer {
  readonly port: number;
  readonly #server: Server;
  readonly #backends: readonly Backend[];
  readonly #tunnels = new Set<Socket>();
  readonly #closing = new AbortController();
  #turn = 0;

  private constructor(server: Server, backends: readonly Backend[]) {
    this.#server = server;
    this.#backends = backends;
    this.port = (server.address() as AddressInfo).port;
    server.on("request", (incoming, response) => void this.#forward(incoming, response));
    server.on("upgrade", (incoming, socket, head) => this.#tunnel(incoming, socket as Socket, head));
    for (const backend of backends) void this.#watch(backend);
  }

  static async before(ports: readonly number[]): Promise<Balancer> {
    const server = createServer({ keepAliveTimeout: 60_000 }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const backends = ports.map((port) => ({ port, agent: new Agent(KEPT), ready: false }));
    await Promise.all(backends.map(check));
    return new Balancer(server, backends);
  }

  /** Those that get requests at this moment. */
  get ready(): readonly number[] {
    return this.#backends.filter(({ ready }) => ready).map(({ port }) => port);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const socket of this.#tunnels) socket.destroy();
    for (const { agent } of this.#backends) agent.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #watch(backend: Backend): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await pause(CHECK_MS, undefined, { signal }).catch(() => undefined);
      await check(backend);
    }
  }

  #next(): Backend | undefined {
    const ready = this.#backends.filter((backend) => backend.ready);
    return ready[this.#turn++ % ready.length];
  }

  async #forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const backend = this.#next();
    if (!backend) return refuse(response, 503, "No gateway is ready.");
    const { port, agent } = backend;
    const { method, url: path } = incoming;
    const outgoing = request({
      host: "127.0.0.1",
      port,
      agent,
      method,
      path,
      headers: passedOn(incoming, port),
    });
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    outgoing.on("response", resolve).on("error", reject);
    incoming.pipe(outgoing);
    try {
      const answer = await promise;
      const { connection: _, "keep-alive": __, ...headers } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, headers);
      await pipeline(answer, response);
    } catch (error) {
      refuse(
        response,
        502,
        `The gateway at ${port} did not answer: ${(error as NodeJS.ErrnoException).code}`,
      );
    }
  }

  #tunnel(incoming: IncomingMessage, client: Socket, head: Buffer): void {
    const backend = this.#next();
    if (!backend) return void client.end("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n");
    const gateway = connect(backend.port, "127.0.0.1", () => {
      gateway.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\nHost: 127.0.0.1:${backend.port}\r\n`);
      const { rawHeaders } = incoming;
      for (let at = 0; at < rawHeaders.length; at += 2)
        if (rawHeaders[at]?.toLowerCase() !== "host")
          gateway.write(`${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`);
      gateway.write("\r\n");
      gateway.write(head);
      client.pipe(gateway).pipe(client);
    });
    for (const socket of [client, gateway]) {
      this.#tunnels.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#tunnels.delete(socket);
        // What was sent last, such as why a socket is closed, is still on its way.
        client.destroySoon();
        gateway.destroySoon();
      });
    }
  }
}

/** Over a new connection each time, as a check is to tell whether one can be had. */
async function check(backend: Backend): Promise<void> {
  const signal = AbortSignal.timeout(CHECK_WITHIN_MS);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  request({ host: "127.0.0.1", port: backend.port, path: "/health/ready", agent: false, signal })
    .on("response", (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    })
    .on("error", () => resolve(false))
    .end();
  backend.ready = await promise;
}

function passedOn({ headers, socket }: IncomingMessage, port: number) {
  const { connection: _, ...others } = headers;
  return { ...others, host: `127.0.0.1:${port}`, "x-forwarded-for": socket.remoteAddress ?? "" };
}

function refuse(response: ServerResponse, status: number, why: string): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { "content-type": "text/plain" }).end(why);
}
