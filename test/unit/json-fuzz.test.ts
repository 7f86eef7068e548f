// Random documents, whole and damaged, through the JSON gate and through a slow reader written from RFC 8259 and
// the gate's contract: both must agree on what is refused and on every value. A failure prints a line to replay it.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { canonicalJson } from "../../src/core/canonical.ts";
import { JSON_LIMITS, type JsonLimits, type JsonValue, readJson, readJsonText } from "../../src/core/json.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { decodeSlowly, Refused, SlowReader } from "../support/slow-json-reader.ts";

const BUDGET_MS = Number(process.env["FUZZ_MS"] ?? 4500) / 3;
const SLOWEST_MS = 100;
const BODY_BYTES = 262_144;

type Random = (below: number) => number;

function randomFrom(seed: number): Random {
  const random = new SeededRandom(seed);
  return (below) => random.integer(below);
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)] as T;
}

const LETTERS = [
  "a",
  "b",
  "é",
  "日",
  "😀",
  "\ufffd",
  "\ufeff",
  "\u2028",
  '"',
  "\\",
  "/",
  "\n",
  "\u0000",
  "0",
  "_",
];

function randomString(random: Random): string {
  return Array.from({ length: pick(random, [0, 1, 1, 1, 2, 3, 20]) }, () => pick(random, LETTERS)).join("");
}

function randomNumber(random: Random): number {
  const sign = random(2) === 0 ? 1 : -1;
  if (random(3) > 0)
    return sign * pick(random, [0, 1, random(100), random(2 ** 32), Number.MAX_SAFE_INTEGER]);
  return (sign * random(2 ** 32)) / 10 ** random(30);
}

function randomValue(random: Random, levels: number): JsonValue {
  const kind = random(levels > 0 ? 8 : 4);
  if (kind === 0) return pick(random, [null, true, false]);
  if (kind === 1) return randomNumber(random);
  if (kind < 4) return randomString(random);
  const items = Array.from({ length: pick(random, [0, 1, 2, 3, 12]) }, () =>
    randomValue(random, levels - 1 - random(3)),
  );
  return kind < 6 ? items : Object.fromEntries(items.map((item) => [randomString(random), item]));
}

