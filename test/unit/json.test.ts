// What the JSON gate lets through and what it refuses, row by row, and which values share a canonical text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "../../src/core/canonical.ts";
import {
  type CheckedJson,
  JSON_LIMITS,
  type JsonValue,
  readJson,
  readJsonText,
} from "../../src/core/json.ts";

const encoder = new TextEncoder();

function refusal(checked: CheckedJson): { detail: string; offset: number } {
  assert.ok(!checked.ok, "expected a refusal");
  return { detail: checked.detail, offset: checked.offset };
}

function keys(count: number): string {
  return `{${Array.from({ length: count }, (_, index) => `"${index}":0`).join()}}`;
}

const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
const nestedObjects = (levels: number): string => `${'{"a":'.repeat(levels)}0${"}".repeat(levels)}`;

const accepted: readonly (readonly [promise: string, text: string])[] = [
  ["a bare scalar", "null"],
  ["the other scalars", '[true,false,0,-0,1.5,""]'],
  ["empty containers", "[{},[],{ },[ ]]"],
  ["white space of all four kinds", ' \t\r\n{ "a" :\n1 , "b" : [ 1 , 2 ] } '],
  ["every escape", String.raw`"\"\\\/\b\f\n\r\t\u0041\u00Ff"`],
  ["an escaped surrogate pair", String.raw`"\ud83d\uDE00"`],
  ["a pair written in full", '"😀"'],
  ["text of two, three and four bytes around keys", '{"é":"日本","😀":{"ü":1},"ß":2}'],
  ["U+FFFD written in full", '"\ufffd"'],
  ["a BOM inside a string", '"\ufeff"'],
  ["U+0000 as an escape and U+007F in full", '"\\u0000\u007f"'],
  ["the same key in different objects", '{"a":{"a":[{"a":1},{"a":2}]}}'],
  ["keys that differ only in normalisation", '{"\u00e9":1,"e\u0301":2}'],
  ["keys that are prefixes of one another", '{"":1,"a":2,"aa":3,"\\"":4}'],
  ["keys named like Object.prototype's", '{"constructor":1,"toString":2,"prototype":3}'],
  ["__proto__ as a value", '["__proto__"]'],
  ["64 levels of arrays", nested(64)],
  ["64 levels of objects", nestedObjects(64)],
  ["64 levels, twice", `[${nested(63)},${nested(63)}]`],
  ["10,000 keys", keys(10_000)],
  ["the largest exact integer", "9007199254740991"],
  ["the smallest exact integer", "-9007199254740991"],
  ["the largest exact integer with a zero fraction", "9007199254740991.000"],
  ["the largest exact integer by exponent", "0.9007199254740991e16"],
  ["an integer with trailing zeros taken back by its exponent", `1${"0".repeat(30)}e-30`],
  ["a zero with a large exponent", "[0e999,-0.0E+999]"],
  ["a number that underflows to zero", "1.5e-400"],
  ["a fraction that rounds", "0.1000000000000000055511151231257827"],
  ["a fraction beyond 2^53, which JSON.parse rounds", "9007199254740993.5"],
  ["a fraction by its exponent beyond 2^53", "90071992547409935e-1"],
];

for (const [promise, text] of accepted) {
  test(`the gate lets through ${promise}`, () => {
    const expected = { ok: true, text, value: JSON.parse(text) };
    assert.deepEqual(readJson(encoder.encode(text)), expected);
    assert.deepEqual(readJsonText(text), expected);
  });
}

