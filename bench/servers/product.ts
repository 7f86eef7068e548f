// The product as it is used: operations with a schema on SQLite, in the flows that are measured. The bench copies
// this file, as JavaScript, beside an installed build of `spillway`: `product.js FOLDER [RETENTION [statements]]`,
// with the last word counting them.
import { operation, spillway, table } from "spillway";
import { serve } from "spillway/node";
import { sqlite } from "spillway/sqlite";
import * as z from "zod";
import { countCommit, countRun, countStatements, instrument } from "./instrument.ts";

const Order = z.object({
  sku: z.string().min(1).max(64),
  quantity: z.int().min(1).max(1000),
  customer: z.string().max(200),
  note: z.string().max(200),
});
type Order = z.output<typeof Order>;
const StoredOrder = Order.extend({ orderId: z.string() });
const orders = table("orders", { schema: StoredOrder, key: "orderId" });

/** Jobs at once. A job ends when its outcome is on disk, so fewer would wait for the disk, not for the product. */
const limits = { concurrency: 2_048 };

const noop = operation({ name: "noop", input: Order, flow: "event", limits }, () => {
  countRun();
  return { ok: true };
});

type Writing = Parameters<Parameters<typeof operation<typeof Order>>[1]>[1];

function store(order: Order, { id, write }: Writing) {
  write(orders).insert({ ...order, orderId: id });
  countRun();
  return { orderId: id };
}

const writeAtOnce = operation({ name: "write-request", input: Order, flow: "request", limits }, store);
const writeQueued = operation({ name: "write-event", input: Order, flow: "event", limits }, store);

/** Only what is counted is touched: the method is replaced on the object, so nothing else of it becomes slower. */
function counted(source: ReturnType<typeof sqlite>): ReturnType<typeof sqlite> {
  return {
    ...source,
    async open(host) {
      const engine = await source.open(host);
      const commit = engine.commit;
      const counting: typeof commit = (...args) => {
        countCommit();
        return commit.apply(engine, args);
      };
      return Object.defineProperty(engine, "commit", { value: counting });
    },
  };
}

const [folder, succeeded = "24h", counts] = process.argv.slice(2) as [string?, `${number}m`?, string?];
if (folder === undefined) throw new Error("product.js needs a folder for its data.");
if (counts === "statements") countStatements();
const app = spillway({
  operations: [noop, writeAtOnce, writeQueued],
  engine: counted(sqlite(folder, { retention: { succeeded } })),
});
const { port } = await serve(app, { port: 0, host: "127.0.0.1", drain: { delay: "1ms" }, log: () => {} });
instrument(port);
