// One text per JSON value, for fingerprints: equal values give equal text whatever the order of their
// members or the spelling of their numbers and strings (RFC 8785). It refuses what is not JSON —
// undefined, NaN, Infinity, functions — rather than let it pass for null.

import type { JsonValue } from "./json.ts";

type Frame = {
  readonly value: Exclude<JsonValue, null | boolean | number | string>;
  /** Sorted member names, or null for an array. */
  readonly names: readonly string[] | null;
  readonly length: number;
  next: number;
};

// What JSON.stringify would change: most strings hold none of it, and the test costs less than the call.
const NEEDS_ESCAPING = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Equal JSON values → equal text. Throws a TypeError for what JSON cannot hold. */
export function canonicalJson(value: JsonValue): string {
  const open: Frame[] = [];
  let text = enter(value, open);
  for (let frame = open.at(-1); frame !== undefined; frame = open.at(-1)) {
    const { names, next } = frame;
    if (next === frame.length) {
      text += names === null ? "]" : "}";
      open.pop();
      continue;
    }
    frame.next += 1;
    if (next > 0) text += ",";
    if (names === null) {
      text += enter((frame.value as readonly JsonValue[])[next], open);
    } else {
      const name = names[next] as string;
      text += `${quoted(name)}:${enter((frame.value as { readonly [key: string]: JsonValue })[name], open)}`;
    }
  }
  return text;
}

/** The whole text of a scalar, or the opening bracket of a container left on the stack. */
function enter(value: JsonValue | undefined, open: Frame[]): string {
  if (typeof value === "string") return quoted(value);
  // -0 is written 0, and every other double has one shortest spelling.
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  if (value === null) return "null";
  if (typeof value !== "object") throw new TypeError(`Not a JSON value: ${String(value)}`);
  // By UTF-16 code unit, as RFC 8785 §3.2.3 asks and sort() does.
  const names = Array.isArray(value) ? null : Object.keys(value).sort();
  const length = names === null ? (value as readonly JsonValue[]).length : names.length;
  open.push({ value, names, length, next: 0 });
  return names === null ? "[" : "{";
}

function quoted(text: string): string {
  return NEEDS_ESCAPING.test(text) ? JSON.stringify(text) : `"${text}"`;
}
