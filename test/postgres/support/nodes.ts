/**
 * Several nodes of one app on one PostgreSQL, each a process, and a client that asks whichever of them serves, as
 * behind a load balancer. Tells afterwards whether the store is what the client was told, and whether a limit was kept.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { LIMIT } from "../../faults/apps/ledger-operations.ts";
import type { Asked, Client, Heard, Question } from "../../faults/client.ts";
import { assertHeld, judge, kindsOf, type Verdict } from "../../faults/judge.ts";
import { Ledger } from "../../faults/ledger.ts";
import { Load } from "../../faults/load.ts";
import { Server } from "../../faults/server.ts";
import { readStore } from "../../faults/store-view.ts";
import { SeededRandom } from "../../support/seeded-random.ts";
import { newSchema } from "./cluster.ts";
import { type Life, mostAtOnce, type Overlap } from "./overlap.ts";

const LEDGER_NODE = join(import.meta.dirname, "../apps/ledger-node.ts");

/** So short that what a dead node had comes back within a test. */
export const LEASE_MS = 3_000;
const STUCK_AFTER_MS = LEASE_MS + 5_000;
const LOOK_AGAIN_MS = 200;
const PATIENCE_MS = 8_000;
const CONNECTIONS = 24;
/** On a loaded machine what is queued takes its time; nothing waits for so long otherwise. */
const QUIET_MS = 90_000;

export type Role = "all" | "gateway" | "worker";
type Environment = Readonly<Record<string, string>>;
type MutableLife = { name: string; journal: string; endedAt?: bigint; cutOffAt: bigint[] };

export type NodesOptions = {
  /** One for all nodes, or one for each. */
  readonly url: string | readonly string[];
  readonly schema?: string;
  readonly roles?: readonly Role[];
  readonly environment?: Environment;
  readonly seed?: number;
};

export class Node {
  readonly role: Role;
  readonly #name: string;
  readonly #environment: Environment;
  readonly #folder: string;
  readonly #lives: MutableLife[] = [];
  #server: Server | undefined;
  #client: Client | undefined;

  constructor(name: string, role: Role, folder: string, environment: Environment) {
    this.role = role;
    this.#name = name;
    this.#folder = folder;
    this.#environment = environment;
  }

  /** Of this life; none while it is down. */
  get client(): Client | undefined {
    return this.#client;
  }

