/** One flow of the burst: the calls, their receipts until each is final, and what is found of them afterwards. */
import { setTimeout as sleep } from "node:timers/promises";
import type { FlowResult } from "./burst-table.ts";
import { type Answer, Client, inParallel, member, NoAnswer } from "./client.ts";
import { isFinal, type Receipt, ReceiptSocket } from "./receipts.ts";

export type Burst = {
  /** Of one server, or of several with one store, which are called in turn. */
  readonly urls: readonly [string, ...string[]];
  readonly token: string | undefined;
  readonly calls: number;
  readonly connections: number;
};

export type Progress = { readonly replies: number; readonly receipts: number; readonly finals: number };

type Database = FlowResult["database"];

/** What a server says that is not the one we look for, or does not let us. */
export class Refused extends Error {}

/** With nothing final for so long, what is not final yet counts as lost. */
const PATIENCE_MS = 30_000;
/** The default limit of an operation that declares none, as get-order. */
const LOOKUPS_AT_ONCE = 16;

export async function runFlow(
  burst: Burst,
  operation: string,
  onProgress: (progress: Progress) => void,
): Promise<FlowResult> {
  const client = new Client(burst.urls, burst.connections, burst.token);
  const tally = new Tally(client.url, onProgress);
  try {
    await database(client, { reset: true });
    await tally.open();
    const input = { sku: "lamp", quantity: 1, customer: "Ada Lovelace" };
    await inParallel(burst.calls, burst.connections, async () => {
      try {
        tally.reply(await client.call(operation, input));
      } catch (error) {
        // A server that is gone ends the burst; one connection that broke does not.
        if (!(error instanceof NoAnswer) || error.code === "ECONNREFUSED") throw error;
        tally.noAnswer();
      }
    });
    await tally.allFinal();
    // Connections may have idled for longer than the server keeps them: the rest goes over new ones.
    client.close();
    const after = await database(client, {});
    return {
      operation,
      calls: burst.calls,
      ...tally.result(),
      found: await found(client, tally.orders),
      database: after,
    };
  } finally {
    tally.close();
    client.close();
  }
}

class Tally {
  readonly #socket: ReceiptSocket;
  readonly #onProgress: (progress: Progress) => void;
  readonly #started = performance.now();
  readonly #refused: Record<string, number> = {};
  readonly #pending = new Set<string>();
  readonly orders: string[] = [];
  #answered = 0;
  #receipts = 0;
  #failed = 0;
  #replies = 0;
  #unanswered = 0;
  #finals = 0;
  /** Receipts that we were given and that the server does not know. */
  #unknown = 0;
  #lastReplyAt = this.#started;
  #lastCompletionAt = this.#started;

  constructor(url: string, onProgress: (progress: Progress) => void) {
    this.#onProgress = onProgress;
    this.#socket = new ReceiptSocket(url, {
      onReceipt: (receipt) => this.#change(receipt),
      onProblem: (_, id) => {
        if (id !== undefined && this.#pending.delete(id)) this.#unknown++;
      },
    });
  }

  open(): Promise<void> {
    return this.#socket.open();
  }

  reply({ status, body }: Answer): void {
    this.#lastReplyAt = performance.now();
    this.#replies++;
    if (status === 200) {
      this.#answered++;
      this.#complete(body);
    } else if (status === 202) {
      this.#receipts++;
      const id = String(member(body, "id"));
      this.#pending.add(id);
      this.#socket.follow(id);
    } else if (status === 500 || status === 504) {
      this.#failed++;
    } else {
      const code = String(member(body, "code") ?? status);
      this.#refused[code] = (this.#refused[code] ?? 0) + 1;
    }
    this.#report();
  }

  noAnswer(): void {
    this.#unanswered++;
    this.#report();
  }

  /** Resolves when every receipt is final, or when nothing has become final for too long. */
  async allFinal(): Promise<void> {
    let last = performance.now();
    let finals = -1;
    while (this.#pending.size > 0 && performance.now() - last < PATIENCE_MS) {
      if (finals !== this.#finals) last = performance.now();
      finals = this.#finals;
      await sleep(10);
    }
  }

  result() {
    return {
      answered: this.#answered,
      receipts: this.#receipts,
      refused: this.#refused,
      unanswered: this.#unanswered,
      failed: this.#failed,
      unfinished: this.#pending.size + this.#unknown,
      promised: this.orders.length,
      lastReplyMs: this.#lastReplyAt - this.#started,
      lastCompletionMs: this.#lastCompletionAt - this.#started,
    };
  }

  close(): void {
    this.#socket.close();
  }

  #change(receipt: Receipt): void {
    if (!isFinal(receipt) || !this.#pending.delete(receipt.id)) return;
    this.#finals++;
    if (receipt.status === "succeeded") this.#complete(receipt.output);
    else this.#failed++;
    this.#report();
  }

  #complete(order: unknown): void {
    this.#lastCompletionAt = performance.now();
    this.orders.push(String(member(order, "orderId")));
  }

  #report(): void {
    this.#onProgress({ replies: this.#replies, receipts: this.#receipts, finals: this.#finals });
  }
}

/** How many of the orders are there, each counted once. */
async function found(client: Client, orders: readonly string[]): Promise<number> {
  const distinct = [...new Set(orders)];
  let count = 0;
  await inParallel(distinct.length, LOOKUPS_AT_ONCE, async (index) => {
    const orderId = distinct[index];
    const { status, body } = await lookUp(client, orderId);
    if (status === 200 && member(body, "orderId") === orderId) count++;
  });
  return count;
}

/** Others may look things up too: a refusal for load says nothing about the order. */
async function lookUp(client: Client, orderId: string | undefined): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    const answer = await client.call("get-order", { orderId });
    if (answer.status !== 503 || tries === 100) return answer;
    await sleep(20);
  }
}

/** What the stand-in for a database says of itself. */
export async function database(client: Client, change: { readonly reset?: true }): Promise<Database> {
  const { status, body } = await client.administer("database", change);
  const { capacity, peak, writes } = (body ?? {}) as Partial<Database>;
  if (status === 200 && capacity !== undefined && peak !== undefined && writes !== undefined) {
    return { capacity, peak, writes };
  }
  if ((status === 401 || status === 403) && client.hasToken) {
    throw new Refused(
      `SPILLWAY_ADMIN_TOKEN is not the admin token of the server at ${client.url}. ` +
        "The server's first lines say where it is kept.",
    );
  }
  if (status === 401 || status === 403) {
    throw new Refused(
      `The server at ${client.url} wants its admin token, to reset the counters of the example's database. ` +
        "Set SPILLWAY_ADMIN_TOKEN to it; the server's first lines say where it is kept.",
    );
  }
  throw new Refused(
    `What answers at ${client.url} is not the orders example (${status}${member(body, "code") ? ` ${member(body, "code")}` : ""} to its "database" operation). ` +
      "Start that with npm start, say where it is with --url, or let the burst start its own with --own.",
  );
}
