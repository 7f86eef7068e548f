// docs/wire.md §6: which bodies are JSON, how large they may be, and of which type.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import type { Answer } from "./support/client.ts";
import { answered, type Problem, refused } from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { times } from "./support/wait.ts";

const lab = await Lab.start();
const { client } = lab;
after(() => lab.stop());

const JSON_TYPE = { "content-type": "application/json" };
const flows = ["request", "event", "spill"];

const post = (
  body: string | Uint8Array,
  flow = "spill",
  headers: Record<string, string> = {},
): Promise<Answer> => client.post(`/operations/wide-${flow}`, body, { ...JSON_TYPE, ...headers });

const withMore = (more: string) => `{"tag":"${fresh()}","more":${more}}`;
const bytes = (...parts: readonly (string | readonly number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))));

suite("§6 malformed-json", { concurrency: 8 }, () => {
  const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  const keys = (count: number) => `{${times(count).map((index) => `"k${index}":0`)}}`;
  const bad: readonly (readonly [string, string | Uint8Array])[] = [
    ["nothing", ""],
    ["a space", " "],
    ["an open object", '{"tag":"a"'],
    ["a trailing comma", '{"tag":"a",}'],
    ["two values", '{"tag":"a"}{"tag":"a"}'],
    ["a comment", '{"tag":"a"}//'],
    ["single quotes", "{'tag':'a'}"],
    ["an unquoted key", '{tag:"a"}'],
    ["NaN", withMore("NaN")],
    ["a leading zero", withMore("01")],
    ["a plus", withMore("+1")],
    ["a bare point", withMore("1.")],
    ["a hexadecimal", withMore("0x1")],
    ["a raw line break in a string", withMore('"a\nb"')],
    ["a NUL in a string", withMore('"a\u0000b"')],
    ["an unknown escape", withMore('"\\x41"')],
    ["a form feed as space", '{"tag":"a"}\f'],
    ["a no-break space", '\u00a0{"tag":"a"}'],
    ["a BOM", bytes([0xef, 0xbb, 0xbf], '{"tag":"a"}')],
    ["UTF-16", Buffer.from('{"tag":"a"}', "utf16le")],
    ["invalid UTF-8", bytes('{"tag":"', [0xff], '"}')],
    ["an overlong form", bytes('{"tag":"', [0xc0, 0xaf], '"}')],
    ["a truncated sequence", bytes('{"tag":"', [0xe2, 0x82], '"}')],
    ["a surrogate in UTF-8", bytes('{"tag":"', [0xed, 0xa0, 0x80], '"}')],
    ["a lone high surrogate", withMore('"\\ud800"')],
    ["a lone low surrogate", withMore('"\\udc00"')],
    ["surrogates in the wrong order", withMore('"\\udc00\\ud800"')],
    ["a lone surrogate in a key", withMore('{"\\ud800":1}')],
    ["a key twice", '{"tag":"a","tag":"b"}'],
    ["a key twice, once escaped", '{"tag":"a","t\\u0061g":"b"}'],
    ["a key twice, deeper", withMore('[{"a":{"b":1,"b":1}}]')],
    ["__proto__", withMore('{"__proto__":{}}')],
    ["__proto__, escaped", withMore('{"__pr\\u006fto__":{}}')],
    ["65 levels", withMore(nested(64))],
    ["30,000 levels", nested(30_000)],
    ["10,001 keys", withMore(keys(9_999))],
    ["1e400", withMore("1e400")],
    ["-1e400", withMore("-1e400")],
    ["2^53", withMore("9007199254740992")],
    ["-2^53", withMore("-9007199254740992")],
    ["a 20-digit integer", withMore("12345678901234567890")],
  ];
  for (const [name, body] of bad) {
    test(`§6 ${name} is malformed-json`, async () => {
      for (const flow of flows) refused(await post(body, flow), 400, "malformed-json");
    });
  }

  const good: readonly (readonly [string, string])[] = [
    ["64 levels", withMore(nested(63))],
    ["10,000 keys", withMore(keys(9_998))],
    ["2^53 - 1", withMore("[9007199254740991,-9007199254740991]")],
    ["numbers with fractions and exponents", withMore("[1.5e3,-2E+2,1e-300,0.1,-0]")],
    ["a surrogate pair", withMore('"\\ud83d\\ude00"')],
    ["constructor as a key", withMore('{"constructor":{"prototype":{}}}')],
    ["white space", ` \t\r\n${withMore("null")} \t\r\n`],
    ["an empty key", withMore('{"":1}')],
  ];
  for (const [name, body] of good) {
    test(`§6 ${name} is acceptable`, async () => {
      answered(await post(body));
    });
  }
});

