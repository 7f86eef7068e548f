// Calls over one WebSocket at a fixed rate, each timed until its outcome is pushed: `node push.ts URL RATE SECONDS`,
// the URL that of the socket. Prints one line of JSON.
import { setTimeout as sleep } from "node:timers/promises";
import { order } from "./body.ts";
import { Histogram } from "./histogram.ts";

export type Pushed = { readonly count: number; readonly p50Ms: number; readonly p99Ms: number };

type Frame = {
  readonly type: string;
  readonly ref?: string;
  readonly receipt?: { readonly id: string; readonly status: string };
  readonly problem?: unknown;
};

const [url = "", rate = "", seconds = ""] = process.argv.slice(2);
const input = JSON.parse(order) as unknown;
const byRef = new Map<string, number>();
const byReceipt = new Map<string, number>();
const took = new Histogram();

const socket = new WebSocket(url, "spillway.v1");
socket.onmessage = ({ data }) => {
  const frame = JSON.parse(String(data)) as Frame;
  if (frame.type === "problem") throw new Error(`The server answered ${data}`);
  if (frame.receipt === undefined) return;
  const { id, status } = frame.receipt;
  if (frame.type === "receipt") byReceipt.set(id, byRef.get(frame.ref ?? "") ?? Number.NaN);
  const since = byReceipt.get(id);
  if (status !== "succeeded" || since === undefined) return;
  took.add(performance.now() - since);
  byReceipt.delete(id);
};
await new Promise((resolve, reject) => {
  socket.onopen = resolve;
  socket.onerror = reject;
});

const total = Number(rate) * Number(seconds);
const began = performance.now();
for (let made = 0; made < total; made++) {
  await sleep(Math.max(0, began + (made / Number(rate)) * 1_000 - performance.now()));
  byRef.set(String(made), performance.now());
  socket.send(JSON.stringify({ type: "call", operation: "noop", input, ref: String(made) }));
}
await sleep(1_000);
if (took.count < total) throw new Error(`${took.count} of ${total} outcomes were pushed.`);
const pushed: Pushed = { count: took.count, p50Ms: took.percentile(0.5), p99Ms: took.percentile(0.99) };
process.stdout.write(JSON.stringify(pushed), () => process.exit(0));
