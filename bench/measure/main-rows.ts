// The rows of the main table, each measured once in every round, one after another: what is compared runs next to
// each other in time. A step leaves the product as it found it: nothing queued, the operation paused.
import type { Generator } from "../generators/generator.ts";
import type { Sample } from "../report/sample.ts";
import { versions } from "../versions.ts";
import { acceptAndRun } from "./accept-and-run.ts";
import { breathe, load } from "./load.ts";
import type { Product } from "./product.ts";
import type { Server } from "./server.ts";

export const floorRows = {
  fastify: `Fastify ${versions.fastify}, answers and stores nothing`,
  empty: "node:http, empty answer",
} as const;

export const productRows = {
  accept: "accept (202 when on disk)",
  keyed: "accept, a unique key each",
  drain: "drain of preloaded no-op jobs, jobs",
  write: "request-response with one write",
  run: "accept + run + outcome",
  batch: "batches of 1,000, jobs",
  draining: "accept while a full-speed drain runs",
} as const;

export type FloorRow = keyof typeof floorRows;
export type ProductRow = keyof typeof productRows;
export const isProductRow = (name: string): name is ProductRow => Object.hasOwn(productRows, name);

export type Setting = {
  readonly generator: Generator;
  readonly connections: number;
  readonly seconds: number;
};

const BATCH = 1_000;
/** A body of 1,000 inputs keeps a server busy for milliseconds: few connections are enough to never let it wait. */
const BATCH_CONNECTIONS = 4;
/** Enough jobs for the drain to go on for as long as calls are accepted beside it, twice over. */
const SPARE = 2;

export async function measureFloor(
  server: Server,
  { generator, connections, seconds }: Setting,
): Promise<Sample> {
  await breathe();
  return (await load(server, generator, { path: "/operations/noop", connections, seconds })).sample;
}

/**
 * One round of the product, in an order in which each row uses what the ones before it left: the drain runs what was
 * accepted, and the batches are the backlog of the drain beside which calls are accepted.
 */
export async function measureProduct(
  product: Product,
  rows: readonly ProductRow[],
  setting: Setting,
): Promise<Partial<Record<ProductRow, Sample>>> {
  const { server } = product;
  const { generator, connections, seconds } = setting;
  const found: Partial<Record<ProductRow, Sample>> = {};
  const wanted = (row: ProductRow) => rows.includes(row);
  const calls = (path: string, keyed = false) =>
    load(server, generator, { path: `/operations/${path}`, connections, seconds, keyed });
  let accepted = 0;
  if (wanted("accept") || wanted("drain") || wanted("draining")) {
    await breathe();
    const { sample, replies } = await calls("noop");
    found.accept = sample;
    accepted += replies;
  }
  if (wanted("keyed")) {
    await breathe();
    const { sample, replies } = await calls("noop", true);
    found.keyed = sample;
    accepted += replies;
  }
  // The generator cuts its connections at the end: what they had just sent may have been accepted unseen.
  const unseen = 2 * connections;
  if (accepted > 0)
    found.drain = await product.drain("noop", { atLeast: accepted, atMost: accepted + unseen });
  if (wanted("write")) {
    await breathe();
    found.write = (await calls("write-request")).sample;
  }
  if (wanted("run")) {
    await breathe();
    found.run = await acceptAndRun(product, "noop", setting);
  }
  if (wanted("batch")) {
    await breathe();
    found.batch = await batches(product, setting);
  }
  if (wanted("draining")) found.draining = await acceptWhileDraining(product, setting, found.drain);
  await product.pause("noop", false);
  await product.settled("noop");
  await product.pause("noop", true);
  return Object.fromEntries(Object.entries(found).filter(([row]) => wanted(row as ProductRow)));
}

async function batches({ server }: Product, { generator, seconds }: Setting): Promise<Sample> {
  const path = "/operations/noop/batch";
  return (await load(server, generator, { path, connections: BATCH_CONNECTIONS, seconds, batch: BATCH }))
    .sample;
}

/**
 * Rate and latency alone: the server's CPU and its commits are the drain's too.
 * @throws if the backlog ended before the load did: the calls would have been accepted beside nothing.
 */
async function acceptWhileDraining(
  product: Product,
  setting: Setting,
  drained: Sample | undefined,
): Promise<Sample> {
  const enough = (drained?.perSecond ?? 0) * setting.seconds * SPARE;
  while ((await product.queued("noop")) < enough) await batches(product, { ...setting, seconds: 1 });
  await breathe();
  const { generator, connections, seconds } = setting;
  await product.pause("noop", false);
  const { sample } = await load(product.server, generator, {
    path: "/operations/noop",
    connections,
    seconds,
  });
  const left = await product.queued("noop");
  if (left < connections * 8)
    throw new Error(`The drain ended before the load beside it: ${left} jobs left.`);
  const { perSecond, p50Ms = Number.NaN, p99Ms = Number.NaN, rssMiB = Number.NaN } = sample;
  return { perSecond, p50Ms, p99Ms, rssMiB };
}
