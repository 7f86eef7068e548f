// Nodes that keep a limit together, each with a gate of its own, on one store: what they let in is never more than the
// limit, what one does not use another gets, and what a node holds it uses without asking.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Engine } from "../../src/core/engine.ts";
import { Gate, type Slot } from "../../src/core/gate.ts";
import { Grants } from "../../src/core/grants.ts";
import { LocalNotifier } from "../../src/core/notifier.ts";
import { spec } from "../../src/core/operation.ts";
import { type ResourceOptions, resource } from "../../src/core/resource.ts";
import type { ShareAnswer, ShareRequest } from "../../src/core/share.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { anything } from "../support/schemas.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { TestClock } from "../support/test-clock.ts";

type Found = Awaited<ReturnType<Grants["slot"]>>;

class Node {
  readonly gate: Gate;
  readonly grants: Grants;
  readonly held: Slot[] = [];
  /** Requests that it made. */
  asked = 0;
  isCut = false;
  /** How long the store takes to answer it. */
  slowMs = 0;
  readonly errors: unknown[] = [];

  constructor(
    id: string,
    engine: Engine,
    clock: TestClock,
    notifier: LocalNotifier,
    options: ResourceOptions,
  ) {
    const db = resource("db", options);
    this.gate = new Gate([spec({ name: "work", input: anything, limits: db })], clock);
    const share = async (request: ShareRequest): Promise<ShareAnswer> => {
      this.asked++;
      if (this.isCut) throw new Error("ECONNREFUSED");
      if (this.slowMs > 0) await new Promise<void>((resolve) => clock.after(this.slowMs, resolve));
      const answer = await engine.share?.(request);
      assert.ok(answer);
      return answer;
    };
    this.grants = new Grants(
      this.gate,
      { clock, notifier, onError: (error) => this.errors.push(error) },
      { share, node: { id, host: "here", role: "all", startedAt: 0 }, report: () => "{}" },
    );
  }

  job(): boolean {
    const slot = this.gate.take("work", "job");
    if (slot.kind === "slot") this.held.push(slot);
    return slot.kind === "slot";
  }

  async call(): Promise<Found["kind"]> {
    const atOnce = this.gate.take("work", "call");
    const slot =
      atOnce.kind === "saturated" && this.gate.mayGrow("work") ? await this.grants.slot("work") : atOnce;
    if (slot.kind === "slot") this.held.push(slot);
    return slot.kind;
  }

  release(count = this.held.length): void {
    for (const slot of this.held.splice(0, count)) slot.release();
  }
}

class Site {
  readonly clock = new TestClock();
  readonly nodes: Node[] = [];
  readonly #notifier = new LocalNotifier();
  readonly #options: ResourceOptions;
  readonly #hears: boolean;
  #engine: Engine | undefined;

  private constructor(options: ResourceOptions, hears: boolean) {
    this.#options = options;
    this.#hears = hears;
  }

  static async of(
    count: number,
    options: ResourceOptions | number,
    { hears = true }: { readonly hears?: boolean } = {},
  ): Promise<Site> {
    const site = new Site(typeof options === "number" ? { concurrency: options } : options, hears);
    for (let n = 0; n < count; n++) await site.add();
    return site;
  }

  async add(): Promise<Node> {
    const engine = await this.engine();
    const node = new Node(`n${this.nodes.length}`, engine, this.clock, this.#notifier, this.#options);
    this.nodes.push(node);
    await node.grants.start();
    return node;
  }

  async engine(): Promise<Engine> {
    this.#engine ??= await memory().open({
      clock: this.clock,
      random: new SeededRandom(1),
      onFatal: assert.fail,
      hint: (topic, name) => {
        if (this.#hears) this.#notifier.publish(topic, name);
      },
    });
    return this.#engine;
  }

  get inUse(): number {
    return this.nodes.reduce((sum, { held }) => sum + held.length, 0);
  }

  async calls(node: Node, count: number, withinMs = 300): Promise<number> {
    const found = Promise.all(Array.from({ length: count }, () => node.call()));
    await this.clock.run(withinMs);
    return (await found).filter((kind) => kind === "slot").length;
  }
}

function pair(nodes: readonly Node[]): readonly [Node, Node] {
  const [a, b] = nodes;
  assert.ok(a && b);
  return [a, b];
}

/** The store was away for longer than slots are held; `b` is back, and `a`, in which eight of ten run, is not yet. */
async function afterOutage() {
  const site = await Site.of(2, 10);
  const [a, b] = pair(site.nodes);
  await site.calls(a, 8);
  a.isCut = true;
  b.isCut = true;
  await site.clock.run(8_000);
  b.isCut = false;
  return { site, a, b };
}

