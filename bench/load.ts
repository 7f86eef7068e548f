// A load generator, used where wrk is not there: `node bench/load.ts URL CONNECTIONS SECONDS BODY`. One request at a
// time on each connection, over bare sockets, as a full HTTP client would need more of the machine than the server.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Load } from "./generator.ts";

const [address = "", connections = "", seconds = "", body = ""] = process.argv.slice(2);
const { hostname, port, pathname } = new URL(address);
const request = Buffer.from(
  `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
);

/** Replies by how long they took, in steps of 10 µs. */
const STEP_MS = 0.01;
const histogram = new Uint32Array(1_000_000);
let replies = 0;
let failures = 0;
let measuring = true;

function run(): void {
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true).setEncoding("latin1");
  let sentAt = 0;
  let received = "";
  const send = (): void => {
    sentAt = performance.now();
    socket.write(request);
  };
  socket.on("connect", send);
  socket.on("error", () => failures++);
  socket.on("data", (chunk: string) => {
    received += chunk;
    const headEnd = received.indexOf("\r\n\r\n");
    if (headEnd < 0 || received.length < headEnd + 4 + contentLength(received)) return;
    if (received.startsWith("HTTP/1.1 2")) count(performance.now() - sentAt);
    else failures++;
    received = "";
    if (measuring) send();
    else socket.destroy();
  });
}

function count(tookMs: number): void {
  replies++;
  const step = Math.min(histogram.length - 1, Math.floor(tookMs / STEP_MS));
  histogram[step] = (histogram[step] ?? 0) + 1;
}

function contentLength(reply: string): number {
  return Number(/\r\ncontent-length: *(\d+)/i.exec(reply)?.[1] ?? 0);
}

function percentile(share: number): number {
  let left = replies * share;
  for (let step = 0; step < histogram.length; step++) {
    left -= histogram[step] ?? 0;
    if (left <= 0) return step * STEP_MS;
  }
  return histogram.length * STEP_MS;
}

const started = performance.now();
for (let i = 0; i < Number(connections); i++) run();
await sleep(Number(seconds) * 1_000);
measuring = false;
const took = (performance.now() - started) / 1_000;
const load: Load = { replies, seconds: took, failures, p50Ms: percentile(0.5), p99Ms: percentile(0.99) };
process.stdout.write(JSON.stringify(load), () => process.exit(0));