const refused: readonly (readonly [promise: string, text: string, detail: RegExp, offset: number])[] = [
  ["an empty body", "", /Expected a value, found the end at byte 0\./, 0],
  ["white space alone", "  ", /found the end at byte 2\./, 2],
  ["a BOM", '\ufeff{"a":1}', /Byte order mark at byte 0\./, 0],
  ["a second document", "{} {}", /Expected the end, found "\{"/, 3],
  ["a trailing comma in an array", "[1,]", /Expected a value, found "\]"/, 3],
  ["a trailing comma in an object", '{"a":1,}', /Expected a key, found "\}"/, 7],
  ["a missing comma", "[1 2]", /Expected "," or "\]", found "2"/, 3],
  ["a missing colon", '{"a" 1}', /Expected ":", found "1"/, 5],
  ["a missing value", '{"a":}', /Expected a value/, 5],
  ["an unquoted key", "{a:1}", /Expected a key, found "a"/, 1],
  ["single quotes", "['a']", /Expected a value, found "'"/, 1],
  ["the wrong closing bracket", '{"a":1]', /Expected "," or "\}", found "\]"/, 6],
  ["an unclosed array", "[1", /found the end/, 2],
  ["an unclosed string", '"abc', /Expected the rest of a string, found the end/, 4],
  ["a raw newline in a string", '"a\nb"', /found "\\u\{a\}"/, 2],
  ["a raw U+001F in a string", '["\u001f"]', /found "\\u\{1f\}"/, 2],
  ["a raw U+0000 in a key", '{"\u0000":1}', /found "\\u\{0\}"/, 2],
  ["an unknown escape", String.raw`"\x41"`, /Expected an escape, found "x"/, 2],
  ["an escape cut short", String.raw`"\u00g0"`, /Expected four hexadecimal digits/, 1],
  ["a no-break space between tokens", "[1,\u00a02]", /Expected a value/, 3],
  ["a comment", "[1/**/]", /Expected "," or "\]"/, 2],
  ["a leading zero", "01", /Expected the end, found "1"/, 1],
  ["a leading plus", "+1", /Expected a value/, 0],
  ["a bare minus", "-", /Expected a digit, found the end/, 1],
  ["a point without digits", "1.", /Expected a digit/, 2],
  ["a point first", ".5", /Expected a value/, 0],
  ["an exponent without digits", "1e+", /Expected a digit/, 3],
  ["NaN", "NaN", /Expected a value, found "N"/, 0],
  ["a word that only starts as a literal", "[truex]", /found "x"/, 5],
  ["a lone high surrogate as an escape", String.raw`"\ud800"`, /Lone surrogate U\+D800/, 1],
  ["a lone low surrogate as an escape", String.raw`"é\udc00"`, /Lone surrogate U\+DC00/, 3],
  ["surrogate escapes in the wrong order", String.raw`"\ude00\ud83d"`, /Lone surrogate U\+DE00/, 1],
  ["a high surrogate before another escape", String.raw`"\ud83d\u0041"`, /Lone surrogate U\+D83D/, 1],
  ["a lone surrogate in a key", String.raw`{"\ud800":1}`, /Lone surrogate/, 2],
  ["a duplicate key", '{"sku":1,"n":2,"sku":3}', /^Duplicate key "sku" at byte 15\.$/, 15],
  ["a duplicate key behind text of many bytes", '{"é":"日😀","a":1,"é":3}', /Duplicate key "é"/, 22],
  ["a duplicate key spelled with an escape", String.raw`{"a":1,"\u0061":2}`, /Duplicate key "a"/, 7],
  ["a duplicate key first spelled with an escape", String.raw`{"\u0061":1,"a":2}`, /Duplicate key "a"/, 12],
  ["a duplicate key spelled as a pair", String.raw`{"😀":1,"\ud83d\ude00":2}`, /Duplicate key/, 10],
  ["a duplicate empty key", '{"":1,"":2}', /Duplicate key ""/, 6],
  ["a duplicate key after a nested object", '{"a":{"b":1},"a":2}', /Duplicate key "a"/, 13],
  ["a duplicate of the first of many keys", `${keys(100).slice(0, -1)},"0":0}`, /Duplicate key "0"/, 691],
  ["a __proto__ key", '{"__proto__":{}}', /Forbidden key __proto__/, 1],
  ["a __proto__ key spelled with an escape", String.raw`{"\u005f_proto__":1}`, /Forbidden key __proto__/, 1],
  ["a nested __proto__ key", '[{"a":{"__proto__":1}}]', /Forbidden key __proto__/, 7],
  ["65 levels of arrays", nested(65), /More than 64 levels of nesting/, 64],
  ["65 levels of objects", nestedObjects(65), /More than 64 levels/, 320],
  ["10,001 keys", keys(10_001), /More than 10000 keys/, 88_891],
  [
    "10,001 keys over many objects",
    `[${Array(10_001).fill('{"a":1}').join()}]`,
    /More than 10000 keys/,
    80_002,
  ],
  ["1e400", "1e400", /Number "1e400" out of range/, 0],
  ["-1e400", "[-1e400]", /Number "-1e400" out of range/, 1],
  ["a number out of range by its digits", `${"9".repeat(400)}.5`, /out of range/, 0],
  ["2^53", "9007199254740992", /Integer "9007199254740992" beyond ±\(2\^53−1\)/, 0],
  ["-2^53", "-9007199254740992", /beyond/, 0],
  ["2^53 + 1, which a double would round", "9007199254740993", /beyond/, 0],
  ["1e20", '{"é":1e20}', /Integer "1e20" beyond/, 6],
  ["1E+308", "1E+308", /beyond/, 0],
  ["a whole number with a zero fraction", "123456789012345678901.0", /beyond/, 0],
  ["a whole number by its exponent", "9007199254740992.5e1", /beyond/, 0],
  ["a whole number by a negative exponent", "90071992547409920e-1", /beyond/, 0],
  ["a long number, whole only in part", `${"1".repeat(17)}.${"0".repeat(30)}`, /beyond/, 0],
];

