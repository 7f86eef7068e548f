/** Limits that nodes keep together on one PostgreSQL, each node with connections and a gate of its own. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { Gate, type Slot } from "../../src/core/gate.ts";
import { GRANTED_MS, Grants } from "../../src/core/grants.ts";
import { LocalNotifier, limitsOf } from "../../src/core/notifier.ts";
import { spec } from "../../src/core/operation.ts";
import { systemRandom } from "../../src/core/random.ts";
import { resource } from "../../src/core/resource.ts";
import type { ShareRequest } from "../../src/core/share.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { Connections } from "../../src/engines/postgres/connection.ts";
import { Grants as StoredGrants } from "../../src/engines/postgres/grants.ts";
import { Lines, Reach } from "../../src/engines/postgres/lines.ts";
import { migrate } from "../../src/engines/postgres/migrate.ts";
import { type Settings, settingsOf } from "../../src/engines/postgres/options.ts";
import { anything } from "../support/schemas.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { type Cluster, cluster, dropSchema, missingCluster, newSchema } from "./support/cluster.ts";

const clock = systemClock();

class Node {
  readonly gate: Gate;
  readonly grants: Grants;
  readonly stored: StoredGrants;
  readonly #connections: Connections;
  /** Statements that it sent. */
  statements = 0;
  isCut = false;
  held: Slot[] = [];

  constructor(id: string, settings: Settings, limit: number, notifier: LocalNotifier) {
    const reach = new Reach(settings.address);
    const lines = new Lines(reach, 1);
    this.#connections = new Connections(lines, lines);
    const counted = Object.create(this.#connections, {
      read: {
        value: (...asked: Parameters<Connections["read"]>) => {
          this.statements++;
          return this.#connections.read(...asked);
        },
      },
    }) as Connections;
    this.stored = new StoredGrants(counted, settings, (nodes) => {
      for (const node of nodes) notifier.publish("control", limitsOf(node));
    });
    const db = resource("db", { concurrency: limit });
    this.gate = new Gate([spec({ name: "work", input: anything, limits: db })], clock);
    const share = (request: ShareRequest) =>
      this.isCut ? Promise.reject(new Error("cut off")) : this.stored.share(request);
    const node = { id, host: "here", role: "all", startedAt: clock.now() };
    this.grants = new Grants(
      this.gate,
      { clock, notifier, onError: () => undefined },
      { share, node, report: () => "{}" },
    );
  }

  async call(): Promise<boolean> {
    const atOnce = this.gate.take("work", "call");
    const slot =
      atOnce.kind === "saturated" && this.gate.mayGrow("work") ? await this.grants.slot("work") : atOnce;
    if (slot.kind === "slot") this.held.push(slot);
    return slot.kind === "slot";
  }

  job(): boolean {
    const slot = this.gate.take("work", "job");
    if (slot.kind === "slot") this.held.push(slot);
    return slot.kind === "slot";
  }

  release(count = this.held.length): void {
    for (const slot of this.held.splice(0, count)) slot.release();
  }

  async close(): Promise<void> {
    await this.grants.stop();
    await this.#connections.close();
  }
}

suite("limits on PostgreSQL", { skip: missingCluster(), timeout: 120_000 }, () => {
  let on: Cluster;
  let settings: Settings;
  let nodes: Node[] = [];
  const notifier = new LocalNotifier();

  before(async () => {
    on = await cluster();
    const limits = memory().limits;
    settings = settingsOf(on.url, { schema: newSchema() }, limits);
    await migrate(new Reach(settings.address), settings, systemRandom());
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await dropSchema(on, settings.schemaName);
  });

  async function site(count: number, limit: number): Promise<readonly [Node, Node, ...Node[]]> {
    await Promise.all(nodes.map((node) => node.close()));
    nodes = Array.from({ length: count }, (_, n) => new Node(`n${n}`, settings, limit, notifier));
    for (const node of nodes) await node.grants.start();
    return nodes as [Node, Node, ...Node[]];
  }

  const inUse = () => nodes.reduce((sum, { held }) => sum + held.length, 0);

  /** Until it has as many slots as it should: what is to come comes by itself, soon. */
  async function until(done: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
    const end = clock.monotonic() + withinMs;
    while (!(await done())) {
      assert.ok(clock.monotonic() < end, "It did not come about.");
      await new Promise<void>((resolve) => clock.after(5, resolve));
    }
  }

  test("calls at once need no statement while their node holds a slot", async () => {
    const [a] = await site(2, 20);
    assert.deepEqual(await Promise.all([a.call(), a.call()]), [true, true]);
    a.release();
    const before = a.statements;
    for (let n = 0; n < 1_000; n++) {
      assert.ok(await a.call());
      a.release();
    }
    // A renewal may fall into it.
    assert.ok(a.statements - before <= 4, `${a.statements - before} statements for 1,000 calls`);
  });

  test("let in what the limit allows, and no more, whoever is asked", async () => {
    const [a, b] = await site(2, 8);
    const calls = await Promise.all([...Array(6)].flatMap(() => [a.call(), b.call()]));
    await until(async () => {
      await Promise.all([a.call(), b.call()]);
      assert.ok(inUse() <= 8);
      return inUse() === 8;
    });
    assert.ok(calls.filter(Boolean).length <= 8);
    assert.equal(await a.call(), false);
  });

  test("are never exceeded while many ask at random, and one is lost on the way", async () => {
    const random = new SeededRandom(6);
    const all = await site(4, 10);
    let most = 0;
    for (let step = 0; step < 1_500; step++) {
      if (step === 700) {
        // As if it were killed: it says nothing any more, and nothing of it runs.
        const [lost] = all;
        lost.release();
        lost.isCut = true;
      }
      const node = all[(step >= 700 ? 1 : 0) + random.integer(step >= 700 ? 3 : 4)] as Node;
      const doing = random.integer(5);
      if (doing < 2) void node.call();
      else if (doing === 2) while (node.job());
      else node.release(1 + random.integer(3));
      if (random.chance(0.3)) await new Promise<void>((resolve) => clock.soon(resolve));
      if (random.chance(0.1)) await new Promise<void>((resolve) => clock.after(1, resolve));
      most = Math.max(most, inUse());
      assert.ok(inUse() <= 10, `${inUse()} of 10 in use at step ${step}`);
    }
    assert.ok(most >= 8, `no more than ${most} of 10 were ever in use`);
  });

  test("have a lost node's slots again when its time is over", async () => {
    const [a, b] = await site(2, 6);
    await until(async () => (await a.call()) && a.held.length === 6);
    a.isCut = true;
    const cutAt = clock.monotonic();
    await until(async () => {
      await b.call();
      return b.held.length === 6;
    });
    assert.equal(a.gate.take("work", "call").kind, "saturated");
    assert.ok(clock.monotonic() - cutAt > GRANTED_MS / 2, "They were taken while they were still lent.");
    a.release();
  });

  test("have their nodes shown, and those that are lost as lost", async () => {
    const [a, b] = await site(2, 6);
    a.isCut = true;
    await until(async () => {
      const shown = await b.stored.nodes();
      assert.deepEqual(
        shown.map(({ id, host, role }) => [id, host, role]),
        [
          ["n0", "here", "all"],
          ["n1", "here", "all"],
        ],
      );
      return shown.map(({ lost }) => lost).join() === "true,false";
    });
    assert.deepEqual(await a.stored.nodes(), await b.stored.nodes());
  });
});
