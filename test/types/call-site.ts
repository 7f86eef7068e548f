// The call site, as the compiler sees it: what must be inferred, and what must not compile. Only type-checked.

import type { Client, PoolClient } from "pg";
import { type Operation, operation, resource, type Spec, spec, spillway, table } from "spillway";
import { memory } from "spillway/memory";
import { postgres } from "spillway/postgres";
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

type Seat = { readonly id: string; readonly taken: boolean };
const wrapped = <I, C, R>(handler: (input: I, context: C) => R) => handler;

operation({ name: "statements", input: Order }, async ({ orderId }, { write }) => {
  write.sql("UPDATE seats SET taken = true WHERE id = $1", [orderId], { expect: 1 });
  write.sql("DELETE FROM seats WHERE id = $1", [orderId], { expect: { atLeast: 1 } });
  write.sql("SELECT 1");
  // @ts-expect-error an object is passed as JSON text
  write.sql("SELECT $1", [{ orderId }]);
  // @ts-expect-error a number of rows, or at least one
  write.sql("SELECT 1", [], { expect: "one" });
});

const seating = operation(
  { name: "seating", input: Order, output: Order, sql: true },
  async (order, { sql, write }) => {
    const [seat] = await sql<Seat>("SELECT id, taken FROM seats WHERE id = $1 FOR UPDATE", [order.orderId]);
    const taken: boolean | undefined = seat?.taken;
    const { count } = await sql("UPDATE seats SET taken = $1", [!taken]);
    write.sql("UPDATE figures SET seats = $1", [count]);
    // @ts-expect-error a row has what its type says
    seat?.name;
    return order;
  },
);
operation(
  { name: "wrapped-plain", input: Order, upgrade: (input, from) => [input, from] },
  wrapped(async ({ quantity }, { id, write }) => [quantity.toFixed(), id, write]),
);
operation(
  { name: "wrapped-sql", input: Order, sql: true, upgrade: (input, from) => [input, from] },
  wrapped(async ({ quantity }, { id, sql }) => [quantity.toFixed(), id, await sql("SELECT 1")]),
);
const sqlSpec = spec({ name: "sql-spec", input: Order, sql: true });
operation(sqlSpec, (_order, { sql }) => sql("SELECT 1"));
const plainSpec: Spec<typeof Order> = spec({ name: "plain-spec", input: Order });
operation(plainSpec, ({ orderId }, { send }) => send(receiver, { orderId }));
const namedSqlSpec: Spec<typeof Order, undefined, true> = sqlSpec;
operation(plainSpec, (order, { send }) => send(namedSqlSpec, order));

// @ts-expect-error only who declares sql: true has it
operation({ name: "no-sql", input: Order }, (_order, { sql }) => sql);
// @ts-expect-error only who declares sql: true has it
operation(receiver, (_order, { sql }) => sql);
// @ts-expect-error it is declared or it is not
operation({ name: "perhaps-sql", input: Order, sql: "yes" }, () => null);

spillway({ operations: [seating], engine: memory() });

const store = postgres("postgres://127.0.0.1/app");
spillway({ operations: [seating], engine: store });

export async function enqueue(client: Client, pooled: PoolClient): Promise<readonly string[]> {
  const one = await store.enqueueIn(
    client,
    receiver,
    { orderId: "1" },
    { key: "k", delay: "1m", principal: "ann" },
  );
  const two = await store.enqueueIn(pooled, inputOnly, {});
  const other = { query: async (_text: string, _values?: unknown[]) => ({ rows: [{ secret: "" }] }) };
  const three = await store.enqueueIn(other, seating, { orderId: "1", quantity: 1 });
  // @ts-expect-error what is queued has the receiver's shape
  await store.enqueueIn(client, receiver, { order: 1 });
  // @ts-expect-error a transaction is something with a query
  await store.enqueueIn({}, receiver, { orderId: "1" });
  // @ts-expect-error a duration has a unit
  await store.enqueueIn(client, receiver, { orderId: "1" }, { delay: "10" });
  return [one.id, two.id, three.id];
}
