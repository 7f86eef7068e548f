/** HTTP as the rigs speak it: over a bounded number of kept connections, and an answer cut short is no answer. */
import { Agent, type IncomingHttpHeaders, request } from "node:http";

export type Heard =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: unknown;
    }
  /** Nobody can know whether the other side has done what it was asked for. */
  | { readonly kind: "silence"; readonly why: string };

export type Question = {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
};

const TIMEOUT_MS = 30_000;

/** Whom a question may be put to: one server, or whichever of several. */
export type Asked = Pick<Client, "ask" | "post" | "askAdmin">;

export class Client {
  readonly #url: URL;
  readonly #token: string;
  readonly #agent: Agent;

  /** @param token of the administrator */
  constructor(url: string, token: string, connections = 32) {
    this.#url = new URL(url);
    this.#token = token;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  ask({ method = "GET", path, headers = {}, body, timeoutMs = TIMEOUT_MS }: Question): Promise<Heard> {
    return new Promise((resolve) => {
      const silent = (error: Error) => resolve({ kind: "silence", why: error.message });
      const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
      const outgoing = request({
        host: this.#url.hostname,
        port: this.#url.port,
        agent: this.#agent,
        method,
        path,
        timeout: timeoutMs,
        headers: { "content-type": "application/json", ...length, ...headers },
      });
      outgoing.on("timeout", () => outgoing.destroy(new Error(`No answer within ${timeoutMs} ms.`)));
      outgoing.on("error", silent);
      outgoing.on("response", (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", silent);
        incoming.on("close", () => {
          if (!incoming.complete) return silent(new Error("The answer was cut short."));
          const { statusCode: status = 0, headers } = incoming;
          resolve({ kind: "answer", status, headers, body: parsed(Buffer.concat(chunks).toString()) });
        });
      });
      outgoing.end(body);
    });
  }

  post(path: string, value: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Heard> {
    return this.ask({ method: "POST", path, headers, body: JSON.stringify(value) });
  }

  /** As the administrator. */
  askAdmin(path: string): Promise<Heard> {
    return this.ask({ path, headers: { authorization: `Bearer ${this.#token}` } });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