describe("nodes that keep a limit together", () => {
  test("let in as many calls as the limit allows, and no more, wherever they come", async () => {
    const site = await Site.of(2, 10);
    const [a, b] = pair(site.nodes);
    assert.equal(await site.calls(a, 7), 7);
    assert.equal(await site.calls(b, 7), 3);
    assert.equal(await site.calls(a, 2), 0);
  });

  test("run what they hold without asking", async () => {
    const site = await Site.of(2, 20);
    const [a] = pair(site.nodes);
    await site.calls(a, 4);
    const before = a.asked;
    for (let n = 0; n < 200; n++) {
      a.release(1);
      assert.equal(await a.call(), "slot");
    }
    assert.equal(a.asked, before);
  });

  test("ask once for all who wait", async () => {
    const site = await Site.of(1, 64);
    const [a] = site.nodes;
    assert.ok(a);
    const before = a.asked;
    assert.equal(await site.calls(a, 50, 5), 50);
    assert.ok(a.asked - before <= 2, `${a.asked - before} requests for 50 calls`);
  });

  test("give back what they have not used for a while", async () => {
    const site = await Site.of(2, 10);
    const [a, b] = pair(site.nodes);
    await site.calls(a, 10);
    a.release();
    await site.clock.run(4_600);
    const nodes = await (await site.engine()).share?.({
      node: { id: "look", host: "here", role: "all", startedAt: 0 },
      ...{ number: 1, forMs: 5_000, report: "{}" },
      limits: [
        { scope: "resource", name: "db", concurrency: 10, inUse: 0, keep: 0, calls: 10, jobs: 0, spare: 0 },
      ],
    });
    assert.equal(nodes?.limits[0]?.slots, 10);
    assert.equal(b.held.length, 0);
  });

  test("give idle slots to a call of another node's while it waits", async () => {
    const site = await Site.of(2, 10);
    const [a, b] = pair(site.nodes);
    await site.calls(a, 10, 50);
    a.release();
    assert.equal(await site.calls(b, 5, 100), 5);
  });

  test("do so without hints too, though it takes longer", async () => {
    const site = await Site.of(2, 10, { hears: false });
    const [a, b] = pair(site.nodes);
    await site.calls(a, 10, 50);
    a.release();
    await site.calls(b, 5, 1_600);
    assert.equal(await site.calls(b, 5), 5);
  });

  test("begin nothing any more when they could not renew in time, though what runs still counts", async () => {
    const site = await Site.of(2, 10);
    const [a, b] = pair(site.nodes);
    await site.calls(a, 4, 100);
    a.isCut = true;
    a.release(2);
    await site.clock.run(4_000);
    assert.equal(await a.call(), "slot");
    await site.clock.run(2_000);
    assert.equal(a.gate.take("work", "call").kind, "saturated");
    assert.equal(await site.calls(b, 10), 10);
    b.release();
    a.isCut = false;
    await site.clock.run(3_000);
    assert.equal(a.held.length, 3);
    assert.equal(await site.calls(b, 10), 7);
  });

  test("leave each other the slots in which something runs when the store was away, whoever is back first", async () => {
    const { site, a, b } = await afterOutage();
    await site.calls(b, 10, 2_000);
    a.isCut = false;
    await site.clock.run(1_000);
    await site.calls(b, 10);
    assert.deepEqual([a.held.length, b.held.length], [8, 2]);
    a.release();
    await site.clock.run(3_000);
    assert.equal(await site.calls(b, 8), 8);
  });

  test("have those of one that is not back a few seconds after the store", async () => {
    const { site, b } = await afterOutage();
    await site.clock.run(6_000);
    assert.equal(await site.calls(b, 10), 10);
  });

  test("turn nobody away before the store has answered, however long it takes", async () => {
    const site = await Site.of(2, 10);
    const [a, b] = pair(site.nodes);
    a.slowMs = 1_400;
    // An answer is under way that was asked for before the call came.
    await site.clock.run(2_000);
    assert.equal(await site.calls(a, 3, 3_000), 3);
    a.release();
    assert.ok((await site.calls(b, 10, 8_000)) >= 5);
    await site.calls(a, 10, 8_000);
    assert.ok(site.inUse <= 10);
  });

  test("say the store cannot be asked, once, and are well again afterwards", async () => {
    const site = await Site.of(1, 10);
    const [a] = site.nodes;
    assert.ok(a);
    a.isCut = true;
    await site.clock.run(10_000);
    assert.equal(a.grants.isBlind, true);
    assert.equal(a.errors.length, 1);
    a.isCut = false;
    await site.clock.run(1_000);
    assert.equal(a.grants.isBlind, false);
    assert.equal(await site.calls(a, 3), 3);
  });

  test("obey a limit that an operator lowers as soon as they hear of it", async () => {
    const site = await Site.of(2, 10);
    const [a, b] = pair(site.nodes);
    await site.calls(a, 5, 50);
    await site.calls(b, 5, 50);
    const setting = { scope: "resource", name: "db", paused: false, concurrency: 4 } as const;
    await (await site.engine()).commit([{ kind: "set", setting }]);
    for (const node of site.nodes) node.gate.set(setting);
    for (const node of site.nodes) node.release();
    await site.clock.run(50);
    const taken = await Promise.all([site.calls(a, 5, 0), site.calls(b, 5, 300)]);
    assert.equal(taken[0] + taken[1], 4);
  });

  test("give all back when they stop", async () => {
    const site = await Site.of(2, 10);
    const [a, b] = pair(site.nodes);
    await site.calls(a, 10);
    a.release();
    await a.grants.stop();
    assert.equal(await site.calls(b, 10, 20), 10);
    assert.deepEqual(
      (await (await site.engine()).nodes?.())?.map(({ id }) => id),
      ["n1"],
    );
  });

  test("wait no longer for a store that does not answer when they stop", async () => {
    const site = await Site.of(1, 10);
    const [a] = site.nodes;
    assert.ok(a);
    a.slowMs = 60_000;
    let isStopped = false;
    void a.grants.stop().then(() => {
      isStopped = true;
    });
    await site.clock.run(3_000);
    assert.equal(isStopped, true);
  });

  test("let jobs in as they find room, half of it at least while calls keep coming", async () => {
    const site = await Site.of(2, 16);
    const [gateway, worker] = pair(site.nodes);
    await site.calls(gateway, 16);
    for (let step = 0; step < 300; step++) {
      gateway.release(1);
      void gateway.call();
      while (worker.job());
      await site.clock.run(10);
      assert.ok(site.inUse <= 16);
    }
    assert.equal(worker.held.length, 8);
    assert.equal(gateway.held.length, 8);
  });

  test("share the starts of a rate: together they make as many as it allows", async () => {
    const site = await Site.of(3, { concurrency: 1_000, rate: "50/s" });
    await site.clock.run(100);
    let started = 0;
    for (let ms = 0; ms < 4_000; ms += 10) {
      for (const node of site.nodes) {
        if (node.job()) started++;
        node.release();
      }
      await site.clock.run(10);
    }
    assert.ok(started <= 4 * 50 + 5 + 3 * 5, `${started} starts in 4 s at 50/s`);
    assert.ok(started >= 4 * 50 * 0.85, `${started} starts in 4 s at 50/s`);
  });

  test("of a slow rate everyone gets a start", async () => {
    const site = await Site.of(3, { concurrency: 10, rate: "2/s" });
    const starts = site.nodes.map(() => 0);
    for (let ms = 0; ms < 20_000; ms += 20) {
      for (const [n, node] of site.nodes.entries()) {
        if (node.job()) starts[n] = (starts[n] ?? 0) + 1;
        node.release();
      }
      await site.clock.run(20);
    }
    const sum = starts.reduce((a, b) => a + b, 0);
    assert.ok(sum <= 44 && sum >= 30, `${starts.join(", ")} starts in 20 s at 2/s`);
    for (const count of starts) assert.ok(count >= 5, `${starts.join(", ")} starts`);
  });

  test("never let in more than the limit, whatever is asked of them and whoever is cut off", async () => {
    for (let seed = 1; seed <= 60; seed++) await history(seed);
  });

  test("nor where it is the store that is away from all of them, while what runs goes on", async () => {
    for (let seed = 1; seed <= 60; seed++) await outages(seed);
  });
});

