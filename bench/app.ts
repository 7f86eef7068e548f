// The product as it is used: an event-driven operation with a schema, on SQLite, whose handler does nothing.
import { operation, spillway } from "spillway";
import { serve } from "spillway/node";
import { sqlite } from "spillway/sqlite";
import * as z from "zod";
import { countRun, instrument } from "./instrument.ts";

const Order = z.object({
  sku: z.string().min(1).max(64),
  quantity: z.int().min(1).max(1000),
  customer: z.string().max(200),
  note: z.string().max(200),
});

/** Jobs at once. A job ends when its outcome is on disk, so fewer would wait for the disk, not for the product. */
const concurrency = 512;

const noop = operation({ name: "noop", input: Order, flow: "event", limits: { concurrency } }, () => {
  countRun();
  return { ok: true };
});

const folder = process.argv[2];
if (folder === undefined) throw new Error("bench/app.ts needs a folder for its data.");
const app = spillway({ operations: [noop], engine: sqlite(folder) });
const { port } = await serve(app, { port: 0, host: "127.0.0.1", drain: { delay: "1ms" }, log: () => {} });
instrument(port);
