/**
 * Orders: one handler, served in all three flows behind one gate, so that they can be compared. Exports `app`, and
 * `bursts` for whoever serves it; starts nothing.
 */

import type { Context } from "spillway";
import { operation, ProblemError, resource, spillway, table } from "spillway";
import * as z from "zod";
import { BurstOrder, Bursts } from "./burst-control.ts";
import { databaseOf } from "./database.ts";
import { engineOf } from "./engine.ts";
import { settings } from "./settings.ts";

const NewOrder = z.object({
  sku: z.string().min(1).max(64),
  quantity: z.int().min(1).max(1000),
  customer: z.string().max(200).optional(),
});
const Order = z.object({ orderId: z.string(), sku: z.string(), quantity: z.int(), placedAt: z.string() });
const StoredOrder = Order.extend({ customer: z.string().optional() });

const orders = table("orders", { schema: StoredOrder, key: "orderId" });
const ordersDb = resource("orders-db", { concurrency: settings.gate });
const database = await databaseOf(settings);

const sendConfirmation = operation(
  { name: "send-confirmation", input: z.object({ orderId: z.string() }), flow: "event", access: "internal" },
  ({ orderId }, { id }) => ({ orderId, messageId: id }),
);

async function place(input: z.output<typeof NewOrder>, { id, now, write, send }: Context) {
  await database.charge(input.sku);
  const { sku, quantity, customer } = input;
  const order = { orderId: id, sku, quantity, placedAt: now.toISOString() };
  write(orders).insert(customer === undefined ? order : { ...order, customer });
  send(sendConfirmation, { orderId: id });
  return order;
}

const common = { input: NewOrder, output: Order, limits: ordersDb } as const;
const placeOrder = operation({ ...common, name: "place-order", flow: "spill", route: "/orders" }, place);
const placeOrderRequest = operation({ ...common, name: "place-order-request", flow: "request" }, place);
const placeOrderEvent = operation({ ...common, name: "place-order-event", flow: "event" }, place);

const getOrder = operation(
  {
    name: "get-order",
    input: z.object({ orderId: z.string().min(1).max(100) }),
    output: StoredOrder,
    flow: "request",
  },
  async ({ orderId }, { read }) => {
    const found = await read(orders).get(orderId);
    if (found) return found.value;
    throw new ProblemError({ status: 404, code: "unknown-order", title: "No such order" });
  },
);

const databaseControl = operation(
  {
    name: "database",
    flow: "request",
    access: "admin",
    input: z.strictObject({
      capacity: z.int().min(1).max(100_000).optional(),
      latencyMs: z.int().min(0).max(60_000).optional(),
      failRate: z.number().min(0).max(1).optional(),
      reset: z.boolean().optional(),
    }),
  },
  async ({ reset, ...changes }) => {
    await database.change(
      Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
    );
    if (reset) await database.reset();
    return database.state();
  },
);

export const bursts = new Bursts();

const burst = operation({ name: "burst", flow: "request", access: "admin", input: BurstOrder }, (order) =>
  order.stop ? bursts.stop() : bursts.start(order),
);

export const app = spillway({
  operations: [
    placeOrder,
    placeOrderRequest,
    placeOrderEvent,
    getOrder,
    sendConfirmation,
    databaseControl,
    burst,
  ],
  engine: await engineOf(settings),
});
