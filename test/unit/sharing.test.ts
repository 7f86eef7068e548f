// How a limit is divided between nodes: the sum is never above it, everybody comes to something, and nothing moves
// while nothing changes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LimitAsk } from "../../src/core/share.ts";
import { askOf, type HeldLimit, type SharedLimit } from "../../src/core/shared-limit.ts";
import type { Bucket } from "../../src/core/starts.ts";
import { SeededRandom } from "../support/seeded-random.ts";

const FOR_MS = 5_000;
const facts = (id: string) => ({ id, host: "here", role: "all", startedAt: 0 });

type Wants = { readonly calls: number; readonly jobs: number; readonly spare?: number };

/** A limit and its nodes, which ask in whatever order; each uses all it may, as far as it wants to. */
class Division {
  limit: number;
  now = 1_000_000;
  readonly held = new Map<string, HeldLimit>();
  readonly inUse = new Map<string, number>();
  /** What each may use: less than it holds, where it was told to give back. */
  readonly bound = new Map<string, number>();
  bucket: Bucket | undefined;

  constructor(limit: number) {
    this.limit = limit;
  }

  ask(node: string, { calls, jobs, spare = 0 }: Wants, gives = false): readonly string[] {
    const isAlive = (this.held.get(node)?.until ?? 0) > this.now;
    const inUse = this.inUse.get(node) ?? 0;
    const bound = isAlive ? (this.bound.get(node) ?? 0) : 0;
    const keep = Math.max(inUse, gives ? 0 : Math.min(bound, calls + jobs + spare));
    const ask: LimitAsk = {
      ...{ scope: "resource", name: "db", concurrency: this.limit },
      ...{ inUse, keep, calls: Math.max(calls, jobs === 0 ? inUse : 0), jobs, spare },
    };
    const state: SharedLimit = { held: [...this.held.values()], set: null, bucket: this.bucket };
    const { held, grant, tell } = askOf(state, ask, { node: facts(node), forMs: FOR_MS }, this.now);
    if (held) this.held.set(node, held);
    else this.held.delete(node);
    this.bound.set(node, Math.min(grant.slots, grant.target));
    return tell;
  }

  slots(node: string): number {
    const held = this.held.get(node);
    return held && held.until > this.now ? held.slots : 0;
  }

  sum(): number {
    return [...this.held.keys()].reduce((sum, node) => sum + this.slots(node), 0);
  }

  /** Every node asks in turn, and gives back what it should. */
  rounds(wants: Readonly<Record<string, Wants>>, count: number, ms = 10): void {
    for (let n = 0; n < count; n++) {
      for (const [node, want] of Object.entries(wants)) this.ask(node, want);
      this.now += ms;
    }
  }

  table(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.held.keys()].sort().map((node) => [node, this.slots(node)]));
  }
}

