/** The orders example, as docs/wire.md §8 describes it: what a client may count on, and nothing of its insides. */
import assert from "node:assert/strict";
import type { Answer, Client, Headers } from "./client.ts";
import { answered, isFinal, type Problem, type Receipt } from "./judge.ts";
import { type Server, type StartOptions, startOrders } from "./server.ts";
import { eachOf, SECOND, times, until } from "./wait.ts";

export type Order = {
  readonly orderId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly placedAt: string;
  readonly customer?: string;
};

export type DatabaseState = {
  readonly capacity: number;
  readonly latencyMs: number;
  readonly failRate: number;
  readonly inUse: number;
  readonly peak: number;
  readonly throttled: number;
  readonly writes: number;
};

export type Flow = "place-order" | "place-order-request" | "place-order-event";

/** What became of many calls. */
export type Fates = {
  /** Orders that were answered at once. */
  readonly orders: readonly Order[];
  /** Ids of receipts that were handed out. */
  readonly receipts: readonly string[];
  /** Codes of problems. */
  readonly refusals: readonly string[];
};

export class Orders {
  readonly server: Server;
  readonly client: Client;

  constructor(server: Server) {
    this.server = server;
    this.client = server.client;
  }

  static async start(
    environment: Readonly<Record<string, string>> = {},
    more: StartOptions = {},
  ): Promise<Orders> {
    return new Orders(await startOrders({ ...more, environment }));
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  place(flow: Flow, input: unknown = { sku: "lamp", quantity: 1 }, headers: Headers = {}): Promise<Answer> {
    return this.client.call(flow, input, headers);
  }

  get(orderId: string): Promise<Answer> {
    return this.client.call("get-order", { orderId });
  }

  async database(change: Partial<DatabaseState> & { readonly reset?: boolean } = {}): Promise<DatabaseState> {
    return answered<DatabaseState>(await this.server.admin.call("database", change));
  }

  /** Calls in one burst over so many connections, each its own order. */
  async burst(flows: readonly Flow[], calls: number, connections = 200): Promise<Fates> {
    const client = this.client.wide(connections);
    const answers = await eachOf(times(calls), connections, (index) =>
      client.call(flows[index % flows.length] ?? "place-order", { sku: `sku-${index}`, quantity: 1 }),
    );
    client.close();
    return fatesOf(answers);
  }

  /** Waits until every receipt is final, and gives them. */
  async settled(receipts: readonly string[], withinMs = 90 * SECOND): Promise<readonly Receipt[]> {
    const client = this.client.wide(8);
    const end = performance.now() + withinMs;
    const final = await eachOf(receipts, 8, (id) =>
      until(
        `${id} is final`,
        async () => {
          const receipt = (await client.receipt(id)).as<Receipt>();
          return isFinal(receipt) && receipt;
        },
        Math.max(end - performance.now(), SECOND),
      ),
    );
    client.close();
    return final;
  }

  /** Each of these orders is there, as it was answered. */
  async allThere(orders: readonly Order[]): Promise<void> {
    const ids = orders.map(({ orderId }) => orderId);
    assert.equal(new Set(ids).size, ids.length, "no id twice");
    const client = this.client.wide(8);
    await eachOf(orders, 8, async (order) => {
      const found = await until("get-order has a slot", async () => {
        const answer = await client.call("get-order", { orderId: order.orderId });
        return answer.status !== 503 && answer;
      });
      assert.deepEqual(answered<Order>(found), order);
    });
    client.close();
  }
}

function fatesOf(answers: readonly Answer[]): Fates {
  const orders: Order[] = [];
  const receipts: string[] = [];
  const refusals: string[] = [];
  for (const answer of answers) {
    if (answer.status === 200) orders.push(answer.as<Order>());
    else if (answer.status === 202) receipts.push(answer.as<Receipt>().id);
    else {
      refusals.push(answer.as<Problem>().code);
      if (answer.status === 503) assert.ok(answer.headers["retry-after"], "Retry-After");
    }
  }
  return { orders, receipts, refusals };
}
