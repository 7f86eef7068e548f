/** The one place where chance comes from: a fraction for jitter, bits for ids and fencing tokens. */

export interface Random {
  /** 0 ≤ x < 1. */
  fraction(): number;
  /** `bytes` random bytes, as lower-case hex. Unguessable. */
  hex(bytes: number): string;
}

const POOL_BYTES = 4096;

/** The machine's randomness; bytes are drawn in bulk, since one draw costs as much as a thousand bytes. */
export function systemRandom(): Random {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  return {
    fraction: Math.random,
    hex(bytes) {
      if (used + bytes > POOL_BYTES) {
        crypto.getRandomValues(pool);
        used = 0;
      }
      let text = "";
      for (const end = used + bytes; used < end; used++) text += HEX[pool[used] as number];
      return text;
    },
  };
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