/** The same value in other words: members shuffled, strings escaped here and there, numbers shifted. */
function spell(value: JsonValue, random: Random, mischief: boolean): string {
  const gap = (): string => pick(random, ["", "", "", "", " ", "\n\t"]);
  const list = (parts: readonly string[]): string => parts.map((part) => gap() + part + gap()).join();
  if (typeof value === "number") return spellNumber(value, random);
  if (typeof value === "string") return spellString(value, random);
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${list(value.map((item) => spell(item, random, mischief)))}]`;
  const names = Object.keys(value);
  if (mischief && random(4) === 0) names.push(pick(random, [...names, "__proto__"]));
  const members = value as { readonly [key: string]: JsonValue };
  const shuffled = names
    .map((name) => [random(2 ** 32), name] as const)
    .sort((one, other) => one[0] - other[0]);
  const text = ([, name]: readonly [number, string]): string =>
    `${spellString(name, random)}${gap()}:${gap()}${spell(Object.hasOwn(members, name) ? (members[name] ?? null) : 0, random, mischief)}`;
  return `{${list(shuffled.map(text))}}`;
}

function spellString(value: string, random: Random): string {
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const points = Array.from(value, (point) => {
    if (random(4) === 0) return point.split("").map(escaped).join("");
    return point === "/" && random(2) === 0 ? "\\/" : JSON.stringify(point).slice(1, -1);
  });
  return `"${points.join("")}"`;
}

function spellNumber(value: number, random: Random): string {
  if (value === 0) return pick(random, ["0", "-0", "0.00", "0e9", "-0.0E+400"]);
  const plain = JSON.stringify(value);
  const [, sign = "", first = "", rest = "", power = "0"] =
    /^(-?)(\d)\.?(\d*)e(.*)$/.exec(value.toExponential()) ?? [];
  const zeros = "0".repeat(random(4));
  if (random(2) === 0) return /^-?\d+$/.test(plain) && zeros ? `${plain}.${zeros}` : plain;
  if (random(2) === 0) return `${sign}${first}.${rest}0${zeros}${pick(random, ["e", "E"])}${power}`;
  const digits = (first + rest).replace(/^0+(?=\d)/, "");
  return `${sign}${digits}${zeros}e${Number(power) - rest.length - zeros.length}`;
}

// ---- damage ----

const FRAGMENTS =
  `{ } [ ] , : " \\ - + . e E 0 1 1e400 9007199254740991 9007199254740992 1e15 1e16 e-3 .0 .5 true null
  nul NaN // \\u \\u0061 \\ud83d \\ude00 \\ud83d\\ude00 \\uD800 \\x "a": "\\u0061": "__proto__": "__proto\\u005f_": ,"a":1
  {"a":{"a": [[[[ ]]]] "", 0,`
    .split(/\s+/)
    .concat([
      `${"9".repeat(309)}.5`,
      " ",
      "\n",
      "\u00a0",
      "\ufeff",
      "\u0000",
      "\u001f",
      "\u007f",
      "é",
      "日",
      "😀",
    ]);
const BYTES = [
  [0x80],
  [0xc0, 0xaf],
  [0xc3],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x9f, 0x98],
  [0xf4, 0x90, 0x80, 0x80],
];

const encoder = new TextEncoder();

function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random(bytes.length + 1);
  const length = random(Math.min(12, bytes.length - at + 1));
  const before = [...bytes.subarray(0, at)];
  const after = [...bytes.subarray(at + length)];
  const kind = random(6);
  if (kind === 0)
    return Uint8Array.from([...before, (bytes[at] ?? 0) ^ (1 << random(8)), ...bytes.subarray(at + 1)]);
  if (kind === 1) return Uint8Array.from([...before, ...after]);
  if (kind === 2) return bytes.slice(0, at);
  if (kind === 3) return Uint8Array.from([...before, ...pick(random, BYTES), ...after]);
  const from = random(bytes.length + 1);
  const inserted =
    kind === 4 ? bytes.subarray(from, from + random(30)) : encoder.encode(pick(random, FRAGMENTS));
  return Uint8Array.from([...before, ...inserted, ...bytes.subarray(at)]);
}

/** A body as large as any the door lets in, made of a few pieces over and over. */
function huge(random: Random): Uint8Array {
  const piece = Array.from({ length: 1 + random(3) }, () => pick(random, FRAGMENTS)).join("");
  const start = pick(random, ["", "[", '{"a":', '"', "0.", "1", '["']);
  return encoder.encode(start + piece.repeat(BODY_BYTES / piece.length)).subarray(0, BODY_BYTES);
}

// ---- the promises ----

/** -0 equals 0 here, as it does in canonical text. */
function unsigned(value: JsonValue): JsonValue {
  if (value === 0) return 0;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unsigned);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, unsigned(item)]));
}

function sameValue(one: JsonValue, other: JsonValue): boolean {
  return isDeepStrictEqual(unsigned(one), unsigned(other));
}

/** Runs one case after another, each from its own seed, until the time is up. */
function fuzz(promise: string, check: (random: Random) => void): void {
  test(promise, () => {
    const first = Number(process.env["FUZZ_SEED"] ?? randomInt(2 ** 31));
    const started = performance.now();
    for (let run = 0; run === 0 || performance.now() - started < BUDGET_MS; run++) {
      try {
        check(randomFrom(first + run));
      } catch (cause) {
        const replay = `FUZZ_SEED=${first + run} node --test test/unit/json-fuzz.test.ts`;
        // The engine's own state can be the cause; then only the documents before this one bring it back.
        const longer = `(if that passes: FUZZ_SEED=${first}, ${run} documents earlier)`;
        throw new Error(`${replay}\n${longer}\n${cause instanceof Error ? cause.message : String(cause)}`, {
          cause,
        });
      }
    }
  });
}

function compare(
  points: () => readonly number[],
  read: () => ReturnType<typeof readJson>,
  limits: JsonLimits,
): void {
  const started = performance.now();
  const checked = read();
  // A pause that is not the gate's own does not come back three times.
  const isSlow = (): boolean => {
    const again = performance.now();
    read();
    return performance.now() - again > SLOWEST_MS;
  };
  assert.ok(performance.now() - started <= SLOWEST_MS || ![1, 2, 3].every(isSlow), "took more than 100 ms");
  let expected: { value: JsonValue } | string;
  try {
    expected = { value: new SlowReader(points(), limits).read() };
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    expected = refused.message;
  }
  const said = checked.ok ? `let through ${checked.text.slice(0, 2000)}` : checked.detail;
  if (typeof expected === "string") assert.ok(!checked.ok, `should be refused (${expected}), was ${said}`);
  else
    assert.ok(
      checked.ok && isDeepStrictEqual(checked.value, expected.value),
      `${JSON.stringify(expected)}: ${said}`,
    );
  if (!checked.ok)
    assert.match(checked.detail, new RegExp(`^[^\\p{C}]{1,600} at byte ${checked.offset}\\.$`, "u"));
}

function randomLimits(random: Random): JsonLimits {
  return random(4) === 0 ? { maxDepth: random(4), maxKeys: random(12) } : JSON_LIMITS;
}

fuzz("whole, damaged and huge bodies are read as a slow reader reads them", (random) => {
  const limits = randomLimits(random);
  const value = randomValue(random, random(7));
  let bytes = encoder.encode(spell(value, random, false));
  const whole = readJson(bytes);
  assert.ok(whole.ok && sameValue(whole.value, value), "a whole document is let through");
  if (random(2) === 0) bytes = encoder.encode(spell(value, random, true));
  for (let times = random(4); times > 0; times--) bytes = new Uint8Array(damage(bytes, random));
  if (random(200) === 0) bytes = new Uint8Array(huge(random));
  compare(
    () => decodeSlowly(bytes),
    () => readJson(bytes, limits),
    limits,
  );
});

fuzz("a frame's text is read as a slow reader reads it, half pairs included", (random) => {
  const limits = randomLimits(random);
  let text = spell(randomValue(random, random(5)), random, true);
  for (let times = random(4); times > 0; times--) {
    const at = random(text.length + 1);
    const inserted = pick(random, [
      "\ud83d",
      "\ude00",
      pick(random, FRAGMENTS),
      text.slice(random(at + 1), at),
    ]);
    text = text.slice(0, at) + inserted + text.slice(at + random(3));
  }
  const points = (): number[] => Array.from(text, (point) => point.codePointAt(0) ?? 0);
  compare(points, () => readJsonText(text, limits), limits);
});

/** Another value or, by chance, the same: one part somewhere inside is replaced. */
function altered(value: JsonValue, random: Random): JsonValue {
  if (typeof value !== "object" || value === null || random(4) === 0) return randomValue(random, 1);
  const names = Object.keys(value);
  const chosen = pick(random, names);
  if (chosen === undefined) return [];
  const entries = Object.entries(value).map(([name, item]: [string, JsonValue]): [string, JsonValue] => {
    if (name !== chosen) return [name, item];
    return random(3) === 0 ? [randomString(random), item] : [name, altered(item, random)];
  });
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

fuzz("two values have one canonical text exactly when they are equal", (random) => {
  const value = randomValue(random, random(5));
  const read = (text: string): JsonValue => {
    const checked = readJsonText(text);
    assert.ok(checked.ok, `${checked.ok || checked.detail} in ${text}`);
    return checked.value;
  };
  const text = spell(value, random, false);
  const again = spell(value, random, false);
  assert.equal(canonicalJson(read(text)), canonicalJson(read(again)), `${text}\n${again}`);
  assert.ok(sameValue(read(canonicalJson(value)), value), `not the value of ${text}`);
  const other = altered(value, random);
  assert.equal(
    canonicalJson(value) === canonicalJson(other),
    sameValue(value, other),
    `${text}\n${JSON.stringify(other)}`,
  );
});
