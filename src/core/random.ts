/** The one place where chance comes from: a fraction for jitter, bits for ids and fencing tokens. */

export interface Random {
  /** 0 ≤ x < 1. */
  fraction(): number;
  /** `bytes` random bytes, as lower-case hex. Unguessable. */
  hex(bytes: number): string;
}

const POOL_BYTES = 4096;
const decoder = new TextDecoder("latin1");

/** The machine's randomness; drawn and written out in bulk, since one draw costs as much as a thousand bytes. */
export function systemRandom(): Random {
  const pool = new Uint8Array(POOL_BYTES);
  const digits = new Uint8Array(2 * POOL_BYTES);
  let text = "";
  let used = POOL_BYTES;
  const refill = () => {
    crypto.getRandomValues(pool);
    for (let i = 0; i < POOL_BYTES; i++) {
      const byte = pool[i] as number;
      digits[2 * i] = DIGITS[byte >> 4] as number;
      digits[2 * i + 1] = DIGITS[byte & 15] as number;
    }
    text = decoder.decode(digits);
    used = 0;
  };
  return {
    fraction: Math.random,
    hex(bytes) {
      if (used + bytes > POOL_BYTES) refill();
      used += bytes;
      return text.slice(2 * (used - bytes), 2 * used);
    },
  };
}

const DIGITS = new TextEncoder().encode("0123456789abcdef");
