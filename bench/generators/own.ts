// A load generator, used where wrk is not there: `node bench/generators/own.ts URL WORK`, the work as JSON. One
// request at a time on each connection, over bare sockets, as a full HTTP client would need more of the machine than
// the server.
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { bodyOf } from "./body.ts";
import type { Load, Work } from "./generator.ts";
import { Histogram } from "./histogram.ts";
import { replyLength, requestHead } from "./http.ts";

const [address = "", work = ""] = process.argv.slice(2);
const { path, connections, seconds, keyed = false, batch }: Work = JSON.parse(work);
const { hostname, port } = new URL(address);
const body = bodyOf(batch);
const head = requestHead(hostname, port, path, body) + (keyed ? "Idempotency-Key: {key}\r\n" : "");
const [before = "", after] = `${head}\r\n${body}`.split("{key}");
const next = after === undefined ? () => before : () => before + randomUUID() + after;

const took = new Histogram();
let failures = 0;
let measuring = true;

function run(): void {
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true).setEncoding("latin1");
  let sentAt = 0;
  let received = "";
  const send = (): void => {
    sentAt = performance.now();
    socket.write(next(), "latin1");
  };
  socket.on("connect", send);
  socket.on("error", () => failures++);
  socket.on("data", (chunk: string) => {
    received += chunk;
    const length = replyLength(received);
    if (length === undefined || received.length < length) return;
    if (received.startsWith("HTTP/1.1 2")) took.add(performance.now() - sentAt);
    else failures++;
    received = "";
    if (measuring) send();
    else socket.destroy();
  });
}

const started = performance.now();
for (let i = 0; i < connections; i++) run();
await sleep(seconds * 1_000);
measuring = false;
const load: Load = {
  replies: took.count,
  seconds: (performance.now() - started) / 1_000,
  failures,
  p50Ms: took.percentile(0.5),
  p99Ms: took.percentile(0.99),
};
process.stdout.write(JSON.stringify(load), () => process.exit(0));
