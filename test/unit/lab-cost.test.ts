// What a million operations cost on AWS: worked by hand once, to the cent, and then held.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { basisOf, type OperationSample } from "../../src/lab/basis.ts";
import { costOf } from "../../src/lab/cost.ts";
import { PRICES, withPrices } from "../../src/lab/prices.ts";
import type { CostBasis } from "../../src/lab/report.ts";

/**
 * 512 MiB, and a transaction of two items of up to 1 KiB. By hand, with a handler of s seconds:
 *
 * request: 1.00 + 0.20 + 6.667 s, and 0.625 × (2 slot + 1 opened + 4 outcome) + 0.125 × 2 record
 * event, of n: 1.00 + 0.20 + 0.133 to accept, 0.40 × (1 + 2/n), 0.20/n + 6.667 s (/n where in parallel), and
 *   0.625 × (1 opened + 1 listed + 1 claimed + 4 outcome) + 0.125 × (1 row + 1 followers)
 * direct: 3.50 instead of 1.00 + 0.20 + 0.133
 * pushed, more: 3 × 1.00 + 0.20 + 0.133 + 0.625 × 4 follower + 0.125 × 5; polled: 1.00 + 0.20 + 0.133 + 0.125
 */
const basis: CostBasis = {
  handlerMs: 20,
  inputBytes: 200,
  itemsWritten: 2,
  itemsRead: 0,
  writeUnits: 4,
  readUnits: 0,
  rowUnits: 1,
  rowReads: 1,
  named: false,
  queueChunks: 1,
  memoryMiB: 512,
  batch: 10,
};

const WAYS = [
  "request",
  "event, one by one",
  "event, batches of 10 in parallel",
  "event, batches of 10 in parallel, pushed",
  "event, batches of 10 in parallel, polled once",
  "event, batches of 10 one after another",
];

function usd(name: string, cost = costOf(basis)): string {
  const way = cost.ways.find((candidate) => candidate.name === name);
  return way === undefined ? `no ${name}` : way.usdPerMillion.toFixed(2);
}

function breakEven(cost = costOf(basis)): Readonly<Record<string, number | null>> {
  return Object.fromEntries(
    cost.breakEven.map(({ way, handlerMs }) => [way, handlerMs === null ? null : Math.round(handlerMs)]),
  );
}

suite("the cost of a million operations", () => {
  for (const way of [
    { handlerMs: 20, dollars: ["5.96", "7.49", "6.47", "12.93", "7.93", "6.59"] },
    { handlerMs: 200, dollars: ["7.16", "8.69", "6.59", "13.05", "8.05", "7.79"] },
    { handlerMs: 2_000, dollars: ["19.16", "20.69", "7.79", "14.25", "9.25", "19.79"] },
    { handlerMs: 20, accept: "direct", dollars: ["5.96", "9.66", "8.64", "15.10", "10.10", "8.76"] },
    { handlerMs: 2_000, accept: "direct", dollars: ["19.16", "22.86", "9.96", "16.42", "11.42", "21.96"] },
  ] as const) {
    const { handlerMs, dollars, accept = "function" } = { accept: undefined, ...way };
    test(`is, for a handler of ${handlerMs} ms and accept mode ${accept}, what was worked out by hand`, () => {
      const cost = costOf({ ...basis, handlerMs }, { accept });
      assert.deepEqual(
        WAYS.map((name) => usd(name, cost)),
        dollars,
      );
    });
  }

  test("stands in the docs as it is", () => {
    const docs = readFileSync(new URL("../../docs/flow-report-costs.md", import.meta.url), "utf8");
    for (const { handler, handlerMs } of [
      { handler: "20 ms", handlerMs: 20 },
      { handler: "200 ms", handlerMs: 200 },
      { handler: "2 s", handlerMs: 2_000 },
    ]) {
      const [request, one, batched, pushed, polled, serial] = WAYS.map((name) =>
        usd(name, costOf({ ...basis, handlerMs })),
      );
      const row = [handler, request, one, batched, polled, pushed, serial].join(" | ");
      assert.ok(docs.includes(`| ${row} |`), row);
    }
    const {
      "event, batches of 10 in parallel": silent,
      "event, batches of 10 in parallel, polled once": polled,
    } = breakEven();
    assert.match(docs, new RegExp(`from ${silent} ms on if nobody is told, from ${polled} ms if`));
  });

  test("is the sum of its parts, and each part says how it came about", () => {
    for (const { name, usdPerMillion, parts } of costOf(basis).ways) {
      const sum = parts.reduce((total, part) => total + part.usd, 0);
      assert.ok(Math.abs(sum - usdPerMillion) < 1e-9, name);
      for (const { how } of parts) assert.match(how, / × \$[\d.]+ per /);
    }
  });

  test("is the same for one item written alone but for three units, which are 1.875 dollars", () => {
    const alone = costOf({ ...basis, itemsWritten: 1, writeUnits: 1 });
    for (const [index, { name, usdPerMillion }] of costOf(basis).ways.entries()) {
      assert.equal((usdPerMillion - (alone.ways[index]?.usdPerMillion ?? 0)).toFixed(3), "1.875", name);
    }
  });

  test("has a REST API at three and a half times the price of an HTTP API, for the poll too", () => {
    const rest = costOf(basis, { api: "rest" });
    assert.equal(usd("request", rest), "8.46");
    assert.equal(usd("event, batches of 10 in parallel, polled once", rest), "12.93");
  });

  test("is paid to SQS for an id, or for what a message carries where API Gateway writes it: sent alone, received together", () => {
    const queued = (accept: "function" | "direct") =>
      // 20 KB each: one chunk to send, and the ten together are four to receive.
      costOf({ ...basis, inputBytes: 20_000 }, { accept })
        .ways.find(({ name }) => name === "event, batches of 10 in parallel")
        ?.parts.find(({ name }) => name === "SQS")
        ?.usd.toFixed(3);
    assert.equal(queued("function"), ((1 + 0.1 + 0.1) * 0.4).toFixed(3));
    assert.equal(queued("direct"), ((1 + 0.4 + 0.1) * 0.4).toFixed(3));
  });

  test("has five writes more for what is queued by callers who have names", () => {
    const named = costOf({ ...basis, named: true });
    assert.equal(usd("request", named), usd("request"));
    assert.equal(usd("event, one by one", named), (7.491_667 + 5 * 0.625 + 0.125).toFixed(2));
    assert.ok(costOf(basis).assumptions.some((text) => text.includes("$3.13 a million more")));
  });

  test("has the row of a large input each time it is written and read", () => {
    const large = costOf({ ...basis, rowUnits: 3, rowReads: 2 });
    assert.equal(usd("event, one by one", large), (7.491_667 + 4 * 0.625 + 0.125).toFixed(2));
    assert.equal(usd("request", large), (5.958_333 + 2 * 0.625 + 2 * 0.125).toFixed(2));
  });

  test("is without batches only one by one, where the batch is one", () => {
    const { ways } = costOf({ ...basis, batch: 1 });
    assert.deepEqual(
      ways.map(({ name }) => name),
      ["request", "event, one by one", "event, one by one, pushed", "event, one by one, polled once"],
    );
  });
});

