/** Cursors are numbers of ours, but come back from outside. */
import type { Cursor } from "../../core/engine.ts";
import { SpillwayError } from "../../core/errors.ts";

export function numberIn(cursor: Cursor | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const number = /^\d{1,16}$/.test(cursor) ? Number(cursor) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new SpillwayError(
    "malformed-request",
    `${JSON.stringify(cursor.slice(0, 60))} is no cursor of this store.`,
    {
      hint: "Send one that an earlier page gave as next, or none.",
    },
  );
}