describe("a limit that nodes share", () => {
  test("is one node's while nobody else wants it", () => {
    const limit = new Division(10);
    limit.rounds({ a: { calls: 0, jobs: 40 } }, 1);
    assert.deepEqual(limit.table(), { a: 10 });
  });

  test("is divided by demand, the least demand first", () => {
    const limit = new Division(10);
    limit.rounds({ a: { calls: 0, jobs: 40 }, b: { calls: 0, jobs: 2 }, c: { calls: 0, jobs: 9 } }, 5);
    assert.deepEqual(limit.table(), { a: 4, b: 2, c: 4 });
  });

  test("has half for nodes with jobs and a quarter for those with calls at once, whoever came first", () => {
    for (const [first, second] of [
      ["gateway", "worker"],
      ["worker", "gateway"],
    ] as const) {
      const limit = new Division(16);
      const wants = { gateway: { calls: 50, jobs: 0 }, worker: { calls: 0, jobs: 50 } };
      limit.rounds({ [first]: wants[first] }, 2);
      limit.rounds(wants, 5);
      assert.ok(limit.slots("worker") >= 8, `${limit.slots("worker")} for jobs, ${second} came second`);
      assert.ok(limit.slots("gateway") >= 4, `${limit.slots("gateway")} for calls, ${second} came second`);
    }
  });

  test("keeps spare slots only where nobody wants them", () => {
    const limit = new Division(10);
    limit.rounds({ a: { calls: 2, jobs: 0, spare: 4 } }, 1);
    assert.deepEqual(limit.table(), { a: 6 });
    limit.rounds({ a: { calls: 2, jobs: 0, spare: 4 }, b: { calls: 0, jobs: 8 } }, 5);
    assert.deepEqual(limit.table(), { a: 2, b: 8 });
  });

  test("tells who holds too much, and who waits for what was given back", () => {
    const limit = new Division(4);
    limit.rounds({ a: { calls: 4, jobs: 0 } }, 1);
    assert.deepEqual(limit.ask("b", { calls: 0, jobs: 4 }), ["a"]);
    limit.ask("a", { calls: 4, jobs: 0 }, true);
    assert.deepEqual(limit.table(), { a: 2, b: 0 });
    assert.deepEqual(limit.ask("a", { calls: 4, jobs: 0 }), ["b"]);
  });

  test("takes back nothing in which something runs, and then gives it to whoever waits", () => {
    const limit = new Division(4);
    limit.rounds({ a: { calls: 4, jobs: 0 } }, 1);
    limit.inUse.set("a", 4);
    const wants = { a: { calls: 4, jobs: 0 }, b: { calls: 0, jobs: 4 } };
    limit.rounds(wants, 3);
    assert.deepEqual(limit.table(), { a: 4, b: 0 });
    limit.inUse.set("a", 1);
    limit.rounds(wants, 3);
    assert.deepEqual(limit.table(), { a: 2, b: 2 });
  });

  test("gets back what a node held that is not heard of any more", () => {
    const limit = new Division(4);
    limit.rounds({ a: { calls: 0, jobs: 4 } }, 1);
    limit.now += FOR_MS;
    limit.rounds({ b: { calls: 0, jobs: 4 } }, 1);
    assert.equal(limit.slots("b"), 4);
  });

  test("of a single slot goes round: every node, and both sides", () => {
    const limit = new Division(1);
    const wants = {
      ...{ g1: { calls: 3, jobs: 0 }, g2: { calls: 1, jobs: 0 } },
      ...{ w1: { calls: 0, jobs: 9 }, w2: { calls: 0, jobs: 9 } },
    };
    const had = new Map<string, number>();
    for (let n = 0; n < 400; n++) {
      limit.rounds(wants, 1);
      for (const node of Object.keys(wants)) had.set(node, (had.get(node) ?? 0) + limit.slots(node));
      assert.ok(limit.sum() <= 1);
    }
    for (const node of Object.keys(wants))
      assert.ok((had.get(node) ?? 0) >= 50, `${node}: ${had.get(node)} of 400`);
    const sideOf = (side: string) =>
      [...had].reduce((sum, [node, n]) => sum + (node.startsWith(side) ? n : 0), 0);
    assert.ok(Math.abs(sideOf("g") - sideOf("w")) < 100, `calls ${sideOf("g")}, jobs ${sideOf("w")}`);
  });

  test("that is smaller than the nodes are many goes round as well", () => {
    const limit = new Division(3);
    const nodes = Array.from({ length: 8 }, (_, n) => `w${n}`);
    const wants = Object.fromEntries(nodes.map((node) => [node, { calls: 0, jobs: 5 }]));
    const had = new Set<string>();
    for (let n = 0; n < 500; n++) {
      limit.rounds(wants, 1);
      for (const node of nodes) if (limit.slots(node) > 0) had.add(node);
    }
    assert.equal(had.size, 8);
  });

  test("rests while nothing changes", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = new SeededRandom(seed);
      const nodes = Array.from({ length: 1 + random.integer(8) }, (_, n) => `n${n}`);
      // Enough for each node's part of a quarter.
      const limit = new Division(4 * nodes.length + random.integer(60));
      const wants = Object.fromEntries(nodes.map((node) => [node, randomWants(random)]));
      limit.rounds(wants, 10);
      const before = limit.table();
      limit.rounds(wants, 20, 500);
      assert.deepEqual(limit.table(), before, `seed ${seed}`);
    }
  });
});

describe("random histories of a limit", () => {
  test("never hold more than the limit, and everybody who wants comes to something", () => {
    for (let seed = 1; seed <= 2_000; seed++) history(seed);
  });
});

function history(seed: number): void {
  const random = new SeededRandom(seed);
  const limit = new Division(1 + random.integer(12));
  const nodes = Array.from({ length: 1 + random.integer(6) }, (_, n) => `n${n}`);
  for (let step = 0; step < 60; step++) {
    const node = random.pick(nodes);
    const isAlive = (limit.held.get(node)?.until ?? 0) > limit.now;
    const most = Math.min(limit.slots(node), isAlive ? (limit.bound.get(node) ?? 0) : 0);
    // What runs ends before its node is given up, in this history; else it would count beside what others got.
    if (!isAlive) limit.inUse.set(node, 0);
    else if (random.chance(0.6)) limit.inUse.set(node, random.integer(most + 1));
    if (random.chance(0.8)) limit.ask(node, randomWants(random), random.chance(0.3));
    const passed = random.chance(0.02) ? FOR_MS : random.integer(300);
    if (passed === FOR_MS) limit.inUse.clear();
    limit.now += passed;
    for (const [name, held] of limit.held) if (held.until <= limit.now) limit.inUse.set(name, 0);
    assert.ok(limit.sum() <= limit.limit, `seed ${seed}: ${limit.sum()} of ${limit.limit} are held`);
  }
  limit.inUse.clear();
  const some = (): Wants => {
    const most = random.integer(3);
    return random.pick([
      { calls: 1 + most, jobs: 0 },
      { calls: 0, jobs: 1 + most },
      { calls: 1 + most, jobs: 1 + most },
    ]);
  };
  const wants = Object.fromEntries(nodes.map((node) => [node, some()]));
  const had = new Set<string>();
  for (let round = 0; round < 30 * nodes.length; round++) {
    limit.rounds(wants, 1, 50);
    for (const node of nodes) if (limit.slots(node) > 0) had.add(node);
  }
  assert.equal(
    had.size,
    nodes.length,
    `seed ${seed}: only ${[...had].join(", ")} of ${nodes.length} had a slot`,
  );
}

function randomWants(random: SeededRandom): Wants {
  const some = () => (random.chance(0.5) ? random.integer(20) : 0);
  return { calls: some(), jobs: some(), spare: random.integer(4) };
}
