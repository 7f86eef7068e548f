// A client that sends exactly the bytes it is given and reads replies one by one, so that a test sees how many there
// are and whether the connection was closed: what an HTTP library would hide.
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";

export type RawReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export class RawClient {
  readonly socket: Socket;
  #received = "";
  #wake: () => void = () => undefined;
  closed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.setEncoding("latin1");
    this.socket.on("data", (text: string) => {
      this.#received += text;
      this.#wake();
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  send(bytes: string): this {
    this.socket.write(bytes, "latin1");
    return this;
  }

  /** The next reply, whole. `toHead`: it has no body, whatever its headers say. */
  async reply(toHead = false): Promise<RawReply> {
    await this.until(() => this.#received.includes("\r\n\r\n"));
    const end = this.#received.indexOf("\r\n\r\n") + 4;
    const [first = "", ...lines] = this.#received.slice(0, end - 4).split("\r\n");
    const headers = Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(":")).toLowerCase(),
        line.slice(line.indexOf(":") + 2),
      ]),
    );
    const length = toHead ? 0 : Number(headers["content-length"] ?? 0);
    await this.until(() => this.#received.length >= end + length);
    const body = this.#received.slice(end, end + length);
    this.#received = this.#received.slice(end + length);
    return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]), headers, body };
  }

  /** What came and was not taken as a reply. */
  get rest(): string {
    return this.#received;
  }

  /** Nothing more came before the other side closed. */
  async isOver(): Promise<void> {
    await this.until(() => this.closed);
    assert.equal(this.#received, "", "nothing after the reply");
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      assert.ok(!this.closed, `closed after ${JSON.stringify(this.#received.slice(0, 500))}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (condition()) return;
    }
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Exactly one reply comes, a problem with this code, and the connection ends. */
export async function refused(client: RawClient, status: number, code: string): Promise<RawReply> {
  const reply = await client.reply();
  assert.equal(reply.status, status, reply.body);
  assert.equal(reply.headers["content-type"], "application/problem+json");
  assert.equal(JSON.parse(reply.body).code, code);
  assert.equal(reply.headers["connection"], "close");
  await client.isOver();
  return reply;
}
