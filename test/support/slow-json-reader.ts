// A second reader of JSON, written from RFC 8259 and the gate's contract to be compared with the gate: recursive, one
// code point at a time, integers exact. It shares no code with the gate and refuses to be fast.

import type { JsonLimits, JsonValue } from "../../src/core/json.ts";

export class Refused extends Error {}

export class SlowReader {
  readonly points: readonly number[];
  readonly limits: JsonLimits;
  at = 0;
  keys = 0;

  constructor(points: readonly number[], limits: JsonLimits) {
    this.points = points;
    this.limits = limits;
  }

  read(): JsonValue {
    if (this.points.some((point) => point >= 0xd800 && point <= 0xdfff)) throw new Refused("surrogate");
    const value = this.value(0);
    if (this.at !== this.points.length) throw new Refused("more text");
    return value;
  }

  peek(): string {
    const point = this.points[this.at];
    return point === undefined ? "" : String.fromCodePoint(point);
  }

  take(wanted?: RegExp): string {
    const found = this.peek();
    if (found === "" || (wanted && !wanted.test(found))) throw new Refused(`at ${this.at}`);
    this.at += 1;
    return found;
  }

  space(): void {
    while ([" ", "\t", "\n", "\r"].includes(this.peek())) this.at += 1;
  }

  value(depth: number): JsonValue {
    this.space();
    const first = this.peek();
    let value: JsonValue;
    if (first === "{") value = this.object(depth + 1);
    else if (first === "[") value = this.array(depth + 1);
    else if (first === '"') value = this.string();
    else if (/[-0-9]/.test(first)) value = this.number();
    else value = this.word();
    this.space();
    return value;
  }

  word(): JsonValue {
    let word = "";
    while (/^[a-z]$/.test(this.peek())) word += this.take();
    if (word === "null") return null;
    if (word !== "true" && word !== "false") throw new Refused("word");
    return word === "true";
  }

  array(depth: number): JsonValue {
    if (depth > this.limits.maxDepth) throw new Refused("depth");
    this.take(/\[/);
    const items: JsonValue[] = [];
    this.space();
    if (this.peek() !== "]") {
      items.push(this.value(depth));
      while (this.peek() === ",") {
        this.take();
        items.push(this.value(depth));
      }
    }
    this.take(/\]/);
    return items;
  }

  object(depth: number): JsonValue {
    if (depth > this.limits.maxDepth) throw new Refused("depth");
    const members = new Map<string, JsonValue>();
    do {
      this.take(members.size === 0 ? /\{/ : /,/);
      this.space();
      if (members.size === 0 && this.peek() === "}") break;
      const name = this.string();
      this.keys += 1;
      if (this.keys > this.limits.maxKeys) throw new Refused("keys");
      if (members.has(name) || name === "__proto__") throw new Refused("key");
      this.space();
      this.take(/:/);
      members.set(name, this.value(depth));
    } while (this.peek() === ",");
    this.take(/\}/);
    return Object.fromEntries(members);
  }

  string(): string {
    let units = "";
    this.take(/"/);
    while (this.peek() !== '"') {
      const found = this.take(/[^\u0000-\u001f]/u);
      units += found === "\\" ? this.escape() : found;
    }
    this.take();
    for (const point of units) if (/^[\ud800-\udfff]$/u.test(point)) throw new Refused("lone");
    return units;
  }

  escape(): string {
    const kind = this.take(/["\\/bfnrtu]/);
    if (kind !== "u") return { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }[kind] ?? kind;
    let digits = "";
    while (digits.length < 4) digits += this.take(/^[0-9a-fA-F]$/);
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  number(): number {
    let literal = "";
    while (/^[-+.0-9eE]$/.test(this.peek())) literal += this.take();
    const parts = /^-?(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?$/.exec(literal);
    if (!parts || !Number.isFinite(Number(literal))) throw new Refused("number");
    const [, whole = "", fraction = "", exponent = "0"] = parts;
    const power = Number(exponent) - fraction.length;
    // Below that power the number is smaller than 1, and above it only zero is finite.
    if (Math.abs(power) > whole.length + fraction.length + 400) return Number(literal);
    const digits = BigInt(whole + fraction);
    const scale = 10n ** BigInt(Math.abs(power));
    const isWhole = power >= 0 || digits % scale === 0n;
    const magnitude = power >= 0 ? digits * scale : digits / scale;
    if (isWhole && magnitude > BigInt(Number.MAX_SAFE_INTEGER)) throw new Refused("integer");
    return Number(literal);
  }
}

/** Strict UTF-8 by its definition: every point must be as long as its shortest form. */
export function decodeSlowly(bytes: Uint8Array): number[] {
  const points: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0;
    const length =
      lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 0;
    let point = length === 1 ? lead : lead & (0xff >> (length + 1));
    for (let next = 1; next < length; next++) {
      const byte = bytes[at + next] ?? 0;
      if (byte >> 6 !== 2) throw new Refused("UTF-8");
      point = (point << 6) | (byte & 0x3f);
    }
    const least = [Number.POSITIVE_INFINITY, 0, 0x80, 0x800, 0x10000][length] ?? 0;
    if (point < least || point > 0x10ffff) throw new Refused("UTF-8");
    points.push(point);
    at += length;
  }
  return points;
}
