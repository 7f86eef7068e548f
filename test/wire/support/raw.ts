/** Bytes on a plain TCP connection, for what no HTTP client would send. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { SECOND, within } from "./wait.ts";

export type RawAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export class RawConnection {
  readonly #socket: Socket;
  readonly #chunks: Uint8Array[] = [];
  readonly closed: Promise<unknown>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Uint8Array) => this.#chunks.push(chunk));
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => socket.once("close", resolve));
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  write(data: string | Uint8Array): void {
    this.#socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
  }

  get received(): string {
    return Buffer.concat(this.#chunks).toString("latin1");
  }

  get open(): boolean {
    return !this.#socket.destroyed;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

export type Exchange = {
  /** Every response that came back, one after another. */
  readonly answers: readonly RawAnswer[];
  /** How long the server took to close the connection. */
  readonly tookMs: number;
};

/** Sends bytes, leaves our end open, and waits until the server has closed the connection. */
export async function exchange(
  port: number,
  data: string | Uint8Array,
  withinMs = 12 * SECOND,
): Promise<Exchange> {
  const began = performance.now();
  const connection = await RawConnection.open(port);
  try {
    connection.write(data);
    await within(
      `the server closes the connection; so far ${JSON.stringify(connection.received)}`,
      connection.closed,
      withinMs,
    );
    return { answers: parseAnswers(connection.received), tookMs: performance.now() - began };
  } finally {
    connection.destroy();
  }
}

export function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  while (rest.length > 0) {
    const end = rest.indexOf("\r\n\r\n");
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(rest);
    if (end < 0 || status === null) throw new Error(`Not an HTTP response: ${JSON.stringify(rest)}`);
    const headers = Object.fromEntries(
      rest
        .slice(0, end)
        .split("\r\n")
        .slice(1)
        .map((line) => [
          line.slice(0, line.indexOf(":")).toLowerCase(),
          line.slice(line.indexOf(":") + 1).trim(),
        ]),
    );
    const length = Number(headers["content-length"] ?? rest.length - end - 4);
    answers.push({ status: Number(status[1]), headers, body: rest.slice(end + 4, end + 4 + length) });
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}
