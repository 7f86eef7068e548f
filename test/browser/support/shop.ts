/** The orders example as an operator finds it: on a port of its own, with something to look at. */
import type { Answer } from "../../wire/support/client.ts";
import { answered, isFinal, type Receipt } from "../../wire/support/judge.ts";
import { type Server, startOrders } from "../../wire/support/server.ts";
import { eachOf, SECOND, times, until } from "../../wire/support/wait.ts";

export class Shop {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  get url(): string {
    return this.#server.url;
  }

  call(operation: string, input: unknown): Promise<Answer> {
    return this.#server.client.call(operation, input);
  }

  /** An order's receipt, once it is final. */
  async ended(input: { readonly sku: string; readonly customer?: string }): Promise<Receipt> {
    const { id } = (await this.call("place-order-event", { quantity: 1, ...input })).as<Receipt>();
    return until(
      `${id} ends`,
      async () => {
        const receipt = (await this.#server.client.receipt(id)).as<Receipt>();
        return isFinal(receipt) && receipt;
      },
      30 * SECOND,
    );
  }

  /** Ids of so many orders that failed to the end. */
  deadLetters(count: number): Promise<readonly string[]> {
    return eachOf(times(count), count, async () => (await this.ended({ sku: "POISON" })).id);
  }

  async burst(order: Readonly<Record<string, unknown>>): Promise<void> {
    answered(await this.call("burst", order));
  }

  async set(entry: string, change: Readonly<Record<string, unknown>>): Promise<void> {
    answered(await this.#server.client.send(`/admin/${entry}`, { method: "PATCH", body: change }));
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}

/** Whoever is on this machine may administer it, as with `npm start`. */
export async function startShop(): Promise<Shop> {
  return new Shop(await startOrders({ adminToken: null }));
}
