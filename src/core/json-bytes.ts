// The smallest steps of reading JSON from UTF-8 bytes, for the one pass in json-scan.ts. They refuse to
// judge: each only says what stands at a byte or where a run of bytes ends.

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const ZERO = 0x30;
const NINE = 0x39;

/** What a step returns instead of an index or a code unit. */
export const FAILED = -1;

/** -1 past the end, because an undefined there makes every comparison in the loops slower. */
export function byteAt(bytes: Uint8Array, index: number): number {
  return index < bytes.length ? (bytes[index] as number) : -1;
}

export function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

export function skipSpace(bytes: Uint8Array, start: number): number {
  let index = start;
  while (index < bytes.length) {
    const code = bytes[index];
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
    index += 1;
  }
  return index;
}

export function skipDigits(bytes: Uint8Array, start: number): number {
  let index = start;
  while (isDigit(byteAt(bytes, index))) index += 1;
  return index;
}

/** A loop of its own, because that takes a sixth off the time of the whole pass. */
export function skipPlain(bytes: Uint8Array, start: number): number {
  const length = bytes.length;
  let index = start;
  while (index < length) {
    const code = bytes[index] as number;
    if (code < 0x20 || code === QUOTE || code === BACKSLASH || code >= 0x80) break;
    index += 1;
  }
  return index;
}

export function hexUnit(bytes: Uint8Array, start: number): number {
  let unit = 0;
  for (let index = start; index < start + 4; index++) {
    const code = byteAt(bytes, index);
    const letter = code | 0x20;
    if (isDigit(code)) unit = unit * 16 + code - ZERO;
    else if (letter >= 0x61 && letter <= 0x66) unit = unit * 16 + letter - 0x57;
    else return FAILED;
  }
  return unit;
}
