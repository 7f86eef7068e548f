/** An HTTP client that sends what it is told and hides nothing of the answer. */
import { Agent, type IncomingMessage, request } from "node:http";

export type Header = string | readonly string[];
export type Headers = Readonly<Record<string, Header | undefined>>;

export type Answer = {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** Every header as sent, name and value in turn. */
  readonly rawHeaders: readonly string[];
  readonly text: string;
  /** The body as JSON, taken for what the caller expects. */
  readonly as: <T>() => T;
};

export type Asked = {
  readonly method?: string;
  readonly headers?: Headers;
  /** A text or bytes go as they are; anything else as JSON. */
  readonly body?: unknown;
};

const tidy = (headers: Headers) =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === "string" ? value : [...value]] as const],
    ),
  );

export class Client {
  readonly port: number;
  readonly #headers: Headers;
  readonly #agent: Agent;

  constructor(port: number, headers: Headers = {}, agent = new Agent({ keepAlive: true })) {
    this.port = port;
    this.#headers = headers;
    this.#agent = agent;
  }

  /** The same client with headers of its own on every request. */
  with(headers: Headers): Client {
    return new Client(this.port, { ...this.#headers, ...headers }, this.#agent);
  }

  /** The same client with so many connections. */
  wide(connections: number): Client {
    return new Client(this.port, this.#headers, new Agent({ keepAlive: true, maxSockets: connections }));
  }

  /** Resolves with the head; the body is the caller's to read. */
  open(path: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<IncomingMessage> {
    const bytes = body === undefined || typeof body === "string" || body instanceof Uint8Array;
    const json = bytes ? {} : { "content-type": "application/json" };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const asking = request({
      host: "127.0.0.1",
      port: this.port,
      path,
      method,
      agent: this.#agent,
      headers: tidy({ ...this.#headers, ...json, ...headers }),
    });
    asking.on("response", resolve).on("error", reject);
    asking.end(bytes ? body : JSON.stringify(body));
    return promise;
  }

  async send(path: string, asked: Asked = {}): Promise<Answer> {
    const message = await this.open(path, asked);
    const chunks: Uint8Array[] = [];
    for await (const chunk of message) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    return {
      status: message.statusCode ?? 0,
      headers: message.headers,
      rawHeaders: message.rawHeaders,
      text,
      as: <T>() => JSON.parse(text) as T,
    };
  }

  get(path: string, headers: Headers = {}): Promise<Answer> {
    return this.send(path, { headers });
  }

  post(path: string, body: unknown, headers: Headers = {}): Promise<Answer> {
    return this.send(path, { method: "POST", body, headers });
  }

  call(operation: string, input: unknown, headers: Headers = {}): Promise<Answer> {
    return this.post(`/operations/${operation}`, input, headers);
  }

  receipt(id: string, headers: Headers = {}): Promise<Answer> {
    return this.get(`/receipts/${id}`, headers);
  }

  cancel(id: string, headers: Headers = {}): Promise<Answer> {
    return this.send(`/receipts/${id}`, { method: "DELETE", headers });
  }

  close(): void {
    this.#agent.destroy();
  }
}
