/**
 * A TCP proxy before PostgreSQL that can lose one COMMIT, or its answer: of the first connection on which a marked text
 * was seen. All other connections are left alone.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

export type Loss = "the commit" | "its answer";

export class BreakingProxy {
  readonly #server: Server;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #armed: { readonly marked: string; readonly loss: Loss } | undefined;
  /** Commits or answers that were lost. */
  lost = 0;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((client) => this.#serve(client));
  }

  static async start(url: string): Promise<BreakingProxy> {
    const proxy = new BreakingProxy(new URL(url));
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    const url = new URL(this.#target);
    url.port = String(typeof address === "object" && address ? address.port : 0);
    return url.href;
  }

  lose(loss: Loss, marked: string): void {
    this.#armed = { loss, marked };
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(client: Socket): void {
    const server = connect(Number(this.#target.port || 5432), this.#target.hostname);
    let isMarked = false;
    let dropsAnswer = false;
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", end).on("close", end);
    }
    client.on("data", (bytes) => {
      const text = bytes.toString("latin1");
      isMarked ||= this.#armed !== undefined && text.includes(this.#armed.marked);
      if (isMarked && this.#armed && text.includes("COMMIT\0")) {
        const { loss } = this.#armed;
        this.#armed = undefined;
        this.lost++;
        if (loss === "the commit") return end();
        dropsAnswer = true;
      }
      server.write(bytes);
    });
    server.on("data", (bytes) => (dropsAnswer ? end() : client.write(bytes)));
  }
}
