// Limits that nodes share: what they hold is theirs for its time and never above the limit, and their starts obey the
// rate. How a limit is divided is core's, and tested there; here stands what a store keeps of it.
import assert from "node:assert/strict";
import type { LimitAsk, LimitGrant, ShareAnswer, ShareRequest } from "../../src/core/share.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { promises } from "./promises.ts";
import type { World } from "./world.ts";

const FOR_MS = 5_000;

type More = Partial<Pick<ShareRequest, "report" | "unheardMs">>;

/** Nodes of one store, which number their requests. */
class Nodes {
  readonly #world: World;
  readonly #numbers = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  async ask(id: string, limits: readonly LimitAsk[], more: More = {}): Promise<ShareAnswer> {
    const number = (this.#numbers.get(id) ?? 0) + 1;
    this.#numbers.set(id, number);
    return this.askAs(id, number, limits, more);
  }

  async askAs(
    id: string,
    number: number,
    limits: readonly LimitAsk[],
    more: More = {},
  ): Promise<ShareAnswer> {
    const { share } = this.#world.engine;
    assert.ok(share);
    const node = { id, host: `host of ${id}`, role: "all", startedAt: 7 };
    return await share.call(this.#world.engine, {
      node,
      number,
      forMs: FOR_MS,
      limits,
      report: "{}",
      ...more,
    });
  }

  async leave(id: string): Promise<void> {
    const { share } = this.#world.engine;
    const node = { id, host: `host of ${id}`, role: "all", startedAt: 7 };
    const number = (this.#numbers.get(id) ?? 0) + 1;
    await share?.call(this.#world.engine, {
      ...{ node, number, forMs: FOR_MS, limits: [], report: "{}", leaves: true },
    });
  }

  async grant(id: string, ask: LimitAsk): Promise<LimitGrant> {
    const { limits } = await this.ask(id, [ask]);
    const [grant] = limits;
    assert.ok(grant);
    return grant;
  }

  async slots(id: string, jobs: number, more: Partial<LimitAsk> = {}): Promise<number> {
    return (await this.grant(id, db({ jobs, ...more }))).slots;
  }
}

function db(more: Partial<LimitAsk> = {}): LimitAsk {
  return {
    ...{ scope: "resource", name: "db", concurrency: 10 },
    ...{ inUse: 0, keep: 0, calls: 0, jobs: 0, spare: 0 },
    ...more,
  };
}

