/**
 * A deployment that fails every order, mended by the next one, and an operator's redrive of what it left: jobs that
 * were dead come to their end, each once. They are judged with all others.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Stage } from "../stage.ts";
import { type Client, eachOf } from "./client.ts";
import { type Entry, hear, isFinal, type Ledger, type Receipt } from "./ledger.ts";

const COUNT = 10;
const END_MS = 60_000;

export type Redriven = { readonly asked: number; readonly counted: number; readonly succeeded: number };

export async function redriveOf(
  stage: Stage,
  client: Client,
  ledger: Ledger,
  run: string,
): Promise<Redriven> {
  await redeploy(stage, { ORDERS_FAIL_RATE: "1" });
  const entries = Array.from({ length: COUNT }, (_, index) =>
    ledger.begin({
      ...{ tag: `${run}-redriven-${index}`, flow: "place-order-event", poison: false, key: undefined },
      ...{ isDirect: false, follow: "status" },
    }),
  );
  await eachOf(entries, COUNT, async (entry) => {
    const body = { sku: "lamp", quantity: 1, customer: entry.tag };
    const answer = await client.send(`/operations/${entry.flow}`, { method: "POST", body });
    hear(entry, answer);
  });
  await ended(client, entries, "failed");
  await redeploy(stage, { ORDERS_FAIL_RATE: "0" });
  const ids = entries.flatMap(({ final }) => (final?.status === "failed" ? [final.id] : []));
  const { count } = await client.administer<{ count: number }>("/admin/jobs/redrive", {
    method: "POST",
    body: { ids },
  });
  await ended(client, entries, "succeeded");
  const succeeded = entries.filter(({ final }) => final?.status === "succeeded").length;
  return { asked: COUNT, counted: count, succeeded };
}

/** Of the functions that run jobs: those of a new deployment are new processes. */
async function redeploy({ pollers }: Stage, environment: Readonly<Record<string, string>>): Promise<void> {
  const fed = new Set(pollers.map(({ target }) => target));
  await Promise.all([...fed].map((one) => one.replace(environment)));
}

async function ended(client: Client, entries: readonly Entry[], wanted: Receipt["status"]): Promise<void> {
  const until = performance.now() + END_MS;
  await eachOf(entries, 4, async (entry) => {
    while (entry.receipt !== undefined && performance.now() < until) {
      const answer = await client.send(entry.path);
      const receipt = answer?.status === 200 ? (answer.body as Receipt) : undefined;
      if (receipt !== undefined && isFinal(receipt)) entry.final = receipt;
      if (entry.final?.status === wanted) return;
      await sleep(500);
    }
  });
}
