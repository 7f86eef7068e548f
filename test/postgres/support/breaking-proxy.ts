/**
 * A TCP proxy before PostgreSQL that can lose one COMMIT, or its answer: of the first connection on which a marked text
 * was seen. All other connections are left alone. It can also be away for a while, hold back what has a marked text, and
 * end connections in the packet that welcomes them.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

/** The last bytes of a welcome: ready for a query, in no transaction. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
const GOODBYE = "SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0";

export type Loss = "the commit" | "its answer";

export class BreakingProxy {
  readonly #server: Server;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #armed: { readonly marked: string; readonly loss: Loss } | undefined;
  #awaited: { readonly marked: string; readonly held: (release: () => void) => void } | undefined;
  #port = 0;
  /** Commits or answers that were lost. */
  lost = 0;
  onLost: (() => void) | undefined;
  /** Whether whoever connects is sent away in the packet that tells him he is ready. */
  sendsAway = false;
  /** Connections that were. */
  sentAway = 0;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((client) => this.#serve(client));
  }

  static async start(url: string): Promise<BreakingProxy> {
    const proxy = new BreakingProxy(new URL(url));
    await proxy.#listen();
    const address = proxy.#server.address();
    proxy.#port = typeof address === "object" && address ? address.port : 0;
    return proxy;
  }

  #listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.#port, "127.0.0.1", resolve));
  }

  get url(): string {
    const url = new URL(this.#target);
    url.port = String(this.#port);
    return url.href;
  }

  lose(loss: Loss, marked: string): void {
    this.#armed = { loss, marked };
  }

  /** Resolves when what has this text has come; it goes on, with what comes after it, when it is released. */
  hold(marked: string): Promise<() => void> {
    return new Promise((held) => {
      this.#awaited = { marked, held };
    });
  }

  /** Refuses whoever connects, and ends all connections. */
  away(): void {
    this.close();
  }

  back(): Promise<void> {
    return this.#listen();
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
      client.destroySoon();
      server.destroy();
    };
    const lose = () => {
      end();
      this.lost++;
      this.onLost?.();
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
        if (loss === "the commit") return lose();
        dropsAnswer = true;
      }
      if (this.#awaited && text.includes(this.#awaited.marked)) {
        client.pause();
        this.#awaited.held(() => {
          server.write(bytes);
          client.resume();
        });
        this.#awaited = undefined;
      } else server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      if (dropsAnswer) return lose();
      if (!this.sendsAway || !bytes.subarray(-READY.length).equals(READY)) return void client.write(bytes);
      this.sentAway++;
      server.destroy();
      client.end(Buffer.concat([bytes, goodbye()]));
    });
  }
}

function goodbye(): Buffer {
  const head = Buffer.from("E\0\0\0\0");
  head.writeUInt32BE(4 + GOODBYE.length, 1);
  return Buffer.concat([head, Buffer.from(GOODBYE)]);
}
