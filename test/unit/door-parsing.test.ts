import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrayItems, ndjsonItems } from "../../src/door/batch-items.ts";
import { keyedId, parseKey } from "../../src/door/idempotency.ts";
import { parsePrefer } from "../../src/door/prefer.ts";

describe("Prefer (RFC 7240)", () => {
  const rows: readonly (readonly [string, boolean, number | undefined])[] = [
    ["respond-async", true, undefined],
    ["wait=5", false, 5],
    ["respond-async, wait=5", true, 5],
    ["wait=100", false, 25],
    ["wait=0", false, undefined],
    ["wait=-1", false, undefined],
    ["wait=soon", false, undefined],
    ["wait", false, undefined],
    ['wait="7"', false, 7],
    ["wait = 7", false, 7],
    ["WAIT=3", false, 3],
    ["wait=3, wait=9", false, 3],
    ["respond-async=yes", false, undefined],
    ["respond-async; foo=bar", true, undefined],
    ['handling=lenient; note="a, wait=9", wait=2', false, 2],
    ["", false, undefined],
    [",,;", false, undefined],
    ["=5", false, undefined],
    ["wait=100000000000", false, 25],
    [`wait=5${" ".repeat(1_024)}`, false, undefined],
    [`a${"\t".repeat(1_000)}b, wait=5`, false, 5],
  ];
  for (const [header, respondAsync, waitSeconds] of rows) {
    test(`${JSON.stringify(header)} means ${respondAsync ? "respond-async" : ""} ${waitSeconds ?? ""}`, () => {
      assert.deepEqual(parsePrefer(header), { respondAsync, waitSeconds });
    });
  }
});

describe("a Prefer header made to be slow", () => {
  const wait = (filler: string, length: number) => `wait${filler.repeat(length)}x, wait=5`;
  test("counts as absent beyond 1,024 characters, at once", () => {
    const begun = performance.now();
    for (const filler of [" ", '"', '\\"', "=", ";,"]) {
      for (let i = 0; i < 1_000; i++) parsePrefer(wait(filler, 15_000 / filler.length));
    }
    assert.equal(parsePrefer(wait(" ", 15_000)).waitSeconds, undefined);
    assert.ok(performance.now() - begun < 2_000);
  });

  test("is parsed at once below", () => {
    const begun = performance.now();
    for (const filler of [" ", "\t", '"', '\\"', "=", ";,", '"\\']) {
      for (let i = 0; i < 1_000; i++) parsePrefer(wait(filler, Math.floor(1_000 / filler.length)));
    }
    assert.equal(parsePrefer(wait(" ", 1_000)).waitSeconds, 5);
    assert.ok(performance.now() - begun < 2_000);
  });
});

describe("Idempotency-Key", () => {
  test("a quoted string and the bare token are the same key", () => {
    assert.equal(parseKey('"abc-123"'), parseKey("abc-123"));
    assert.equal(parseKey('"a \\"b\\" \\\\"'), 'a "b" \\');
  });

  for (const header of [
    "",
    '""',
    '"a',
    'a"',
    '"a", "b"',
    "a, b",
    "a b",
    '"é"',
    '"a";v=1',
    "a;b",
    "x".repeat(256),
  ]) {
    test(`${JSON.stringify(header.slice(0, 20))} is refused`, () => {
      assert.throws(() => parseKey(header), { name: "Refused" });
    });
  }

  test("255 characters are a key, also where quotes make the header longer", () => {
    assert.equal(parseKey("x".repeat(255))?.length, 255);
    assert.equal(parseKey(`"${"x".repeat(255)}"`)?.length, 255);
  });

  test("principal, operation, key and item each make another id", () => {
    const ids = [
      keyedId("s", "p", "o", { key: "k" }),
      keyedId("t", "p", "o", { key: "k" }),
      keyedId("s", "q", "o", { key: "k" }),
      keyedId("s", "p", "x", { key: "k" }),
      keyedId("s", "p", "o", { key: "l" }),
      keyedId("s", "p", "o", { key: "k", item: 0 }),
      keyedId("s", "p\0o", "x", { key: "k" }),
      keyedId("s", "p", "o\0x", { key: "k" }),
      keyedId("s", "p", "o", { key: "k\x000" }),
      keyedId("s", "p", "o", { key: "k", item: 10 }),
    ];
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^k[\w-]{43}$/);
  });
});

describe("a batch's body", () => {
  const texts = (items: readonly Uint8Array[]) => items.map((item) => Buffer.from(item).toString());

  test("an array is cut at its own commas only", () => {
    const body = Buffer.from(' [ {"a":[1,2]} , "x,]\\"," ,3 ] \n');
    assert.deepEqual(texts(arrayItems(body)), ['{"a":[1,2]}', '"x,]\\","', "3"]);
    assert.deepEqual(texts(arrayItems(Buffer.from("[]"))), []);
  });

  for (const broken of [
    "",
    "{}",
    "[1",
    '["a]',
    "[1]]",
    "[1] 2",
    '[{"a":1]',
    "null",
    "[1,]",
    "[,1]",
    "[1,,2]",
    "[,]",
  ]) {
    test(`${JSON.stringify(broken)} is no array`, () => {
      assert.throws(() => {
        const items = arrayItems(Buffer.from(broken));
        // A bracket of the wrong kind is seen only when the item is parsed.
        for (const item of texts(items)) JSON.parse(item);
      });
    });
  }

  test("NDJSON is cut at newlines; blank lines are no items", () => {
    assert.deepEqual(texts(ndjsonItems(Buffer.from('{"a":1}\r\n\n  \n2\n3'))), ['{"a":1}', "2", "3"]);
  });
});
