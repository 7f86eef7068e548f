// The table in the terminal: read by people, often the only thing of a report that they read.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { PROBLEMS, type ProblemCode } from "../../src/core/errors.ts";
import { costOf } from "../../src/lab/cost.ts";
import { codesOf } from "../../src/lab/report.ts";
import { reportTable } from "../../src/lab/table.ts";
import { burst, distribution, lane, report } from "../support/flow-report.ts";

const rowsOf = (text: string) => text.split("\n");
const rowOf = (text: string, name: string) =>
  rowsOf(text)
    .find((row) => row.startsWith(name))
    ?.replace(/\s{2,}/g, " | ");

suite("the table of a report", () => {
  const text = reportTable(report());

  test("begins with what was measured, under what load, and where", () => {
    assert.deepEqual(rowsOf(text).slice(0, 3), [
      "place-order of app.ts, declared spill",
      "burst: 50/s, at its peak 2,000/s, for 20 s; 10,000 calls to each flow, once, seed 1",
      "Example CPU, 2 cores, 8 GiB, Linux 6.12, Node.js 26.6.0",
    ]);
  });

  test("has a column for each lane, aligned to the right", () => {
    const at = rowsOf(text).findIndex((row) => row.includes("request, retried"));
    assert.deepEqual(rowsOf(text).slice(at, at + 7), [
      "                               request   request, retried           event           spill",
      "offered                         10,000             10,000          10,000          10,000",
      "answered                         2,000             10,000               0           2,000",
      "given a receipt                      0                  0          10,000           8,000",
      "refused                          8,000                  0               0               0",
      "  saturated                      8,000                  0               0               0",
      "failed                               0                  0               0               0",
    ]);
  });

  test("has a row for each problem code, right below the line that counts it", () => {
    const byCode = { "handler-failed": 90, "no-reply": 10, "out-of-stock": 400, saturated: 500 };
    const rows = rowsOf(
      reportTable(report({ lanes: [lane("request", { byCode }), lane("event"), lane("spill")] })),
    );
    const at = rows.findIndex((row) => row.startsWith("refused"));
    assert.deepEqual(
      rows.slice(at, at + 6).map((row) => row.trim().split(/\s+/)[0]),
      ["refused", "out-of-stock", "saturated", "failed", "handler-failed", "no-reply"],
    );
    assert.equal(rowOf(text, "  saturated"), " | saturated | 8,000 | 0 | 0 | 0");
  });

  test("puts each code of a problem where its status is counted: 4xx and 503 are refusals", () => {
    const codes = Object.keys(PROBLEMS) as ProblemCode[];
    const byCode = Object.fromEntries(["301", "418", "500", "502", ...codes].map((code) => [code, 1]));
    const { refused, failed } = codesOf([lane("request", { byCode })]);
    const refuses = (status: number) => (status >= 400 && status < 500) || status === 503;
    const statusOf = (code: string) => PROBLEMS[code as ProblemCode]?.status ?? Number(code);
    assert.deepEqual(
      refused.filter((code) => !refuses(statusOf(code))),
      [],
    );
    assert.deepEqual(
      failed.filter((code) => refuses(statusOf(code))),
      [],
    );
  });

  test("explains below what no heading can say", () => {
    for (const term of [
      "done, of those done",
      "effects, each once",
      "seen full for",
      "load late by",
      "pushed",
    ])
      assert.match(text, new RegExp(`^${term}: `, "m"));
  });

  test("has the four times of each lane, and a dash where nothing was measured", () => {
    const none = { ...distribution(0, 0, 0, 0, 0) };
    const dashed = reportTable(
      report({ lanes: [lane("request"), lane("event", {}, { done: none }), lane("spill")] }),
    );
    assert.equal(rowOf(dashed, "done, of those done p50"), "done, of those done p50 | 22 ms | – | 8 s");
    assert.equal(rowOf(text, "acknowledged p50"), "acknowledged p50 | 1.2 ms | 3 s | 4 ms | 6 ms");
  });

  test("has each resource with its peak, its limit and how long it was full", () => {
    assert.equal(
      rowOf(text, "orders-db, at most"),
      "orders-db, at most | 10 of 10 | 10 of 10 | 10 of 10 | 10 of 10",
    );
    assert.equal(
      rowOf(text, "orders-db, seen full for"),
      "orders-db, seen full for | 4.2 s | 4.2 s | 19 s | 19 s",
    );
  });

  test("says of a queue that did not drain what is left of it, not when it was empty", () => {
    const given = lane("event", { receipts: 10_000, succeeded: 8_000, dead: 53 });
    const left = reportTable(report({ lanes: [lane("request"), given, lane("spill")] }));
    assert.equal(rowOf(left, "drained after"), "drained after | 0.1 s | 1,947 left | 14 s");
  });

  test("has, of what the probe answered, the highest of each number that moved", () => {
    const probed = reportTable(
      report({ lanes: [lane("event", {}, { probe: { inUse: 10, throttled: 0 } }), lane("spill")] }),
    );
    assert.equal(rowOf(probed, "database: inUse"), "database: inUse | 10 | –");
    assert.doesNotMatch(probed, /database: throttled/);
  });

  test("has each way on AWS with its price and from when on it is cheaper", () => {
    assert.equal(rowOf(text, "request  "), "request | $7.22 | lowest");
    assert.equal(rowOf(text, "event, one by one  "), "event, one by one | $8.75 | never");
    assert.equal(
      rowOf(text, "event, batches of 10 in parallel, polled once"),
      "event, batches of 10 in parallel, polled once | $9.18 | 349 ms",
    );
    assert.match(text, /cheaper once the handler takes/);
    assert.equal(rowOf(text, "spill, "), "spill, 20% at once, the rest polled once | $8.89 | 369 ms");
    assert.match(text, /A million of them on AWS, us-east-1: a model, made of listed prices/);
  });

  test("ends with the recommendation", () => {
    const paragraph = text.split("\n\n").at(-1) ?? "";
    assert.equal(paragraph.replaceAll("\n", " "), report().recommendation.text);
  });

  test("is never wider than a hundred columns, however large the numbers", () => {
    const counts = { offered: 12_345_678, receipts: 12_345_678, succeeded: 12_345_678 };
    const times = distribution(123_456, 234_567, 345_678, 456_789);
    const large = lane("event", counts, { acknowledged: times, done: times });
    const wide = report({
      lanes: [lane("request"), lane("request-retrying"), large, lane("spill", counts)],
      profile: { ...burst, offered: 12_345_678 },
    });
    const batches = report({
      cost: costOf({ ...report().cost.basis, batch: 10_000 }, { atOnceShare: 0.999_5 }),
    });
    for (const row of [text, reportTable(wide), reportTable(batches)].flatMap(rowsOf))
      assert.ok(row.length <= 100, row);
  });
});
