/**
 * A deployment that fails every order, mended by the next one, and an operator's redrive of what it left: jobs that
 * were dead come to their end, each once.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Stage } from "../stage.ts";
import { type Client, eachOf } from "./client.ts";
import { isFinal, type Receipt } from "./ledger.ts";

const COUNT = 10;
const END_MS = 60_000;

export type Redriven = {
  readonly asked: number;
  readonly counted: number;
  readonly succeeded: number;
};

export async function redriveOf(stage: Stage, client: Client, tag: string): Promise<Redriven> {
  await redeploy(stage, { ORDERS_FAIL_RATE: "1" });
  const ids: string[] = [];
  await eachOf(
    Array.from({ length: COUNT }, (_, index) => index),
    COUNT,
    async (index) => {
      const input = { sku: "lamp", quantity: 1, customer: `${tag}-${index}` };
      const answer = await client.call("place-order-event", input);
      if (answer?.status === 202) ids.push((answer.body as Receipt).id);
    },
  );
  const dead = await endsOf(client, ids, "failed");
  await redeploy(stage, { ORDERS_FAIL_RATE: "0" });
  const { count } = await client.administer<{ count: number }>("/admin/jobs/redrive", {
    method: "POST",
    body: { ids: dead },
  });
  const succeeded = await endsOf(client, dead, "succeeded");
  return { asked: COUNT, counted: count, succeeded: succeeded.length };
}

/** Functions of a new deployment are new processes. */
async function redeploy(stage: Stage, environment: Readonly<Record<string, string>>): Promise<void> {
  await Promise.all([...stage.functions.values()].map((one) => one.replace(environment)));
}

async function endsOf(
  client: Client,
  ids: readonly string[],
  wanted: Receipt["status"],
): Promise<readonly string[]> {
  const until = performance.now() + END_MS;
  const ended: string[] = [];
  await eachOf(ids, 4, async (id) => {
    while (performance.now() < until) {
      const answer = await client.send(`/receipts/${id}`);
      const receipt = answer?.status === 200 ? (answer.body as Receipt) : undefined;
      if (receipt !== undefined && isFinal(receipt) && receipt.status === wanted) {
        ended.push(id);
        return;
      }
      await sleep(300);
    }
  });
  return ended;
}
