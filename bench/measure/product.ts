// The measured product: a server with its data in a temp folder, steered through its admin routes.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Installed } from "../build/installed.ts";
import type { Sample } from "../report/sample.ts";
import type { Usage } from "../servers/instrument.ts";
import { usedBetween } from "./load.ts";
import { Server } from "./server.ts";

const DRAIN_LIMIT_MS = 180_000;
/** Rates are taken from when jobs ran, not from when this finds it out. */
const POLL_MS = 50;

/** The operations of servers/product.ts that have jobs. */
export type Queue = "noop" | "write-event";

type Figures = {
  readonly name: string;
  readonly queued: number;
  readonly running: number;
  readonly failed: number;
};

export type ProductOptions = {
  readonly nodeOptions?: readonly string[];
  /** How long succeeded jobs are kept. */
  readonly retention?: string;
  readonly countsStatements?: boolean;
};

export class Product {
  readonly label: string;
  readonly server: Server;
  readonly token: string;

  private constructor(label: string, server: Server, token: string) {
    this.label = label;
    this.server = server;
    this.token = token;
  }

  static async start(
    installed: Installed,
    data: string,
    { nodeOptions = [], retention = "24h", countsStatements = false }: ProductOptions = {},
  ): Promise<Product> {
    const token = randomBytes(24).toString("hex");
    const server = await Server.start({
      folder: installed.folder,
      script: "product.js",
      args: [data, retention, ...(countsStatements ? ["statements"] : [])],
      environment: { SPILLWAY_ADMIN_TOKEN: token },
      nodeOptions,
    });
    return new Product(installed.label, server, token);
  }

  async pause(queue: Queue, paused: boolean): Promise<void> {
    await this.#admin("PATCH", `operations/${queue}`, { paused });
  }

  async queued(queue: Queue): Promise<number> {
    const { queued, running } = await this.#figures(queue);
    return queued + running;
  }

  /** Until every job has its outcome on disk. */
  async settled(queue: Queue): Promise<void> {
    const until = Date.now() + DRAIN_LIMIT_MS;
    for (;;) {
      const { queued, running, failed } = await this.#figures(queue);
      if (failed > 0) throw new Error(`${failed} jobs failed.`);
      if (queued + running === 0) return;
      if (Date.now() > until) throw new Error(`${queued} jobs are still queued.`);
      await sleep(POLL_MS);
    }
  }

  /**
   * Runs what is queued: from the moment the pause ends to the last handler's, CPU until every outcome is on disk.
   * @param expected how many jobs there are, at least and at most
   */
  async drain(
    queue: Queue,
    expected: { readonly atLeast: number; readonly atMost: number },
  ): Promise<Sample> {
    const before = await this.server.usage();
    const started = Date.now();
    await this.pause(queue, false);
    await this.settled(queue);
    const after = await this.server.usage();
    await this.pause(queue, true);
    return { ...ranBetween(before, after, started, expected) };
  }

  /**
   * Runs so many of what is queued, and leaves the rest. What is begun when the pause comes still ends.
   */
  async drainSome(queue: Queue, count: number): Promise<Sample> {
    const before = await this.server.usage();
    const started = Date.now();
    await this.pause(queue, false);
    let after = before;
    while (after.ran - before.ran < count) {
      await sleep(POLL_MS);
      after = await this.server.usage();
      if (Date.now() - started > DRAIN_LIMIT_MS)
        throw new Error(`${after.ran - before.ran} of ${count} jobs ran.`);
    }
    await this.pause(queue, true);
    return ranBetween(before, after, started, { atLeast: count, atMost: Number.POSITIVE_INFINITY });
  }

  /** @param path below `/admin/`, with its query */
  async list(path: string): Promise<unknown> {
    return this.#admin("GET", path);
  }

  async #figures(queue: Queue): Promise<Figures> {
    const { items } = (await this.#admin("GET", "operations")) as { readonly items: readonly Figures[] };
    const found = items.find(({ name }) => name === queue);
    if (found === undefined) throw new Error("The server does not list the operation.");
    return found;
  }

  async #admin(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(this.server.url(`/admin/${path}`), {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} /admin/${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

function ranBetween(
  before: Usage,
  after: Usage,
  startedAt: number,
  { atLeast, atMost }: { readonly atLeast: number; readonly atMost: number },
): Sample {
  const ran = after.ran - before.ran;
  if (ran < atLeast || ran > atMost)
    throw new Error(`${ran} jobs ran, but ${atLeast} to ${atMost} were accepted.`);
  return {
    perSecond: ran / ((after.lastRanAt - startedAt) / 1_000),
    ...usedBetween(before, after, ran),
  };
}
