/**
 * Texts as PostgreSQL can keep them: it knows no character zero, and keys, principals and codes may have one. What
 * is kept instead compares as the text itself does.
 */

/** Two characters that stand for one; no other text begins with the first of them. */
const ZERO = "\x01\x01";
const ONE = "\x01\x02";

export function stored(text: string): string {
  return text.includes("\0") || text.includes("\x01")
    ? text.replaceAll("\x01", ONE).replaceAll("\0", ZERO)
    : text;
}

export function told(text: string): string {
  return text.includes("\x01") ? text.replaceAll(ZERO, "\0").replaceAll(ONE, "\x01") : text;
}
