/**
 * Stands between a node and its database, and now and then cuts a connection at the worst moment: what was asked is
 * passed on, wholly or in part, and its answer is lost. The database learns of the cut at once, or only later, while
 * what was asked is still under way there.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { SeededRandom } from "../../support/seeded-random.ts";

/** Long enough that whoever asks again meets what was asked before. */
const LATER_MS = 300;

export class CuttingProxy {
  /** Of all that is sent to the database, how much is cut. */
  share = 0;
  cuts = 0;
  readonly #port: number;
  readonly #random: SeededRandom;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param port of the database */
  constructor(port: number, random: SeededRandom) {
    this.#port = port;
    this.#random = random;
    this.#server = createServer((client) => this.#join(client));
  }

  /** @returns its own port */
  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket): void {
    const database = connect(this.#port, "127.0.0.1");
    for (const socket of [client, database]) {
      this.#sockets.add(socket.setNoDelay(true));
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
    }
    let isCut = false;
    client.on("data", (chunk: Buffer) => {
      if (isCut) return;
      isCut = this.#random.chance(this.share);
      const isTorn = isCut && this.#random.chance(0.3);
      database.write(isTorn ? chunk.subarray(0, this.#random.integer(chunk.length)) : chunk);
      if (!isCut) return;
      this.cuts++;
      client.destroy();
      if (this.#random.chance(0.5)) database.end();
      else setTimeout(() => database.destroy(), LATER_MS);
    });
    database.on("data", (chunk: Buffer) => {
      if (!isCut) client.write(chunk);
    });
    client.on("end", () => {
      if (!isCut) database.end();
    });
    database.on("close", () => client.destroy());
  }
}
