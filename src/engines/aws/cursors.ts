/** Cursors come back from outside, so anything may be in them. */
import type { Cursor } from "../../core/engine.ts";
import { SpillwayError } from "../../core/errors.ts";

export function malformed(cursor: Cursor): SpillwayError {
  return new SpillwayError(
    "malformed-request",
    `${JSON.stringify(cursor.slice(0, 60))} is no cursor of this store.`,
    { hint: "Send one that an earlier page gave as next, or none." },
  );
}