async function history(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const limit = 1 + random.integer(12);
  const site = await Site.of(1 + random.integer(4), limit, { hears: random.chance(0.7) });
  for (let step = 0; step < 150; step++) {
    const node = random.pick(site.nodes);
    // What runs where nobody hears of it ends before its time is over, in this history.
    if (random.chance(0.02) && !node.isCut) node.isCut = true;
    else if (node.isCut && random.chance(0.3)) node.isCut = false;
    const doing = random.integer(4);
    if (doing === 0) for (let n = random.integer(4); n > 0; n--) void node.call();
    else if (doing === 1) for (let n = random.integer(4); n > 0; n--) node.job();
    else node.release(random.integer(4));
    for (const one of site.nodes) if (one.isCut) one.release();
    await site.clock.run(random.integer(400));
    assert.ok(site.inUse <= limit, `seed ${seed}, step ${step}: ${site.inUse} of ${limit}`);
  }
}

async function outages(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const limit = 1 + random.integer(12);
  const site = await Site.of(2 + random.integer(3), limit, { hears: random.chance(0.7) });
  const act = async (steps: number, mostReleased = 3) => {
    for (let step = 0; step < steps; step++) {
      const node = random.pick(site.nodes);
      const doing = random.integer(4);
      if (doing === 0) for (let n = random.integer(4); n > 0; n--) void node.call();
      else if (doing === 1) for (let n = random.integer(4); n > 0; n--) node.job();
      else node.release(random.integer(mostReleased));
      await site.clock.run(random.integer(200));
      assert.ok(site.inUse <= limit, `seed ${seed}: ${site.inUse} of ${limit}`);
    }
  };
  for (let outage = 0; outage < 4; outage++) {
    await act(20);
    for (const node of site.nodes) node.isCut = true;
    // Hardly anything ends that needs the store.
    await act(random.integer(100), random.integer(2));
    for (const node of site.nodes) {
      node.isCut = false;
      await act(random.integer(5), 1);
    }
  }
}
