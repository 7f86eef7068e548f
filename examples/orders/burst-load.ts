/**
 * The load of one burst: so many calls a second whether or not the answers keep up, to the operations in turn. Ends
 * when every call has its answer, and with the server that started it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Client, NoAnswer } from "./client.ts";

const CONNECTIONS = 500;
const ORDER = { sku: "lamp", quantity: 1, customer: "Ada Lovelace" };

const [url = "", count = "", rate = "", ...operations] = process.argv.slice(2);
const calls = Number(count);
const perMs = Number(rate) / 1_000;

// However the server ends, by a crash too, this channel to it does.
process.once("disconnect", () => process.exit());

const client = new Client([url], CONNECTIONS, undefined);
const started = performance.now();
const answers: Promise<void>[] = [];
while (answers.length < calls) {
  const due = Math.min(calls, Math.ceil((performance.now() - started) * perMs));
  while (answers.length < due) answers.push(call(operations[answers.length % operations.length] ?? ""));
  await sleep(5);
}
await Promise.all(answers);
process.disconnect?.();

/** What became of it is the server's figures to tell. */
async function call(operation: string): Promise<void> {
  try {
    await client.call(operation, ORDER);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
  }
}
