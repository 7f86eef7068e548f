/**
 * Idempotency keys: the header, the id that every run under a key shares, and the digest by which a repeat is
 * told from another call. The id is an HMAC with the store's secret, so that no one can guess another's.
 */
import { createHmac, hash } from "node:crypto";
import { canonicalJson } from "../core/canonical.ts";
import type { JobId, Principal } from "../core/job.ts";
import type { JsonValue } from "../core/json.ts";
import { KEYED, type Key, keyScope, LONGEST_KEY } from "../core/keyed.ts";
import { refuse } from "./replies.ts";

/** An item's index must fit beside the batch's key. */
export const LONGEST_BATCH_KEY = 249;

/** A structured-field string (RFC 9651 §3.3.3), or a bare token for the same key. */
export function parseKey(header: string | undefined, longest = LONGEST_KEY): string | undefined {
  if (header === undefined) return undefined;
  const quoted = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(header);
  const key = quoted ? (quoted[1] as string).replace(/\\(["\\])/g, "$1") : header;
  const bare = quoted !== null || /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/.test(key);
  if (bare && key.length >= 1 && key.length <= longest) return key;
  throw refuse(
    "malformed-header",
    `Idempotency-Key must be one quoted string of 1–${longest} printable ASCII characters.`,
  );
}

export function keyedId(secret: string, principal: Principal, operation: string, key: Key): JobId {
  const scope = keyScope(principal, operation, key);
  return `${KEYED}${createHmac("sha256", secret).update(scope).digest("base64url")}`;
}

export function fingerprint(input: JsonValue): string {
  return hash("sha256", canonicalJson(input), "base64url");
}
