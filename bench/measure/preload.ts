// Exactly so many queued jobs, by batches.
import { batchOf } from "../generators/body.ts";
import type { Product, Queue } from "./product.ts";

const BATCH = 1_000;
const SMALL_BATCH = 100;
const AT_ONCE = 4;

/** @param count a multiple of 1,000, or of 100 if it is small */
export async function preload(product: Product, queue: Queue, count: number): Promise<void> {
  const batch = count % BATCH === 0 ? BATCH : SMALL_BATCH;
  const body = batchOf(batch);
  const url = product.server.url(`/operations/${queue}/batch`);
  let left = count / batch;
  const post = async (): Promise<void> => {
    while (left > 0) {
      left--;
      const answer = await fetch(url, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      });
      await answer.arrayBuffer();
      if (answer.status !== 202) throw new Error(`The batch route answered ${answer.status}.`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, post));
}
