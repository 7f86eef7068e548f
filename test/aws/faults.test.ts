/**
 * Processes on one store while requests are refused, lost on the way, or done without an answer, processes end at any
 * moment, and messages come twice and in disorder: judged by the ledger of what was promised. And broken engines, to
 * show that the judge would see it.
 */
import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import { SeededRandom } from "../support/seeded-random.ts";
import { TestClock } from "../support/test-clock.ts";
import { finish } from "./support/crashes.ts";
import { byChance, Life, type Rule } from "./support/faults.ts";
import { judge, kinds, Ledger } from "./support/jobs.ts";
import { begin, type Place, type Way } from "./support/processes.ts";
import { type Rig, rig, withoutMoto } from "./support/rig.ts";
import { whileRunning } from "./support/running.ts";

/** `SEED` runs one, `SEEDS` that many. */
const one = process.env["SEED"];
const seeds = one
  ? [Number(one)]
  : Array.from({ length: Number(process.env["SEEDS"] ?? 2) }, (_, index) => index + 1);
const PROCESSES = 3;
const ROUNDS = 5;
const CALLS = 3;

/** Some twice, in another order; and now and then one that was seen before, deleted or not. */
function disorder(random: SeededRandom): <M>(messages: readonly M[]) => readonly M[] {
  const seen: unknown[] = [];
  return <M>(messages: readonly M[]) => {
    const twice = messages.filter(() => random.chance(0.3));
    const old = seen.length > 0 && random.chance(0.5) ? [random.pick(seen) as M] : [];
    seen.push(...messages);
    const all = [...messages, ...twice, ...old].map((message) => ({ message, at: random.fraction() }));
    return all.sort((one, other) => one.at - other.at).map(({ message }) => message);
  };
}

/** One process after another in one place, each until it ends by chance or has done its rounds. */
async function inhabited(way: Way, place: Place, ledger: Ledger, seed: number, spoil?: Rule): Promise<void> {
  const random = new SeededRandom(seed);
  const mix = disorder(random);
  const chance = byChance(random, 0.08);
  const lives = Array.from({ length: PROCESSES }, async (_, number) => {
    for (let successor = 0; successor < 2; successor++) {
      const life = new Life(20 + random.integer(120), random.pick(["silent-done", "silent-undone"]));
      const rule: Rule = (request) => life.rule(request) ?? spoil?.(request) ?? chance(request);
      const start = { seed: seed * 100 + number * 10 + successor, rule, deliver: mix };
      await Promise.race([life.death, oneLife(way, place, start, ledger, random).catch(() => undefined)]);
    }
  });
  await whileRunning(place.clock, Promise.all(lives));
}

async function oneLife(
  way: Way,
  place: Place,
  start: Parameters<typeof begin>[2],
  ledger: Ledger,
  random: SeededRandom,
): Promise<void> {
  const worker = await begin(way, place, start, ledger);
  for (let round = 0; round < ROUNDS; round++) {
    for (let call = 0; call < CALLS; call++) {
      await worker.accept(random.pick(kinds), random.chance(0.2) ? { delayMs: 1_500 } : {});
    }
    if (random.chance(0.5)) await worker.runAtOnce(random.pick(["plain", "again"]));
    if (random.chance(0.5)) await worker.bornSettled();
    await worker.work();
    if (random.chance(0.3)) place.clock.advance(31_000);
    await worker.engine.sweep(100);
  }
}

suite("whatever becomes of requests, messages and processes,", { skip: withoutMoto }, () => {
  let on: Rig;
  before(async () => {
    on = await rig();
  });

  for (const way of ["asking", "handed"] as const) {
    for (const seed of seeds) {
      test(`what was promised is kept, and done once (${way}, seed ${seed})`, async () => {
        const store = await on.newStore(["work"]);
        const place = { on, store, clock: new TestClock() };
        const ledger = new Ledger();
        await inhabited(way, place, ledger, seed);
        assert.ok(ledger.accepted.size >= 10, `${ledger.accepted.size} were accepted`);
        place.clock.advance(61_000);
        const survivor = await finish(way, place, ledger, 900);
        await judge(survivor.engine, ledger);
        await store.remove();
      });
    }
  }

  /** A client that does something else than it was told. */
  const broken: readonly (readonly [string, Way, (command: Sent) => void | "unsent", RegExp])[] = [
    [
      "settles without its fence",
      "handed",
      ({ name, input }) => {
        for (const item of name === "TransactWriteItems" ? (input.TransactItems ?? []) : []) {
          for (const write of Object.values(item)) delete write.ConditionExpression;
        }
      },
      /doubled|effects of|the count of all|of \w+ /,
    ],
    [
      "keeps the outcome, and not what comes with it",
      "handed",
      ({ name, input }) => {
        if (name === "TransactWriteItems") input.TransactItems?.splice(1);
      },
      /effects of|lost/,
    ],
    [
      "says that a message is sent which is not",
      "handed",
      ({ name }) => (name === "SendMessageBatch" ? "unsent" : undefined),
      /queued: |of \w+ /,
    ],
    [
      "claims a row whatever it says",
      "asking",
      ({ name, input }) => {
        if (name === "UpdateItem") delete input.ConditionExpression;
      },
      /doubled|effects of|the count of all|of \w+ /,
    ],
  ];
  for (const [what, way, breaks, seen] of broken) {
    test(`the judge sees an engine that ${what}`, async () => {
      const store = await on.newStore(["work"]);
      const clock = new TestClock();
      const place = { on: spoiled(on, breaks), store, clock };
      const ledger = new Ledger();
      const [one, other] = [
        await begin(way, place, { seed: 1 }, ledger),
        await begin(way, place, { seed: 2 }, ledger),
      ];
      for (const kind of ["plain", "sends"] as const) await one.accept(kind);
      // Both have the same job for a time: one is slow, and the other takes over when its lease is over.
      const slow = one.caller.attempt.bind(one.caller);
      one.caller.attempt = async (engine, run) => {
        one.caller.attempt = slow;
        clock.advance(61_000);
        await other.engine.sweep(10);
        clock.advance(61_000);
        await other.work();
        return slow(engine, run);
      };
      await one.work();
      await assert.rejects(async () => {
        const survivor = await finish(way, place, ledger, 3, 8);
        await judge(survivor.engine, ledger);
      }, seen);
      await store.remove();
    });
  }
});

type Write = { ConditionExpression?: string };
type Sent = {
  readonly name: string;
  readonly input: Write & { TransactItems?: Record<string, Write>[]; Entries?: { Id: string }[] };
};

function spoiled(on: Rig, breaks: (command: Sent) => void | "unsent"): Rig {
  const spoil = <C extends ReturnType<Rig["dynamodb"]> | ReturnType<Rig["sqs"]>>(client: C): C => {
    const stack = client.middlewareStack as ReturnType<Rig["dynamodb"]>["middlewareStack"];
    stack.add(
      (next, context) => async (args) => {
        const name = String(context["commandName"]).replace(/Command$/, "");
        const verdict = breaks({ name, input: args.input as Sent["input"] });
        return verdict === "unsent" ? { output: { $metadata: {} }, response: {} } : next(args);
      },
      { step: "initialize", name: "broken" },
    );
    return client;
  };
  return { ...on, dynamodb: () => spoil(on.dynamodb()), sqs: (now) => spoil(on.sqs(now)) };
}
