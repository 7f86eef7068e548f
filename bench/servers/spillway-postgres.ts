// Spillway on PostgreSQL, one node: `spillway-postgres.js front|worker PORT [RETENTION]`. A front is a gateway and runs
// nothing; a worker begins when it is told to. The bench copies this file, as JavaScript, beside an installed build.
import { setTimeout as sleep } from "node:timers/promises";
import { operation, spillway } from "spillway";
import { serve } from "spillway/node";
import { postgres } from "spillway/postgres";
import * as z from "zod";
import { countHandled, countRun, instrument } from "./instrument.ts";

const Order = z.object({
  sku: z.string().min(1).max(64),
  quantity: z.int().min(1).max(1000),
  customer: z.string().max(200),
  note: z.string().max(200),
});

/** Of the operation on all nodes together: more than either of them comes to. */
const limits = { concurrency: 2_048 };
const noop = operation({ name: "noop", input: Order, flow: "event", limits }, ({ note }) => {
  countHandled(note);
  countRun();
  return { ok: true };
});

const HANDLER_MS = 20;
/** What a node has of something of its own, such as its connections to a service. */
const PER_NODE = 32;
let free = PER_NODE;
const waiting: (() => void)[] = [];

/** Bound by its node: with as many nodes there are as many times 32 of what a job needs for 20 ms. */
const slow = operation(
  { name: "slow", input: Order, flow: "event", limits: { concurrency: 512 } },
  async () => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    await sleep(HANDLER_MS);
    countRun();
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
    return { ok: true };
  },
);

const [role, port, succeeded = "24h"] = process.argv.slice(2) as [string?, string?, `${number}m`?];
const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
const start = (as: "gateway" | "worker") =>
  serve(spillway({ operations: [noop, slow], engine: postgres(url, { retention: { succeeded } }) }), {
    role: as,
    port: 0,
    host: "127.0.0.1",
    drain: { delay: "1ms" },
    log: () => {},
  });

const BATCH = 1_000;
const AT_ONCE = 4;
const order = JSON.stringify({
  sku: "lamp-with-green-shade",
  quantity: 2,
  customer: "Ada Lovelace, 12 St James's Square, London",
  note: "Leave it with the neighbour on the left if nobody opens the door by noon, and ring twice.",
});

async function preload(at: number, name: string, total: number): Promise<void> {
  let left = total;
  const post = async (): Promise<void> => {
    while (left > 0) {
      const count = Math.min(left, BATCH);
      left -= count;
      const answer = await fetch(`http://127.0.0.1:${at}/operations/${name}/batch`, {
        method: "POST",
        body: `[${Array.from({ length: count }, () => order).join(",")}]`,
        headers: { "content-type": "application/json" },
      });
      await answer.arrayBuffer();
      if (answer.status !== 202) throw new Error(`The batch route answered ${answer.status}.`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, post));
}

if (role === "front") {
  const { port: at } = await start("gateway");
  instrument(at, {
    preload: (total) => preload(at, "noop", total),
    "preload-slow": (total) => preload(at, "slow", total),
  });
} else {
  let worker: Awaited<ReturnType<typeof start>> | undefined;
  instrument(0, {
    async work() {
      worker = await start("worker");
    },
    async rest() {
      await worker?.close();
    },
  });
}
