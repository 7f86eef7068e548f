/** What the id of a call under a key is derived from; with the store's secret, so that nobody can guess another's. */
import type { Principal } from "./job.ts";

/** One call; or one of a batch under its key, by its index. */
export type Key = { readonly key: string; readonly item?: number };

export const LONGEST_KEY = 255;

/** As JSON, so that no text can pass for two. */
export function keyScope(principal: Principal, operation: string, { key, item }: Key): string {
  return JSON.stringify([principal, operation, key, item]);
}

/** Before the digest of the scope; ids without a key are hexadecimal. */
export const KEYED = "k";
