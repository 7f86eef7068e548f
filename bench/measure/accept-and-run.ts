// The whole path of a job under load: accepted, run, its outcome kept.
import type { Generator } from "../generators/generator.ts";
import type { Sample } from "../report/sample.ts";
import { load, usedBetween } from "./load.ts";
import type { Product, Queue } from "./product.ts";

export type Accepting = {
  readonly generator: Generator;
  readonly connections: number;
  readonly seconds: number;
};

/** Timed from the first call until the last job has run, CPU until every outcome is on disk. Leaves the queue paused. */
export async function acceptAndRun(
  product: Product,
  queue: Queue,
  { generator, connections, seconds }: Accepting,
): Promise<Sample> {
  await product.pause(queue, false);
  const before = await product.server.usage();
  const began = Date.now();
  const path = `/operations/${queue}`;
  const { sample, replies } = await load(product.server, generator, { path, connections, seconds });
  await product.settled(queue);
  const after = await product.server.usage();
  await product.pause(queue, true);
  const ran = after.ran - before.ran;
  if (ran < replies) throw new Error(`${ran} jobs ran, but ${replies} were accepted.`);
  const { p50Ms = Number.NaN, p99Ms = Number.NaN } = sample;
  return {
    perSecond: ran / ((after.lastRanAt - began) / 1_000),
    ...usedBetween(before, after, ran),
    p50Ms,
    p99Ms,
  };
}