suite("§6 too-large", { concurrency: 4 }, () => {
  const sized = (size: number) => {
    const start = `{"tag":"${fresh()}","filler":"`;
    return `${start}${"x".repeat(size - start.length - 2)}"}`;
  };

  test("§6 a body of 256 KiB is acceptable and one byte more is not, in every flow", async () => {
    for (const flow of flows) {
      assert.ok((await post(sized(262_144), flow)).status < 300);
      refused(await post(sized(262_145), flow), 413, "too-large");
    }
  });

  test("§6 an operation's own limit holds", async () => {
    const small = (size: number) => client.post("/operations/small-spill", sized(size), JSON_TYPE);
    answered(await small(1_024));
    refused(await small(1_025), 413, "too-large");
  });
});

suite("§6 unsupported-media-type", { concurrency: 8 }, () => {
  const refusedTypes = [
    ...[
      "text/plain",
      "text/json",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "*/*",
    ],
    ...[
      "application/jsonx",
      "application/json-patch+json",
      "application/ld+json",
      "application/json\tx",
      "json",
    ],
    ...["application/json x", "application/json;charset=utf-16", "application/json; charset=latin1", ""],
    ...["application/json; charset", "application/json, text/plain", 'application/json; charset="utf-16"'],
    ...["application /json", "application/json/x", "text/plain; application/json"],
  ];
  for (const type of refusedTypes) {
    test(`§6 ${JSON.stringify(type)} is 415`, async () => {
      for (const flow of flows) {
        const answer = await post(withMore("1"), flow, { "content-type": type });
        refused(answer, 415, "unsupported-media-type");
      }
    });
  }

  test("§6 no Content-Type is 415", async () => {
    const answer = await client.send("/operations/wide-spill", { method: "POST", body: withMore("1") });
    refused(answer, 415, "unsupported-media-type");
  });

  for (const type of [
    ...["application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8"],
    ...['application/json; charset="utf-8"', "Application/JSON", "application/json ; charset=utf-8"],
  ]) {
    test(`§6 ${type} is acceptable`, async () => {
      answered(await post(withMore("1"), "spill", { "content-type": type }));
    });
  }

  for (const encoding of [
    "gzip",
    "deflate",
    "br",
    "zstd",
    "x-gzip",
    "compress",
    "gzip, identity",
    "nonsense",
  ]) {
    test(`§6 Content-Encoding: ${encoding} is 415`, async () => {
      const answer = await post(withMore("1"), "spill", { "content-encoding": encoding });
      refused(answer, 415, "unsupported-media-type");
    });
  }
});

suite("§6 invalid-input", { concurrency: 8 }, () => {
  const pointers = (answer: Answer) =>
    refused(answer, 422, "invalid-input").errors?.map(({ pointer }) => pointer);

  test("§6 names each place by its pointer and says what is wrong there", async () => {
    const answer = await client.call("wide-spill", { plan: ["ok", 7], also: 8 });
    assert.deepEqual(pointers(answer)?.toSorted(), ["/also", "/plan/1", "/tag"]);
    for (const { detail } of answer.as<Problem>().errors ?? []) assert.ok(detail.length > 0);
  });

  test("§6 of the whole input has the empty pointer", async () => {
    for (const body of ["null", "7", '"a"', "[]", "true"]) assert.deepEqual(pointers(await post(body)), [""]);
  });

  test("§6 is the answer in every flow, and runs nothing", async () => {
    for (const flow of flows) pointers(await client.call(`wide-${flow}`, { tag: "" }));
    assert.deepEqual(await lab.runs(""), []);
  });
});
