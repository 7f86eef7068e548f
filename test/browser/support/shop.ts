/** The orders example as an operator finds it: on a port of its own, with something to look at. */
import { rmSync } from "node:fs";
import type { Answer } from "../../wire/support/client.ts";
import { accepted, answered, isFinal, type Receipt } from "../../wire/support/judge.ts";
import type { DatabaseState } from "../../wire/support/orders.ts";
import { newFolder, type Server, startOrders } from "../../wire/support/server.ts";
import { eachOf, SECOND, times, until } from "../../wire/support/wait.ts";

type NewOrder = { readonly sku: string; readonly quantity?: number; readonly customer?: string };

type Entry = {
  readonly name: string;
  readonly queued: number;
  readonly concurrency: number | null;
  readonly totals: { readonly refused: number };
};

const ORDERS = /^place-order/;

export class Shop {
  #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Without a token whoever is on this machine may administer it, as with `npm start`. */
  static async start(adminToken: string | null = null): Promise<Shop> {
    return new Shop(await startOrders({ adminToken, folder: newFolder() }));
  }

  /** Of a page of its console. */
  page(path: string): string {
    return `${this.#server.url}/console/${path}`;
  }

  call(operation: string, input: unknown): Promise<Answer> {
    return this.#server.client.call(operation, input);
  }

  /** The id of an order that was given a receipt. */
  async accepted(order: NewOrder): Promise<string> {
    return accepted(await this.call("place-order-event", { quantity: 1, ...order })).id;
  }

  /** An order's receipt, once it is final. */
  async ended(order: NewOrder): Promise<Receipt> {
    const id = await this.accepted(order);
    return until(`${id} ends`, () => this.#final(id), 30 * SECOND);
  }

  /** Ids of so many orders that failed to the end. */
  deadLetters(count: number): Promise<readonly string[]> {
    return eachOf(times(count), count, async () => (await this.ended({ sku: "POISON" })).id);
  }

  async burst(order: Readonly<Record<string, unknown>>): Promise<void> {
    answered(await this.call("burst", order));
  }

  async database(change: Partial<DatabaseState>): Promise<DatabaseState> {
    return answered<DatabaseState>(await this.call("database", change));
  }

  /** How many calls of each operation were refused since the server started. */
  async refused(): Promise<ReadonlyMap<string, number>> {
    return new Map((await this.#entries("operations")).map(({ name, totals }) => [name, totals.refused]));
  }

  /** How many may use a resource at once. */
  async concurrency(resource: string): Promise<number | null | undefined> {
    return (await this.#entries("resources")).find(({ name }) => name === resource)?.concurrency;
  }

  /** Waits until no order is queued any more. */
  async drained(): Promise<void> {
    await until(
      "no order is queued",
      async () =>
        (await this.#entries("operations")).every(({ name, queued }) => !ORDERS.test(name) || queued === 0),
      60 * SECOND,
    );
  }

  async set(entry: string, change: Readonly<Record<string, unknown>>): Promise<void> {
    answered(await this.#server.client.send(`/admin/${entry}`, { method: "PATCH", body: change }));
  }

  async kill(): Promise<void> {
    await this.#server.stop();
  }

  /** Again, where it was and with what it had. */
  async again(): Promise<void> {
    const { port, folder } = this.#server;
    this.#server = await startOrders({ adminToken: null, port, folder });
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    rmSync(this.#server.folder, { recursive: true, force: true });
  }

  async #entries(kind: "operations" | "resources"): Promise<readonly Entry[]> {
    const answer = await this.#server.client.get(`/admin/${kind}`);
    return answered<{ readonly items: readonly Entry[] }>(answer).items;
  }

  async #final(id: string): Promise<Receipt | false> {
    const receipt = (await this.#server.client.receipt(id)).as<Receipt>();
    return isFinal(receipt) && receipt;
  }
}
