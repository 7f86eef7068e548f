// The call site, as the compiler sees it: what must be inferred, and what must not compile. Only type-checked.
import { type Operation, operation, resource, spec, spillway, table } from "spillway";
import { memory } from "spillway/memory";
import * as z from "zod";

const Order = z.object({ orderId: z.string(), quantity: z.int() });
const orders = table("orders", { schema: Order, key: "orderId" });

const inputOnly = operation(
  { name: "input-only", input: z.object({ n: z.number().default(1) }) },
  (input) => {
    const n: number = input.n;
    return n;
  },
);

const receiver = spec({ name: "receiver", input: z.object({ orderId: z.string() }), flow: "event" });

operation(
  { name: "effects", input: Order, output: Order, limits: resource("db", { concurrency: 1 }) },
  async (order, context) => {
    const found = await context.read(orders).get(order.orderId);
    const quantity: number | undefined = found?.value.quantity;
    context.write(orders).insert({ ...order, quantity: quantity ?? 0 });
    context.write(orders).add(order.orderId, { quantity: 1 });
    context.send(receiver, { orderId: order.orderId });
    context.send(inputOnly, {});

    // @ts-expect-error a row needs all of its members
    context.write(orders).insert({ orderId: "1" });
    // @ts-expect-error what is added is a number
    context.write(orders).add("1", { quantity: "1" });
    // @ts-expect-error what is sent has the receiver's shape
    context.send(receiver, { order: 1 });
    return order;
  },
);

// @ts-expect-error an output schema binds the handler
operation({ name: "wrong-output", input: Order, output: Order }, () => ({ orderId: 1 }));
// @ts-expect-error a key is a member that holds text
table("wrong-key", { schema: Order, key: "quantity" });
// @ts-expect-error there are three flows
operation({ name: "wrong-flow", input: Order, flow: "sometimes" }, () => null);
// @ts-expect-error a duration has a unit
operation({ name: "wrong-timeout", input: Order, timeout: "10" }, () => null);
// @ts-expect-error a limit is a number
operation({ name: "wrong-limit", input: Order, limits: { concurrency: "10" } }, () => null);

const fromSpec: Operation = operation(receiver, ({ orderId }) => orderId.length);

spillway({ operations: [inputOnly, fromSpec], engine: memory() });