for (const [promise, text, detail, offset] of refused) {
  test(`the gate refuses ${promise}`, () => {
    const fromBytes = refusal(readJson(encoder.encode(text)));
    assert.match(fromBytes.detail, detail);
    assert.equal(fromBytes.offset, offset);
    assert.deepEqual(refusal(readJsonText(text)), fromBytes);
  });
}

const invalidUtf8: readonly (readonly [promise: string, bytes: readonly number[], offset: number])[] = [
  ["a stray continuation byte", [0x22, 0x80, 0x22], 1],
  ["an overlong slash", [0x22, 0xc0, 0xaf, 0x22], 1],
  ["a surrogate in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22], 1],
  ["a point beyond U+10FFFF", [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], 1],
  ["a sequence cut off by the end", [0x22, 0xc3, 0xa9, 0xe2, 0x82], 3],
  [
    "a bad byte after a genuine U+FFFD and a pair",
    [0x22, 0xef, 0xbf, 0xbd, 0xf0, 0x9f, 0x98, 0x80, 0xff, 0x22],
    8,
  ],
  ["UTF-16 with its BOM", [0xff, 0xfe, 0x31, 0x00], 0],
];

for (const [promise, bytes, offset] of invalidUtf8) {
  test(`the gate refuses ${promise} and says at which byte`, () => {
    const expected = { detail: `Invalid UTF-8 at byte ${offset}.`, offset };
    assert.deepEqual(refusal(readJson(Uint8Array.from(bytes))), expected);
  });
}

test("no earlier document changes how an escaped key is read", () => {
  const before = ['{"h":[],"\\\\":0}', '{"h":[],"i\\\\":0}', '[{"h":[],"\\\\u":0}]'];
  for (const text of before) assert.ok(readJsonText(text).ok);
  for (const key of ["\n", '"', "b", "i\n", "\u0000b"]) {
    const escaped = Array.from(
      key,
      (point) => `\\u${point.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ).join("");
    for (const spelled of [escaped, JSON.stringify(key).slice(1, -1)]) {
      const checked = readJsonText(`[{"h":1,"${spelled}":[{},[2,"]"],-1.5e1]},null]`);
      assert.deepEqual(checked.ok && checked.value, [{ h: 1, [key]: [{}, [2, "]"], -15] }, null]);
    }
  }
});

test("a socket frame's text with half a pair in it is refused, even beside the other half's escape", () => {
  for (const text of ['"é\ud800"', '"é\udc00"', '"é\ud83d\\ude00"']) {
    assert.deepEqual(refusal(readJsonText(text)), { detail: "Lone surrogate at byte 3.", offset: 3 });
  }
  assert.equal(refusal(readJsonText('"😀\ud83d😀"')).offset, 5);
});

test("a refusal repeats at most 40 characters and no control characters", () => {
  const key = "k".repeat(200);
  const long = refusal(readJsonText(`{"${key}":1,"${key}":2}`));
  assert.equal(long.detail, `Duplicate key "${"k".repeat(40)}…" at byte 206.`);
  const control = refusal(readJsonText(String.raw`{"\u001b[2J\u202e":1,"\u001b[2J\u202e":2}`));
  assert.equal(control.detail, String.raw`Duplicate key "\u{1b}[2J\u{202e}" at byte 21.`);
});

test("limits can be narrowed", () => {
  assert.deepEqual(JSON_LIMITS, { maxDepth: 64, maxKeys: 10_000 });
  const limits = { maxDepth: 1, maxKeys: 2 };
  assert.ok(readJsonText('{"a":1,"b":2}', limits).ok);
  assert.match(refusal(readJsonText('{"a":1,"b":2,"c":3}', limits)).detail, /More than 2 keys/);
  assert.match(refusal(readJson(encoder.encode("[[]]"), limits)).detail, /More than 1 levels/);
  assert.ok(readJsonText("1", { maxDepth: 0, maxKeys: 0 }).ok);
});

test("a view into a larger buffer is read from its own first byte", () => {
  const bytes = encoder.encode('xx{"a":1}xx').subarray(2, 9);
  assert.deepEqual(readJson(bytes), { ok: true, text: '{"a":1}', value: { a: 1 } });
});

const equalTexts: readonly (readonly string[])[] = [
  ['{"a":1,"b":[{"c":2,"d":3}]}', '{ "b" : [ { "d" : 3.0, "c" : 2e0 } ], "a" : 10e-1 }'],
  ["0", "-0", "0.0", "-0e5"],
  ["100", "1e2", "100.00", "1000E-1"],
  ['"é/\\n"', String.raw`"\u00e9\/\u000a"`],
  ['{"é":1,"z":2}', String.raw`{"z":2,"\u00E9":1}`],
  ['{"10":1,"9":2,"a":3}', '{"a":3,"9":2,"10":1}'],
];

for (const [first = "", ...others] of equalTexts) {
  test(`${first} has one canonical text however it is spelled`, () => {
    const canonical = canonicalJson(JSON.parse(first) as JsonValue);
    for (const other of others) assert.equal(canonicalJson(JSON.parse(other) as JsonValue), canonical);
  });
}

test("canonical text is itself JSON for the same value", () => {
  const text = String.raw`{"b":[1,"\"\\\u0000\u2028",null,true,[],{}],"a":{"x":-1.5e-7,"\"":false}}`;
  const canonical = canonicalJson(JSON.parse(text) as JsonValue);
  assert.equal(canonical, `{"a":{"\\"":false,"x":-1.5e-7},"b":[1,"\\"\\\\\\u0000\u2028",null,true,[],{}]}`);
  assert.deepEqual(JSON.parse(canonical), JSON.parse(text));
});

test("values that differ have different canonical texts", () => {
  const texts = ["null", '"null"', "0", '"0"', "false", "[]", "{}", "[[]]", "[{}]", '["a,b"]', '["a","b"]'];
  texts.push('{"a":[]}', '{"a":{}}', '{"a":"b"}', '["a:b"]', '"\\\\ud800"', "[1,2]", "[2,1]", "[12]", "1e-7");
  assert.equal(new Set(texts.map((text) => canonicalJson(JSON.parse(text) as JsonValue))).size, texts.length);
});

test("canonical text refuses what JSON cannot hold instead of calling it null", () => {
  for (const value of [Number.NaN, Infinity, undefined, () => 0, [undefined], { a: Number.NaN }]) {
    assert.throws(() => canonicalJson(value as unknown as JsonValue), TypeError);
  }
});

test("canonical text of a very deep value needs no call stack", () => {
  let value: JsonValue = [];
  for (let level = 1; level < 100_000; level++) value = [value];
  assert.equal(canonicalJson(value), nested(100_000));
});
