// From measured times to the figures of a flow report, and from replies to what became of a call.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { distributionOf } from "../../src/lab/distribution.ts";
import { pauseMs, verdictOf } from "../../src/lab/load/call.ts";
import { type Reply, replyIn } from "../../src/lab/load/connection.ts";

suite("a distribution", () => {
  test("has the nearest ranks of the times themselves", () => {
    const times = Array.from({ length: 1_000 }, (_, i) => 1_000 - i);
    const { count, p50, p90, p99, max, mean } = distributionOf(times);
    assert.deepEqual(
      { count, p50, p90, p99, max, mean },
      { count: 1_000, p50: 500, p90: 900, p99: 990, max: 1_000, mean: 500.5 },
    );
  });

  test("of no times is all zeros", () => {
    assert.deepEqual(distributionOf([]), { count: 0, p50: 0, p90: 0, p99: 0, max: 0, mean: 0, buckets: [] });
  });

  test("has every time in one bucket, and the buckets ascend", () => {
    const { buckets } = distributionOf([0, 0.4, 0.5, 12, 13, 900, 60_000]);
    assert.equal(
      buckets.reduce((sum, { count }) => sum + count, 0),
      7,
    );
    assert.deepEqual(
      buckets,
      buckets.toSorted((one, other) => one.upTo - other.upTo),
    );
    assert.ok((buckets.at(-1)?.upTo ?? 0) >= 60_000);
  });
});

const reply = (status: number, headers: Readonly<Record<string, string>> = {}, body = "{}"): Reply => ({
  status,
  headers: new Map(Object.entries(headers)),
  body,
});

suite("what a reply makes of a call", () => {
  const cases: readonly (readonly [string, Reply | undefined, object])[] = [
    ["200", reply(200), { outcome: "answered" }],
    ["202", reply(202, { location: "/receipts/abc" }), { outcome: "receipt", id: "abc" }],
    [
      "503",
      reply(503, { "retry-after": "2" }, '{"code":"saturated"}'),
      { outcome: "refused", code: "saturated", again: { afterMs: 2_000 } },
    ],
    [
      "422",
      reply(422, {}, '{"code":"invalid-input"}'),
      { outcome: "refused", code: "invalid-input", again: undefined },
    ],
    [
      "409 in flight",
      reply(409, { "retry-after": "1" }, '{"code":"idempotency-in-flight"}'),
      { outcome: "refused", code: "idempotency-in-flight", again: { afterMs: 1_000 } },
    ],
    [
      "500",
      reply(500, {}, '{"code":"handler-failed"}'),
      { outcome: "failed", code: "handler-failed", again: { afterMs: 0 } },
    ],
    [
      "502 of something else",
      reply(502, {}, "<html>"),
      { outcome: "failed", code: "502", again: { afterMs: 0 } },
    ],
    ["none", undefined, { outcome: "failed", code: "no-reply", again: { afterMs: 0 } }],
  ];
  for (const [name, given, expected] of cases) {
    test(name, () => assert.deepEqual(verdictOf(given), expected));
  }

  test("a client that repeats waits as long as it was told, and up to twice as long each time", () => {
    assert.equal(pauseMs({ afterMs: 1_000 }, 1, 0), 1_000);
    assert.equal(pauseMs({ afterMs: 0 }, 1, 0.5), 250);
    assert.equal(pauseMs({ afterMs: 0 }, 3, 0.5), 1_000);
    assert.equal(pauseMs({ afterMs: 0 }, 20, 1), 30_000);
  });

  test("a reply is read when all of it is there", () => {
    const text = "HTTP/1.1 202 Accepted\r\nLocation: /receipts/abc\r\ncontent-length: 2\r\n\r\n{}";
    for (let length = 0; length < text.length; length++) assert.equal(replyIn(text.slice(0, length)), "more");
    const read = replyIn(text);
    assert.ok(typeof read === "object");
    assert.deepEqual([read.status, read.headers.get("location"), read.body], [202, "/receipts/abc", "{}"]);
    assert.equal(replyIn("HTTP/1.1 200 OK\r\n\r\n"), "unreadable");
    assert.equal(replyIn("SSH-2.0\r\n\r\n"), "unreadable");
  });
});
