/** Calls over node:http with connections that are kept: `fetch` would be slower than the server it is pointed at. */
import { Agent, type IncomingMessage, request } from "node:http";

export type Answer = {
  readonly status: number;
  /** The parsed body; undefined where it is no JSON. */
  readonly body: unknown;
};

/** The server gave no answer: it is not there, went away, or was silent for too long. */
export class NoAnswer extends Error {
  readonly code: string;

  constructor(url: string, cause: NodeJS.ErrnoException) {
    super(`No answer from ${url}: ${cause.message}`, { cause });
    this.code = cause.code ?? "unknown";
  }
}

const SILENCE_MS = 30_000;

export class Client {
  /** The first of several, which are called in turn. */
  readonly url: string;
  readonly #origins: readonly URL[];
  readonly #agent: Agent;
  readonly #token: string | undefined;
  #turn = 0;

  constructor(urls: readonly [string, ...string[]], connections: number, token: string | undefined) {
    this.url = urls[0];
    this.#origins = urls.map((url) => new URL(url));
    this.#agent = new Agent({ keepAlive: true, maxSockets: Math.ceil(connections / urls.length) });
    this.#token = token;
  }

  get(path: string): Promise<Answer> {
    return this.#send("GET", path, "", undefined);
  }

  call(operation: string, input: unknown): Promise<Answer> {
    return this.#send("POST", `/operations/${operation}`, JSON.stringify(input), undefined);
  }

  /** With the admin token, if there is one. */
  administer(operation: string, input: unknown): Promise<Answer> {
    return this.#send("POST", `/operations/${operation}`, JSON.stringify(input), this.#token);
  }

  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body: string, token: string | undefined): Promise<Answer> {
    const { hostname, port, origin } = this.#origins[this.#turn++ % this.#origins.length] as URL;
    const headers: Record<string, string | number> = {};
    if (body !== "") {
      headers["content-type"] = "application/json";
      headers["content-length"] = Buffer.byteLength(body);
    }
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    return new Promise((resolve, reject) => {
      const outgoing = request(
        // A URL writes an IPv6 address in brackets, a socket does not.
        {
          agent: this.#agent,
          hostname: hostname.replace(/^\[|\]$/g, ""),
          port: port || 80,
          method,
          path,
          headers,
        },
        (incoming) => read(incoming).then(resolve, reject),
      );
      outgoing.setTimeout(SILENCE_MS, () =>
        outgoing.destroy(new Error(`nothing for ${SILENCE_MS / 1_000} s`)),
      );
      outgoing.on("error", (error) => reject(new NoAnswer(origin, error)));
      outgoing.end(body);
    });
  }
}

async function read(incoming: IncomingMessage): Promise<Answer> {
  incoming.setEncoding("utf8");
  let text = "";
  for await (const chunk of incoming) text += chunk;
  return { status: incoming.statusCode ?? 0, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A member of a body that came from outside, if the body has it. */
export function member(body: unknown, name: string): unknown {
  return typeof body === "object" && body !== null ? (body as Record<string, unknown>)[name] : undefined;
}

/** Runs `work` for 0 … count − 1, so many at once. */
export async function inParallel(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}