promises(
  "limits that nodes share",
  (promise) => {
    promise("a node is given what it wants, as far as the limit goes", async (world) => {
      const nodes = new Nodes(world);
      assert.equal(await nodes.slots("a", 4), 4);
      assert.equal(await nodes.slots("a", 40, { keep: 4 }), 10);
    });

    promise("what one holds no other is given, until it gives it back", async (world) => {
      const nodes = new Nodes(world);
      assert.equal(await nodes.slots("a", 10), 10);
      assert.equal(await nodes.slots("b", 5), 0);
      assert.equal(await nodes.slots("a", 10, { keep: 3, inUse: 3 }), 5);
      assert.equal(await nodes.slots("b", 5), 5);
    });

    promise("what a node holds is over with its time, unless it asks again", async (world) => {
      const nodes = new Nodes(world);
      await nodes.slots("a", 6);
      world.clock.advance(FOR_MS - 1);
      assert.equal(await nodes.slots("b", 10), 4);
      await nodes.slots("a", 6, { keep: 6 });
      world.clock.advance(FOR_MS - 1);
      assert.equal(await nodes.slots("b", 10, { keep: 4 }), 4);
      world.clock.advance(1);
      assert.equal(await nodes.slots("b", 10, { keep: 4 }), 10);
    });

    promise("what ran out while who asks was not answered either, is still another's", async (world) => {
      const nodes = new Nodes(world);
      await nodes.slots("a", 6);
      world.clock.advance(FOR_MS + 1_000);
      const back = async (unheardMs: number) => {
        const { limits } = await nodes.ask("b", [db({ jobs: 10 })], { unheardMs });
        return limits[0]?.slots;
      };
      assert.equal(await back(FOR_MS), 4);
      assert.equal(await nodes.slots("a", 6, { inUse: 6, keep: 6 }), 6);
      world.clock.advance(FOR_MS + 1_000);
      assert.equal(await back(999), 10);
    });

    promise(
      "answers are positional, an operation's limit apart from a resource's of the same name",
      async (world) => {
        const nodes = new Nodes(world);
        const asks = [
          db({ jobs: 2 }),
          db({ scope: "operation", concurrency: 3, jobs: 9 }),
          db({ name: "other", jobs: 1 }),
        ];
        const { limits } = await nodes.ask("a", asks);
        assert.deepEqual(
          limits.map(({ scope, name, slots }) => [scope, name, slots]),
          [
            ["resource", "db", 2],
            ["operation", "db", 3],
            ["resource", "other", 1],
          ],
        );
      },
    );

    promise("what operators set is in force instead of what is declared", async (world) => {
      const nodes = new Nodes(world);
      const setting = { scope: "resource", name: "db", paused: false, concurrency: 3 } as const;
      await world.commit({ kind: "set", setting });
      assert.equal(await nodes.slots("a", 10), 3);
      await world.commit({ kind: "set", setting: { ...setting, concurrency: null } });
      assert.equal(await nodes.slots("a", 10, { keep: 3 }), 10);
    });

    promise("a request that comes after its successor changes nothing", async (world) => {
      const nodes = new Nodes(world);
      await nodes.askAs("a", 2, [db({ jobs: 8 })]);
      const late = await nodes.askAs("a", 1, [db({ jobs: 1 })]);
      assert.deepEqual([late.passed, late.limits], [true, []]);
      assert.equal(await nodes.slots("b", 10), 2);
    });

    promise("whoever leaves gives everything back, and is gone from the nodes", async (world) => {
      const nodes = new Nodes(world);
      await nodes.slots("a", 8);
      await nodes.slots("b", 2);
      await nodes.leave("a");
      assert.equal(await nodes.slots("b", 10, { keep: 2 }), 10);
      assert.deepEqual(
        (await world.engine.nodes?.())?.map(({ id }) => id),
        ["b"],
      );
    });

    promise("a request that comes after its node has left changes nothing", async (world) => {
      const nodes = new Nodes(world);
      await nodes.slots("a", 8);
      await nodes.leave("a");
      const late = await nodes.askAs("a", 1, [db({ jobs: 8 })]);
      assert.deepEqual([late.passed, late.limits], [true, []]);
      assert.deepEqual(await world.engine.nodes?.(), []);
      assert.equal(await nodes.slots("b", 10), 10);
    });

    promise(
      "nodes are told of as they told of themselves, and as lost when their time is over",
      async (world) => {
        const nodes = new Nodes(world);
        await nodes.ask("a", [], { report: '{"says":"a"}' });
        world.clock.advance(1_000);
        await nodes.ask("b", [], { report: '{"says":"b"}' });
        const now = world.clock.now();
        const told = (id: string, seenAt: number, lost: boolean) => ({
          ...{
            id,
            host: `host of ${id}`,
            role: "all",
            startedAt: 7,
            seenAt,
            lost,
            report: `{"says":"${id}"}`,
          },
        });
        const known = async () => (await world.engine.nodes?.())?.toSorted((x, y) => (x.id < y.id ? -1 : 1));
        assert.deepEqual(await known(), [told("a", now - 1_000, false), told("b", now, false)]);
        world.clock.advance(FOR_MS - 1_000);
        assert.deepEqual(await known(), [told("a", now - 1_000, true), told("b", now, false)]);
      },
    );

    promise("the starts of a rate are one bucket's, whoever draws them", async (world) => {
      const nodes = new Nodes(world);
      const want = (wanted: number, unused = 0) => db({ rate: { perSecond: 50, wanted, unused } });
      assert.equal((await nodes.grant("a", want(3))).starts, 3);
      assert.equal((await nodes.grant("b", want(9))).starts, 2);
      const none = await nodes.grant("a", want(1));
      assert.deepEqual([none.starts, none.startInMs], [0, 20]);
      world.clock.advance(20);
      assert.equal((await nodes.grant("a", want(5))).starts, 1);
      assert.equal((await nodes.grant("a", want(0, 2))).starts, 0);
      assert.equal((await nodes.grant("b", want(5))).starts, 2);
    });

    promise("nodes that ask at the same time hold no more than the limit together", async (world) => {
      const nodes = new Nodes(world);
      const random = new SeededRandom(3);
      const names = ["a", "b", "c", "d"];
      const held = new Map<string, number>();
      for (let round = 0; round < 25; round++) {
        await Promise.all(
          names.map(async (id) => {
            const before = held.get(id) ?? 0;
            const keep = Math.min(before, random.integer(6));
            // From here on it uses no more than that.
            held.set(id, keep);
            held.set(id, await nodes.slots(id, random.integer(12), { keep }));
          }),
        );
        const sum = [...held.values()].reduce((a, b) => a + b, 0);
        assert.ok(sum <= 10, `round ${round}: ${sum} of 10 are held`);
      }
    });
  },
  "limits that nodes share",
);