  get server(): Server {
    if (this.#server) return this.#server;
    throw new Error(`${this.#name} was never started.`);
  }

  /** @param more environment of this life alone */
  async start(more: Environment = {}, under: readonly string[] = []): Promise<void> {
    const name = `${this.#name}.${this.#lives.length}`;
    const life: MutableLife = { name, journal: join(this.#folder, name), cutOffAt: [] };
    this.#lives.push(life);
    const environment = {
      ...this.#environment,
      ...more,
      SPILLWAY_ROLE: this.role,
      LEDGER_JOURNAL: life.journal,
    };
    const server = new Server(this.#folder, { app: LEDGER_NODE, environment, under });
    this.#server = server;
    void server.ended.then(() => {
      life.endedAt = process.hrtime.bigint();
      if (this.#server === server) this.#client = undefined;
    });
    const client = await server.client(CONNECTIONS);
    if (life.endedAt === undefined) this.#client = client;
  }

  async kill(): Promise<void> {
    this.#client?.close();
    await this.#server?.kill();
  }

  /** From now on it cannot reach the store, or stands still. */
  cutOff(): void {
    this.#lives.at(-1)?.cutOffAt.push(process.hrtime.bigint());
  }

  lives(): readonly Life[] {
    return this.#lives.map((life) => ({ ...life, journal: read(life.journal) }));
  }
}

export class Nodes implements Asked {
  readonly all: readonly Node[];
  readonly ledger = new Ledger();
  readonly load: Load;
  readonly random: SeededRandom;
  readonly seed: number;

  constructor(t: TestContext, options: NodesOptions) {
    const { url, schema = newSchema(), roles = ["all", "gateway", "worker"], environment = {} } = options;
    this.seed = options.seed ?? Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
    this.random = new SeededRandom(this.seed);
    this.load = new Load(this.ledger, new SeededRandom(this.seed + 1));
    const folder = mkdtempSync(join(tmpdir(), "spillway-nodes-"));
    t.after(async () => {
      await Promise.all(this.all.map((node) => node.kill()));
      rmSync(folder, { recursive: true, force: true });
    });
    const store = { LEDGER_SCHEMA: schema, LEDGER_LEASE_MS: String(LEASE_MS) };
    this.all = roles.map((role, place) => {
      const own = typeof url === "string" ? url : (url[place] ?? "");
      return new Node(`${role}-${place}`, role, folder, { ...store, LEDGER_URL: own, ...environment });
    });
  }

  /** One after the other: the first makes the tables. */
  static async start(t: TestContext, options: NodesOptions): Promise<Nodes> {
    const nodes = new Nodes(t, options);
    for (const node of nodes.all) await node.start();
    return nodes;
  }

  async ask(question: Question): Promise<Heard> {
    const client = this.#anyone();
    if (!client) return { kind: "silence", why: "No node serves." };
    return client.ask({ timeoutMs: PATIENCE_MS, ...question });
  }

  async post(path: string, value: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Heard> {
    return this.ask({ method: "POST", path, headers, body: JSON.stringify(value) });
  }

  async askAdmin(path: string): Promise<Heard> {
    const client = this.#anyone();
    return client ? client.askAdmin(path) : { kind: "silence", why: "No node serves." };
  }

  /** Until `work` has ended, clients call from all sides. */
  async underLoad(work: () => Promise<void>): Promise<void> {
    let over = false;
    const options = { name: "load", connections: CONNECTIONS, calls: Number.POSITIVE_INFINITY };
    const running = this.load.run(this, { ...options, isOver: () => over });
    try {
      await work();
    } finally {
      over = true;
      await running;
    }
  }

  async verdict(quietWithinMs = QUIET_MS): Promise<Verdict> {
    const settled = await this.load.settleKeys(this, quietWithinMs);
    if (!settled) return { kind: "could not judge", why: "A call under a key is never settled." };
    const late = performance.now() + STUCK_AFTER_MS;
    for (;;) {
      // A look that takes long sees, as it ends, what was taken back after it had found that all was quiet.
      const begunAt = performance.now();
      const verdict = judge(this.ledger, await readStore(this, this.ledger, { isFull: true, quietWithinMs }));
      // A call at once whose node fell silent is in no list until its lease is over, and is queued then.
      const isLate = kindsOf(verdict).includes("stuck") && begunAt < late;
      if (!isLate) return verdict;
      await pause(LOOK_AGAIN_MS);
    }
  }

  overlap(): Overlap {
    return mostAtOnce(this.all.flatMap((node) => node.lives()));
  }

  /** That the store is what the client was told, that hardly anything failed, and that the limit was kept. */
  async assertKept(t: TestContext, what: string): Promise<void> {
    const when = `${what}, SEED=${this.seed}`;
    const verdict = await this.verdict();
    if (verdict.kind !== "held")
      for (const node of this.all)
        t.diagnostic(`${node.role} printed at last: ${node.server.output.slice(-1_500)}`);
    assertHeld(verdict, when);
    const figures = this.ledger.figures();
    const { most, runs, names } = this.overlap();
    t.diagnostic(JSON.stringify({ ...figures, runs, mostAtOnce: most, seed: this.seed }));
    assert.ok(figures.succeeded > 0 && figures.failed < figures.receipts / 10, `Much failed, ${when}.`);
    assert.ok(runs > 0, `No run was noted, ${when}.`);
    assert.ok(most <= LIMIT, `${most} ran at once of a limit of ${LIMIT}, ${when}: ${names.join()}.`);
  }

  #anyone(): Client | undefined {
    const serving = this.all.flatMap(({ role, client }) => (role !== "worker" && client ? [client] : []));
    return serving.length === 0 ? undefined : this.random.pick(serving);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