suite("the cost of a spill", () => {
  test("is that of what was answered at once and that of what was queued and pushed, each by its share", () => {
    const cost = costOf(basis, { atOnceShare: 0.25 });
    const spill = cost.ways.at(-1);
    assert.equal(spill?.name, "spill, 25% at once, the rest polled once");
    assert.equal(spill.usdPerMillion.toFixed(2), (0.25 * 5.958_334 + 0.75 * (7.930_001 + 0.125)).toFixed(2));
    for (const { how } of spill.parts) assert.match(how, / × \$[\d.]+ per million(?: units \(on demand\))?$/);
    assert.ok(cost.assumptions.some((text) => text.startsWith("A spill is priced as a mix")));
  });

  test("crosses that of request-response where its queued part does, or nowhere where it queued nothing", () => {
    assert.equal(
      breakEven(costOf(basis, { atOnceShare: 0.25 }))["spill, 25% at once, the rest polled once"],
      369,
    );
    const all = costOf(basis, { atOnceShare: 1 });
    assert.equal(usd("spill, all at once", all), usd("request", all));
    assert.deepEqual(breakEven(all), breakEven());
  });

  test("is left out where no spill was measured", () => {
    assert.ok(costOf(basis).ways.every(({ flow }) => flow !== "spill"));
  });
});

suite("the handler time from which event-driven is cheaper", () => {
  test("is solved from the parts, and never where only the price of the queue is added", () => {
    assert.deepEqual(breakEven(), {
      "event, one by one": null,
      "event, one by one, pushed": null,
      "event, one by one, polled once": null,
      "event, batches of 10 in parallel": 106,
      "event, batches of 10 in parallel, pushed": 1_182,
      "event, batches of 10 in parallel, polled once": 349,
      "event, batches of 10 one after another": null,
    });
  });

  test("is where both cost the same", () => {
    const cost = costOf(basis);
    const { way, handlerMs } = cost.breakEven.find(({ way }) => way.endsWith("parallel, pushed")) ?? {};
    assert.ok(way !== undefined && typeof handlerMs === "number");
    const there = costOf({ ...basis, handlerMs });
    assert.equal(usd(way, there), usd("request", there));
  });

  test("is the operation's own: a large input moves it", () => {
    const large = costOf({ ...basis, inputBytes: 200_000, queueChunks: 4 }, { accept: "direct" });
    assert.equal(breakEven(costOf(basis, { accept: "direct" }))["event, batches of 10 in parallel"], 467);
    assert.equal(breakEven(large)["event, batches of 10 in parallel"], 867);
  });

  test("is nought where it is cheaper from the start", () => {
    const prices = withPrices('{ "rest-api-request": 0.5 }', "mine.json");
    assert.equal(
      breakEven(costOf(basis, { prices, accept: "direct" }))["event, batches of 10 in parallel"],
      0,
    );
  });
});

