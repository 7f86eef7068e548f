/**
 * A TCP proxy before PostgreSQL. A connection on which a marked text was asked hears nothing from then on and is not
 * ended, as where a network drops what it carries without a word.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export class SilentProxy {
  readonly #server: Server;
  readonly #target: URL;
  readonly #marked: string;
  readonly #sockets = new Set<Socket>();
  /** How often the marked text was asked. */
  asked = 0;

  private constructor(target: URL, marked: string) {
    this.#target = target;
    this.#marked = marked;
    this.#server = createServer((client) => this.#serve(client));
  }

  static async start(url: string, marked: string): Promise<SilentProxy> {
    const proxy = new SilentProxy(new URL(url), marked);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    const url = new URL(this.#target);
    url.port = String(typeof address === "object" && address ? address.port : 0);
    return url.href;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(client: Socket): void {
    const server = connect(Number(this.#target.port || 5432), this.#target.hostname);
    let isSilent = false;
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
    }
    client.on("close", () => server.destroy());
    client.on("data", (bytes) => {
      if (bytes.toString("latin1").includes(this.#marked)) {
        this.asked++;
        isSilent = true;
      }
      if (!isSilent) server.write(bytes);
    });
    server.on("data", (bytes) => client.write(bytes));
    server.on("close", () => client.destroy());
  }
}
