/** Cursors come back from outside, so anything may be in them. */
import type { Cursor } from "./engine.ts";
import { SpillwayError } from "./errors.ts";

/** For engines that number what they list. */
export function numberIn(cursor: Cursor | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const number = /^\d{1,16}$/.test(cursor) ? Number(cursor) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw noCursor(cursor);
}

export function noCursor(cursor: Cursor): SpillwayError {
  return new SpillwayError(
    "malformed-request",
    `${JSON.stringify(cursor.slice(0, 60))} is no cursor of this store.`,
    { hint: "Send one that an earlier page gave as next, or none." },
  );
}