suite("what AWS would meter of an operation", () => {
  const sample: OperationSample = {
    inputBytes: 60,
    outputBytes: 120,
    written: [130],
    added: 0,
    sent: [40],
    read: [],
  };

  test("counts the record of the outcome with what is written and sent, and doubles for their transaction", () => {
    const { itemsWritten, writeUnits } = basisOf(20, [sample]);
    assert.deepEqual({ itemsWritten, writeUnits }, { itemsWritten: 3, writeUnits: 6 });
  });

  test("does not double one item alone", () => {
    assert.equal(basisOf(20, [{ ...sample, written: [], sent: [] }]).writeUnits, 1);
  });

  test("rounds each item up to 1 KiB when it is written and to 4 KiB when it is read", () => {
    // What is added to is read first.
    const large = { ...sample, written: [1_025], added: 1, sent: [], read: [1, 4_096, 4_097] };
    const { writeUnits, readUnits } = basisOf(20, [large]);
    assert.deepEqual({ writeUnits, readUnits }, { writeUnits: (1 + 2) * 2, readUnits: 1 + 1 + 2 + 1 });
  });

  test("counts the row without its outcome, for each time that it is written and read", () => {
    const { rowUnits, rowReads } = basisOf(20, [{ ...sample, inputBytes: 4_000 }]);
    assert.deepEqual({ rowUnits, rowReads }, { rowUnits: 5, rowReads: 2 });
  });

  test("is the mean over what was measured", () => {
    const two = [sample, { ...sample, inputBytes: 65_540, written: [], sent: [] }];
    const { inputBytes, queueChunks, itemsWritten } = basisOf(20, two);
    assert.deepEqual(
      { inputBytes, queueChunks, itemsWritten },
      { inputBytes: 32_800, queueChunks: 1.5, itemsWritten: 2 },
    );
  });
});

suite("a price table of one's own", () => {
  test("replaces the rows that it names, and no others", () => {
    const prices = withPrices(
      '{ "http-api-request": 1.2, "sqs-request": { "usd": 0.5, "region": "eu-central-1", "source": "our contract", "date": "2026-01-01" } }',
      "ours.json",
    );
    const changed = prices.filter((price, index) => price !== PRICES[index]);
    assert.deepEqual(
      changed.map(({ id, usd, source, date }) => ({ id, usd, source, date })),
      [
        { id: "http-api-request", usd: 1.2, source: "ours.json", date: "not given" },
        { id: "sqs-request", usd: 0.5, source: "our contract", date: "2026-01-01" },
      ],
    );
    assert.equal(costOf(basis, { prices }).region, "us-east-1, eu-central-1");
  });

  test("is told in the docs by an example that is taken, with every id", () => {
    const docs = readFileSync(new URL("../../docs/flow-report-costs.md", import.meta.url), "utf8");
    const example = /```json\n(.*?)```/s.exec(docs)?.[1] ?? "";
    assert.equal(withPrices(example, "docs").filter(({ id }) => example.includes(`"${id}"`)).length, 3);
    for (const { id } of PRICES) assert.ok(docs.includes(`\`${id}\``), id);
  });

  for (const { what, text, message } of [
    {
      what: "an id that there is not",
      text: '{ "http-api": 1 }',
      message: /"http-api", and there is no such price\. There are: http-api-request, /,
    },
    { what: "what is no JSON", text: "{", message: /ours\.json is not JSON/ },
    { what: "what is no object", text: "[1]", message: /ours\.json holds \[1\]/ },
    {
      what: "a price below nought",
      text: '{ "sqs-request": -1 }',
      message: /"sqs-request" at -1, which is no number of dollars/,
    },
    { what: "a price that is a text", text: '{ "sqs-request": "1" }', message: /"sqs-request" at "1"/ },
    {
      what: "a member that it does not know",
      text: '{ "sqs-request": { "usd": 1, "eur": 1 } }',
      message: /a "eur"; a price has usd, source, date, region/,
    },
    {
      what: "a source that is no text",
      text: '{ "sqs-request": { "usd": 1, "source": 3 } }',
      message: /the source 3; it must be a text/,
    },
  ]) {
    test(`is refused with ${what}, by name`, () => {
      assert.throws(() => withPrices(text, "ours.json"), message);
    });
  }
});
