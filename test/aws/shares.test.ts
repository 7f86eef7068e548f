/** Slots that processes share: never more holders than slots, whatever crashes, and all of them free in the end. */
import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import type { Share } from "../../src/core/share.ts";
import { Slots } from "../../src/engines/aws/shares.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { TestClock } from "../support/test-clock.ts";
import { byChance, intercept, Life, type Request, type Rule } from "./support/faults.ts";
import { type Rig, rig, type Store, withoutMoto } from "./support/rig.ts";

const FOR_MS = 10_000;
/** What of its time a holder may use, and by how much the clocks of two differ. */
const SKEW_MS = 1_000;

suite("shared slots", { skip: withoutMoto }, () => {
  let on: Rig;
  before(async () => {
    on = await rig();
  });

  const limitsOf = { pay: ["bank"], refund: ["bank", "audit"], mail: [] };
  type Process = { readonly slots: Slots; readonly requests: Request[] };
  type Use = {
    readonly clock: TestClock;
    readonly store: Store;
    start(options?: { atOnce?: number; seed?: number; rule?: Rule; skewMs?: number }): Process;
  };
  const promise = (sentence: string, keep: (use: Use) => Promise<void>) =>
    test(sentence, async () => {
      const store = await on.newStore([]);
      const clock = new TestClock();
      const start: Use["start"] = ({ atOnce = 3, seed = 1, rule, skewMs = 0 } = {}) => {
        const client = on.dynamodb();
        const requests: Request[] = [];
        intercept(client, (request) => {
          requests.push(request);
          return rule?.(request);
        });
        const skewed = {
          now: () => clock.now() + skewMs,
          monotonic: () => clock.monotonic(),
          after: clock.after.bind(clock),
          soon: clock.soon.bind(clock),
        };
        const slots = new Slots({
          client: () => client,
          table: store.table,
          clock: skewed,
          random: new SeededRandom(seed),
          limits: { bank: { atOnce }, audit: { atOnce: 1 } },
          limitsOf,
        });
        return { slots, requests };
      };
      try {
        await keep({ clock, store, start });
      } finally {
        await store.remove();
      }
    });

  const taken = async (slots: Slots, operation: string, forMs = FOR_MS): Promise<Share> => {
    const share = await slots.take(operation, forMs);
    assert.ok(share, `a slot for ${operation}`);
    return share;
  };

  promise("as many are given as there are, whichever process asks", async ({ start }) => {
    const processes = [1, 2, 3, 4].map((seed) => start({ seed }).slots);
    const shares = [];
    for (const slots of processes) shares.push(await slots.take("pay", FOR_MS));
    assert.deepEqual(
      shares.map((share) => share !== undefined),
      [true, true, true, false],
    );
    shares[1]?.release();
    await processes[1]?.quiet();
    await taken(processes[3] as Slots, "pay");
  });

  promise("an operation without limits needs no slot, and no request", async ({ start }) => {
    const { slots, requests } = start();
    (await taken(slots, "mail")).release();
    (await taken(slots, "unheard-of")).release();
    await slots.quiet();
    assert.deepEqual(requests, []);
  });

  promise("of several limits all are held, or none", async ({ start }) => {
    const [one, two] = [start({ seed: 1 }).slots, start({ seed: 2 }).slots];
    const both = await taken(one, "refund");
    assert.equal(await two.take("refund", FOR_MS), undefined, "the audit has one");
    await two.quiet();
    await taken(two, "pay");
    await taken(two, "pay");
    assert.equal(await two.take("pay", FOR_MS), undefined, "the refund that got none holds none");
    both.release();
    await one.quiet();
    await taken(two, "refund");
  });

  promise("the slot that a process had costs it two writes a call, and no look", async ({ start }) => {
    const { slots, requests } = start();
    for (let call = 0; call < 5; call++) {
      (await taken(slots, "pay")).release();
      await slots.quiet();
    }
    const names = requests.map(({ name }) => name);
    const twoWrites = ["UpdateItem", "DeleteItem"];
    assert.deepEqual(names, ["Query", ...Array.from({ length: 5 }, () => twoWrites).flat()]);
  });

  promise("what a dead process held is free when its time is over, and not before", async (use) => {
    const { start, clock } = use;
    await taken(start({ atOnce: 1, seed: 1 }).slots, "pay");
    const { slots } = start({ atOnce: 1, seed: 2 });
    clock.advance(FOR_MS);
    assert.equal(await slots.take("pay", FOR_MS), undefined);
    clock.advance(5_000);
    await taken(slots, "pay");
  });

  promise("who comes late releases nothing of his successor's", async ({ start, clock }) => {
    const late = start({ atOnce: 1, seed: 1 });
    const share = await taken(late.slots, "pay");
    clock.advance(FOR_MS + 5_000);
    const { slots } = start({ atOnce: 1, seed: 2 });
    await taken(slots, "pay");
    share.release();
    await late.slots.quiet();
    assert.equal(await start({ atOnce: 1, seed: 3 }).slots.take("pay", FOR_MS), undefined);
  });

  promise("a slot whose answer was lost is given back", async ({ start }) => {
    const rule: Rule = ({ name }) => (name === "UpdateItem" ? "lost" : undefined);
    const unlucky = start({ atOnce: 1, seed: 1, rule });
    await assert.rejects(unlucky.slots.take("pay", FOR_MS), /Injected/);
    await unlucky.slots.quiet();
    await taken(start({ atOnce: 1, seed: 2 }).slots, "pay");
  });

  promise("a slot is had by the client that was answered on its second try", async ({ start, store }) => {
    const client = on.dynamodb();
    let tries = 0;
    intercept(client, ({ name }) => (name === "UpdateItem" && tries++ === 0 ? "lost" : undefined), "try");
    const clock = new TestClock();
    const random = new SeededRandom(1);
    const limits = { bank: { atOnce: 1 } };
    const slots = new Slots({ client: () => client, table: store.table, clock, random, limits, limitsOf });
    await taken(slots, "pay");
    assert.equal(tries, 2);
    assert.equal(await start({ atOnce: 1 }).slots.take("pay", FOR_MS), undefined);
  });

  promise(
    "a slot that was long in coming is not used: another may have it before the work is over",
    async (use) => {
      const { start, clock } = use;
      const slow = start({
        rule: ({ name }) => {
          if (name === "UpdateItem") clock.advance(2_001);
          return undefined;
        },
      });
      assert.equal(await slow.slots.take("pay", FOR_MS), undefined);
      await slow.slots.quiet();
    },
  );

  for (const seed of [1, 2, 3]) {
    promise(`never more hold one than there are, whatever crashes or is lost, seed ${seed}`, async (use) => {
      assert.ok((await crowd(use, seed)) > 40, "most of them had a slot at some time");
    });
  }

  /** Answers how often a slot was given. */
  async function crowd({ start, clock }: Use, seed: number): Promise<number> {
    const random = new SeededRandom(seed);
    const ATONCE = 3;
    const most: Record<string, number> = { bank: ATONCE, audit: 1 };
    type Holder = {
      readonly operation: keyof typeof limitsOf;
      readonly until: number;
      readonly share: Share;
    };
    /** Those who believe, rightly, that they may work now. */
    const holders = new Set<Holder>();
    let given = 0;
    const born = (seed: number) => {
      const life = new Life(
        5 + Math.floor(random.fraction() * 40),
        random.fraction() < 0.5 ? "silent-done" : "silent-undone",
      );
      const chance = byChance(random, 0.1);
      const rule: Rule = (request) => life.rule(request) ?? chance(request);
      const skewMs = Math.floor((random.fraction() - 0.5) * 2 * SKEW_MS);
      return { life, slots: start({ atOnce: ATONCE, seed, rule, skewMs }).slots, mine: new Set<Holder>() };
    };
    const living = Array.from({ length: 6 }, (_, index) => born(seed * 1_000 + index));
    for (let round = 0; round < 60; round++) {
      const asking = living.map(async (process, place) => {
        const operation = random.fraction() < 0.7 ? "pay" : "refund";
        const taking = process.slots.take(operation, FOR_MS).catch(() => undefined);
        const share = await Promise.race([taking, process.life.death]);
        if (process.life.over) {
          // With its process its work ends.
          for (const holder of process.mine) holders.delete(holder);
          living[place] = born(seed * 1_000 + round * 10 + place + 100);
          return;
        }
        if (!share) return;
        const holder = { operation, until: clock.monotonic() + FOR_MS, share } as const;
        process.mine.add(holder);
        holders.add(holder);
        given++;
        for (const [limit, slots] of Object.entries(most)) {
          const now = [...holders].filter((one) =>
            (limitsOf[one.operation] as readonly string[]).includes(limit),
          );
          assert.ok(now.length <= slots, `${now.length} hold one of ${slots} of ${limit} in round ${round}`);
        }
      });
      await Promise.all(asking);
      for (const holder of holders) {
        if (random.fraction() < 0.4 && holder.until > clock.monotonic()) continue;
        holders.delete(holder);
        holder.share.release();
      }
      clock.advance(Math.floor(random.fraction() * 4_000));
      for (const holder of holders) if (holder.until <= clock.monotonic()) holders.delete(holder);
    }
    clock.advance(FOR_MS + 10_000);
    const { slots } = start({ atOnce: ATONCE, seed });
    for (let n = 0; n < ATONCE; n++) await taken(slots, "pay");
    assert.equal(await slots.take("pay", FOR_MS), undefined);
    return given;
  }
});
