/** Calls over node:http; an answer that does not come is an answer too. */
import { Agent, request } from "node:http";
import type { Answer } from "./ledger.ts";

const SILENCE_MS = 35_000;

export type Asked = {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export class Client {
  readonly #port: number;
  readonly #agent: Agent;
  readonly #token: string;

  constructor(port: number, connections: number, token: string) {
    this.#port = port;
    this.#token = token;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Undefined: no answer. */
  send(path: string, { method = "GET", body, headers = {} }: Asked = {}): Promise<Answer | undefined> {
    const text = body === undefined ? "" : JSON.stringify(body);
    return new Promise((resolve) => {
      const outgoing = request({
        agent: this.#agent,
        host: "127.0.0.1",
        port: this.#port,
        path,
        method,
        headers: {
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
          ...headers,
        },
      });
      outgoing.setTimeout(SILENCE_MS, () => outgoing.destroy());
      outgoing.on("error", () => resolve(undefined));
      outgoing.on("response", async (incoming) => {
        const chunks: Uint8Array[] = [];
        try {
          for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
          const { statusCode: status = 0, headers: sent } = incoming;
          resolve({ status, headers: sent, body: parsed(Buffer.concat(chunks).toString("utf8")) });
        } catch {
          resolve(undefined);
        }
      });
      outgoing.end(text);
    });
  }

  /** As an administrator, asked again until there is an answer that is none of the load's. */
  async administer<T>(path: string, asked: Asked = {}): Promise<T> {
    let last: Answer | undefined;
    for (let attempt = 0; attempt < 20; attempt++) {
      last = await this.send(path, { ...asked, headers: { authorization: `Bearer ${this.#token}` } });
      if (last !== undefined && last.status === 200) return last.body as T;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    throw new Error(
      `${asked.method ?? "GET"} ${path} is answered ${last?.status}: ${JSON.stringify(last?.body)}`,
    );
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

/** `work` for every item, so many at once, in order. */
export async function eachOf<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
