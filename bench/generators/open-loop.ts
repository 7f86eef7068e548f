// Calls at a fixed rate, whether or not the earlier ones have been answered: `node open-loop.ts PLAN`, the plan as
// JSON. Prints a line of JSON for each window.
//
// A call that finds no free connection waits for one, and its wait counts: time is taken from when it was due. Where
// a connection is free it is taken from when it is sent, which is after it was due by as much as this process's
// timer is late; that is no fault of the server.
import { connect, type Socket } from "node:net";
import { order, stampedOrder } from "./body.ts";
import { Histogram } from "./histogram.ts";
import { replyLength, requestHead } from "./http.ts";

export type OpenPlan = {
  readonly url: string;
  readonly perSecond: number;
  readonly seconds: number;
  readonly connections: number;
  readonly windowSeconds: number;
  /** Each call says in its note when it was sent, for whoever handles it in another process. */
  readonly stamped?: boolean;
};

export type Window = {
  readonly replies: number;
  readonly failures: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Calls that were due and had no connection when the window ended. */
  readonly waiting: number;
};

const TICK_MS = 1;
/** Further behind than this the server cannot keep the rate, and what waits says nothing more. */
const MOST_WAITING_SECONDS = 5;

const plan: OpenPlan = JSON.parse(process.argv[2] ?? "");
const { hostname, port, pathname } = new URL(plan.url);
const requestOf = (body: string) => `${requestHead(hostname, port, pathname, body)}\r\n${body}`;
const request = requestOf(order);

const idle: Caller[] = [];
const due: number[] = [];
let firstDue = 0;
const took = new Histogram();
let failures = 0;

class Caller {
  readonly #socket: Socket;
  #since = 0;
  #busy = false;
  #received = "";

  constructor() {
    this.#socket = connect(Number(port), hostname).setNoDelay(true).setEncoding("latin1");
    this.#socket.on("connect", () => this.#free());
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.#replace());
    this.#socket.on("data", (chunk: string) => this.#hear(chunk));
  }

  call(since: number): void {
    this.#since = since;
    this.#busy = true;
    this.#socket.write(plan.stamped ? requestOf(stampedOrder()) : request, "latin1");
  }

  #hear(chunk: string): void {
    this.#received += chunk;
    const length = replyLength(this.#received);
    if (length === undefined || this.#received.length < length) return;
    if (this.#received.startsWith("HTTP/1.1 2")) took.add(performance.now() - this.#since);
    else failures++;
    this.#received = "";
    this.#free();
  }

  /** A server may close what has been idle for a while; a call that it leaves unanswered has failed. */
  #replace(): void {
    if (this.#busy) failures++;
    else idle.splice(idle.indexOf(this), idle.includes(this) ? 1 : 0);
    new Caller();
  }

  #free(): void {
    this.#busy = false;
    const waited = due[firstDue];
    if (waited === undefined) {
      idle.push(this);
      return;
    }
    firstDue++;
    if (firstDue > 10_000) {
      due.splice(0, firstDue);
      firstDue = 0;
    }
    this.call(waited);
  }
}

for (let i = 0; i < plan.connections; i++) new Caller();
const began = performance.now();
let made = 0;
let windowBegan = began;

const ticks = setInterval(() => {
  const now = performance.now();
  const wanted = Math.floor(((now - began) / 1_000) * plan.perSecond);
  for (; made < wanted; made++) {
    // In turns, so that none of them is idle for long.
    const caller = idle.shift();
    if (caller === undefined) due.push(began + (made / plan.perSecond) * 1_000);
    else caller.call(performance.now());
  }
  if (now - windowBegan >= plan.windowSeconds * 1_000) endWindow(now);
  if (due.length - firstDue > plan.perSecond * MOST_WAITING_SECONDS) {
    endWindow(now);
    finish();
  }
  if (now - began >= plan.seconds * 1_000) finish();
}, TICK_MS);

function endWindow(now: number): void {
  const window: Window = {
    replies: took.count,
    failures,
    seconds: (now - windowBegan) / 1_000,
    p50Ms: took.percentile(0.5),
    p99Ms: took.percentile(0.99),
    waiting: due.length - firstDue,
  };
  process.stdout.write(`${JSON.stringify(window)}\n`);
  took.clear();
  failures = 0;
  windowBegan = now;
}

function finish(): void {
  clearInterval(ticks);
  if (took.count > 0) endWindow(performance.now());
  process.stdout.write("", () => process.exit(0));
}
