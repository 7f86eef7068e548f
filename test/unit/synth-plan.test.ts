/** What an app becomes on AWS: queues, the division of limits, the numbers of functions; and what is refused. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as z from "zod";
import { type AppOptions, spillway } from "../../src/app/app.ts";
import { operation, type SpecOptions } from "../../src/core/operation.ts";
import { resource } from "../../src/core/resource.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { idsOf } from "../../src/synth/names.ts";
import { type Choices, type Plan, planOf } from "../../src/synth/plan.ts";
import { sizesFor } from "../../src/synth/queues.ts";

type Options = Omit<SpecOptions<typeof Input, undefined>, "input">;

const Input = z.object({ sku: z.string() });
const made = (options: Options) => operation({ input: Input, ...options }, () => {});
const appOf = (list: readonly Options[], more: Partial<AppOptions> = {}) =>
  spillway({ operations: list.map(made), engine: memory(), ...more }).options;

function planned(list: readonly Options[], choices?: Choices, more?: Partial<AppOptions>): Plan {
  const result = planOf(appOf(list, more), choices);
  assert.equal(result.kind, "planned", JSON.stringify(result));
  return (result as Extract<typeof result, { kind: "planned" }>).plan;
}

function refused(list: readonly Options[], choices?: Choices, more?: Partial<AppOptions>): string {
  const result = planOf(appOf(list, more), choices);
  assert.equal(result.kind, "refused");
  const { refusals } = result as Extract<typeof result, { kind: "refused" }>;
  return refusals.map(({ operation, reason, next }) => `${operation ?? "-"}: ${reason} → ${next}`).join("\n");
}

const limits = (plan: Plan) =>
  Object.fromEntries(plan.limits.map(({ name, atOnce, queue }) => [name, `${atOnce}+${queue}`]));
const queues = (plan: Plan) =>
  Object.fromEntries(plan.queues.map(({ name, operations }) => [name, operations.join(" ")]));

const own = (concurrency: number) => ({ concurrency });
const a = resource("a", { concurrency: 40 });
const b = resource("b", { concurrency: 10 });

describe("a limit is divided for good, and never above its sum", () => {
  const rows: readonly (readonly [string, Options["flow"] & string, number, string])[] = [
    ["a spill has half, and its queue the odd one", "spill", 16, "8+8"],
    ["", "spill", 7, "3+4"],
    ["three is the least that both sides can share", "spill", 3, "1+2"],
    ["an event has no calls at once", "event", 10, "0+10"],
    ["", "event", 2, "0+2"],
    ["a request has no queue", "request", 10, "10+0"],
    ["", "request", 1, "1+0"],
    ["more than ten jobs in each of a thousand functions cannot run", "event", 100_000, "0+10000"],
    ["and what the queue cannot use goes to calls at once", "spill", 100_000, "90000+10000"],
  ];
  for (const [why, flow, concurrency, expected] of rows) {
    test(`${flow} of ${concurrency}: ${expected}${why && `, since ${why}`}`, () => {
      const plan = planned([{ name: "op", flow, limits: own(concurrency) }]);
      assert.deepEqual(limits(plan), { "operations/op": expected });
    });
  }

  test("by choice, which may be named by resource, operation or whole name", () => {
    const list: readonly Options[] = [
      { name: "one", limits: b },
      { name: "two", limits: own(10) },
    ];
    const plan = planned(list, {
      shares: { b: { atOnce: 6, of: 10 }, "operations/two": { atOnce: 0, of: 10 } },
    });
    assert.deepEqual(limits(plan), { "resources/b": "6+4", "operations/two": "0+10" });
  });

  test("what a queue cannot use under a smaller limit goes to calls at once", () => {
    const plan = planned([{ name: "both", limits: [a, b] }]);
    assert.deepEqual(limits(plan), { "resources/a": "35+5", "resources/b": "5+5" });
  });

  test("what nobody can use is said", () => {
    const plan = planned([
      { name: "both", flow: "event", limits: [a, b] },
      { name: "one", flow: "event", limits: a },
    ]);
    assert.deepEqual(limits(plan), { "resources/a": "0+10", "resources/b": "0+10" });
    assert.match(plan.notes.join("\n"), /Of the 40 of "a", 30 can never be used \(10 in the queue\)/);
  });

  test("an internal operation is never called at once", () => {
    const plan = planned([{ name: "op", access: "internal", limits: own(10) }]);
    assert.deepEqual(limits(plan), { "operations/op": "0+10" });
  });
});

describe("operations that share a limit share a queue", () => {
  test("by whichever chain, and no others", () => {
    const plan = planned([
      { name: "one", limits: a },
      { name: "two", limits: [a, b] },
      { name: "three", limits: b },
      { name: "alone", limits: own(4) },
    ]);
    assert.deepEqual(queues(plan), { alone: "alone", a: "one three two" });
  });

  test("a request joins none", () => {
    const plan = planned([
      { name: "one", flow: "event", limits: a },
      { name: "reads", flow: "request", limits: [a, b] },
      { name: "two", flow: "event", limits: b },
    ]);
    assert.deepEqual(queues(plan), { a: "one", b: "two" });
    assert.equal(plan.operations.find(({ name }) => name === "reads")?.queue, undefined);
    assert.deepEqual(limits(plan), { "resources/a": "20+20", "resources/b": "5+5" });
  });

  test("a resource and an operation of one name have queues of different names", () => {
    const plan = planned([
      { name: "a", flow: "event", limits: own(4) },
      { name: "one", flow: "event", limits: a },
    ]);
    assert.deepEqual(queues(plan), { "operations/a": "a", "resources/a": "one" });
    assert.deepEqual(
      plan.queues.map(({ id }) => id),
      ["OperationsA", "ResourcesA"],
    );
  });

  test("names that would be one id get a digest each", () => {
    const ids = [...idsOf(["a-b", "a.b", "orders-db"]).values()];
    assert.equal(new Set(ids).size, 3);
    assert.equal(ids[2], "OrdersDb");
    for (const id of ids) assert.match(id, /^[A-Z][A-Za-z0-9]*$/);
  });

  test("the plan does not depend on the order of operations", () => {
    const list: Options[] = [{ name: "one", limits: a }, { name: "two", limits: [a, b] }, { name: "three" }];
    assert.deepEqual(planned(list), planned(list.toReversed()));
  });
});

describe("functions of a queue", () => {
  const rows = [
    [2, 10, 2, 1],
    [3, 10, 3, 1],
    [4, 10, 2, 2],
    [5, 10, 5, 1],
    [7, 10, 7, 1],
    [8, 10, 2, 4],
    [8, 1, 8, 1],
    [10, 10, 2, 5],
    [100, 10, 10, 10],
    [5_000, 10, 500, 10],
    [50_000, 10, 1_000, 10],
    [50_000, 3, 1_000, 3],
  ] as const;
  for (const [share, most, invocations, parallel] of rows) {
    test(`a share of ${share}, with ${most} at once in each at most, is ${invocations} × ${parallel}`, () =>
      assert.deepEqual(sizesFor(share, most), { maximumConcurrency: invocations, parallel }));
  }

  test("never have more than the share in use, and at least two run", () => {
    for (let share = 2; share <= 3_000; share++) {
      for (const most of [1, 2, 3, 10]) {
        const { maximumConcurrency, parallel } = sizesFor(share, most);
        assert.ok(maximumConcurrency >= 2 && maximumConcurrency <= 1_000 && parallel <= most);
        assert.ok(maximumConcurrency * parallel <= share);
      }
    }
  });

  const timed = [
    ["30s", 8, 10, 100],
    ["5s", 7, 10, 60],
    ["1s", 8, 10, 13],
    ["30s", 7, 3, 100],
    ["60s", 8, 4, 70],
    ["890s", 8, 4, 900],
    ["250ms", 100, 10, 11],
  ] as const;
  for (const [timeout, concurrency, batch, functionS] of timed) {
    test(`that run jobs of ${timeout}, ${concurrency} at once, take ${batch} and have ${functionS} s`, () => {
      const plan = planned([{ name: "op", flow: "event", timeout, limits: own(concurrency) }]);
      const [queue] = plan.queues;
      assert.equal(queue?.batchSize, batch);
      assert.equal(queue?.functionTimeoutSeconds, functionS);
      assert.equal(queue?.visibilitySeconds, 6 * functionS);
    });
  }

  test("outlive their worst batch, and stay within what AWS allows, whatever the timeout", () => {
    for (let seconds = 1; seconds <= 890; seconds++) {
      for (const concurrency of [2, 7, 8, 100]) {
        const [queue] = planned(
          [{ name: "op", flow: "event", timeout: `${seconds}s`, limits: own(concurrency) }],
          { windowSeconds: 300 },
        ).queues;
        assert.ok(queue);
        const worst = Math.ceil(queue.batchSize / queue.parallel) * seconds;
        assert.ok(worst + 10 <= queue.functionTimeoutSeconds && queue.functionTimeoutSeconds <= 900);
        assert.ok(queue.visibilitySeconds >= 6 * queue.functionTimeoutSeconds + queue.windowSeconds);
        assert.ok(queue.visibilitySeconds <= 43_200);
        assert.ok(queue.parallel <= queue.batchSize && queue.batchSize <= 10);
      }
    }
  });

  test("have the longest timeout and the most deliveries of the operations they run", () => {
    const plan = planned([
      { name: "one", flow: "event", limits: b, timeout: "10s", retry: { maxAttempts: 3 } },
      { name: "two", flow: "event", limits: b, timeout: "100s", retry: { maxAttempts: 7 } },
    ]);
    assert.equal(plan.queues[0]?.functionTimeoutSeconds, 110);
    assert.equal(plan.queues[0]?.maxReceiveCount, 7 * 11 + 20);
  });
});

describe("what AWS cannot honour is refused, with the reason and the next step", () => {
  const event: Options = { name: "op", flow: "event" };
  const rows: readonly (readonly [string, readonly Options[], Choices, RegExp])[] = [
    [
      "a concurrency of one",
      [{ ...event, limits: own(1) }],
      {},
      /"op" has a concurrency of 1, and AWS runs 2 functions of a queue at once at least\. → Raise it to 2, or serve it from one container/,
    ],
    [
      "two for both sides",
      [{ name: "op", limits: own(2) }],
      {},
      /concurrency of 2, of which 1 is its queue's share.*→ Raise it to 3, or give all operations under it/,
    ],
    [
      "a share that leaves the queue one",
      [{ name: "op", limits: own(10) }],
      { shares: { op: { atOnce: 9, of: 10 } } },
      /→ Leave the queue 2 at least: --share op=8\/10/,
    ],
    [
      "a share of another total",
      [{ name: "op", limits: own(10) }],
      { shares: { op: { atOnce: 5, of: 12 } } },
      /is divided 5\/12 by --share, and its concurrency is 10\. → .*--share op=5\/10/,
    ],
    [
      "a share of more than there is, once",
      [{ name: "op", limits: own(10) }],
      { shares: { op: { atOnce: 11, of: 10 } } },
      /^-: "op" is divided 11\/10 by --share, and its concurrency is 10\. → .*--share op=5\/10\.$/,
    ],
    [
      "a share that leaves requests nothing",
      [
        { name: "asks", flow: "request", limits: b },
        { name: "op", limits: b },
      ],
      { shares: { b: { atOnce: 0, of: 10 } } },
      /"b" keeps nothing for calls at once, and every call of asks would be refused/,
    ],
    [
      "a share of what is not divided",
      [event],
      { shares: { op: { atOnce: 1, of: 16 } } },
      /--share names "op", which is no limit that calls at once and a queue divide/,
    ],
    [
      "a rate",
      [{ ...event, limits: resource("mail", { concurrency: 5, rate: "10/s" }) }],
      {},
      /"mail" has a rate of 10 starts a second.* → Leave the rate out/,
    ],
    [
      "a backlog",
      [{ ...event, backlog: 100 }],
      {},
      /op: Its backlog is bounded by 100, and SQS counts only nearly/,
    ],
    ["a job longer than a function", [{ ...event, timeout: "15m" }], {}, /op: Its timeout is 900 s; .*890 s/],
    [
      "a call at once longer than the gateway waits",
      [{ name: "op", timeout: "31s" }],
      {},
      /Its timeout is 31 s, its flow "spill" answers at once.*→ Lower its timeout to 28 s, or give it flow "event"/,
    ],
    ["--direct of nothing", [event], { direct: ["oq"] }, /-: --direct names "oq".* → It has op\./],
    [
      "--direct of a request",
      [{ name: "op", flow: "request" }],
      { direct: ["op"] },
      /a queue answers nobody. → Leave it out/,
    ],
    [
      "--direct of an operator's operation",
      [{ ...event, access: "admin" }],
      { direct: ["op"] },
      /Its access is "admin"/,
    ],
  ];
  for (const [what, list, choices, expected] of rows) {
    test(what, () => assert.match(refused(list, choices), expected));
  }

  test("--direct of an operation whose schema is no JSON Schema", () => {
    const dated = operation({ name: "op", flow: "event", input: z.object({ at: z.date() }) }, () => {});
    const result = planOf(spillway({ operations: [dated], engine: memory() }).options, { direct: ["op"] });
    assert.match(JSON.stringify(result), /could check no input/);
  });

  test("a quota", () =>
    assert.match(refused([event], {}, { quota: { calls: 10, seconds: 60 } }), /quota of 10 calls in 60 s/));

  test("all of it at once, not one after the other", () =>
    assert.equal(refused([{ ...event, limits: own(1), backlog: 5, timeout: "15m" }]).split("\n").length, 3));
});

describe("what was decided is said", () => {
  const notes = (list: readonly Options[], choices?: Choices, more?: Partial<AppOptions>) =>
    planned(list, choices, more).notes.join("\n");

  test("that everyone may call, where nobody is asked who he is", () => {
    assert.match(notes([{ name: "op" }]), /no `authenticate`: everyone on the internet may call op\./);
    assert.doesNotMatch(
      notes([{ name: "op" }], {}, { authenticate: () => undefined }),
      /everyone on the internet/,
    );
  });

  test("timeouts that are cut, limits by default, what is reserved and what is promised less", () => {
    const said = notes([{ name: "op" }, { name: "short", timeout: "5s", limits: own(4) }], {
      direct: ["short"],
    });
    assert.match(said, /calls at once have 28 s rather than their timeout: op\./);
    assert.match(said, /No limits declared, so 16 each: op \(8 at once, 8 in the queue\)\./);
    assert.match(said, /Reserves 54 of the account's/);
    assert.match(said, /DirectUrl \(short\) promises less/);
  });
});
