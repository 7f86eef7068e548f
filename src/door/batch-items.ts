/**
 * A batch's body, cut into its items without parsing them: so that a bad item harms only itself, and each is held
 * to the limits of one call.
 */
import { refuse } from "./replies.ts";

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** One input a line; blank lines are no items. */
export function ndjsonItems(bytes: Uint8Array): readonly Uint8Array[] {
  const items: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline;
    const item = trimmed(bytes, start, end);
    if (item.length > 0) items.push(item);
    start = end + 1;
  }
  return items;
}

/** The elements of a JSON array; only brackets, quotes and commas are looked at. */
export function arrayItems(bytes: Uint8Array): readonly Uint8Array[] {
  const body = trimmed(bytes, 0, bytes.length);
  if (body[0] !== OPEN_ARRAY)
    throw refuse("malformed-json", "The body must be a JSON array, or NDJSON as application/x-ndjson.");
  const items: Uint8Array[] = [];
  let depth = 0;
  let start = 1;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] as number;
    if (byte === QUOTE) i = endOfString(body, i);
    else if (OPEN.has(byte)) depth++;
    else if (byte === COMMA && depth === 1) {
      items.push(item(body, start, i));
      start = i + 1;
    } else if (CLOSE.has(byte) && --depth === 0) {
      if (byte !== CLOSE_ARRAY || i !== body.length - 1) break;
      const isEmpty = items.length === 0 && trimmed(body, start, i).length === 0;
      return isEmpty ? [] : [...items, item(body, start, i)];
    }
  }
  throw refuse("malformed-json", "The array is not closed, or something follows it.");
}

function item(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const found = trimmed(bytes, from, to);
  if (found.length > 0) return found;
  throw refuse("malformed-json", `The array has a comma too many before byte ${to}.`);
}

/** The closing quote, or the body's end where there is none. */
function endOfString(bytes: Uint8Array, open: number): number {
  for (let i = open + 1; i < bytes.length; i++) {
    if (bytes[i] === BACKSLASH) i++;
    else if (bytes[i] === QUOTE) return i;
  }
  return bytes.length;
}

function trimmed(bytes: Uint8Array, from: number, to: number): Uint8Array {
  let start = from;
  let end = to;
  while (start < end && isSpace(bytes[start])) start++;
  while (end > start && isSpace(bytes[end - 1])) end--;
  return bytes.subarray(start, end);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
