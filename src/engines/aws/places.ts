/** Where a principal's jobs stand in the order of their last changes: places only, for whoever knows some of them. */
import { changesPartition, padded } from "./keys.ts";
import { CHANGES_INDEX } from "./table-definition.ts";
import { msOf, tickAt } from "./ticks.ts";
import type { WatchTable } from "./watch-table.ts";

/** `sort` is the place as a cursor names it. */
export type Place = { readonly sort: string; readonly id: string; readonly tick: number };

/** Before all of them. */
export const FIRST_PLACE = `${padded(0)}-`;

/** A change is in sight so soon after its place was drawn: writers' clocks, repeats and the index's delay together. */
export const LATE_MS = 10_000;

export async function placesAfter(
  table: WatchTable,
  principal: string,
  after: string,
  most: number,
): Promise<readonly Place[]> {
  const rows = await table.query(
    {
      IndexName: CHANGES_INDEX,
      KeyConditionExpression: "ck = :ck AND cs > :after",
      ExpressionAttributeValues: { ":ck": { S: changesPartition(principal) }, ":after": { S: after } },
    },
    most,
  );
  return rows.map((row) => {
    const sort = row["cs"]?.S ?? "";
    return { sort, id: (row["pk"]?.S ?? "").slice("job#".length), tick: Number.parseInt(sort, 10) };
  });
}

/** Whether nothing can come into sight before it any more. */
export function isSealed({ tick }: Place, now: number): boolean {
  return msOf(tick) < now - LATE_MS;
}

/** Whether a job's change of that moment is this one or an earlier one; both times are of one clock. */
export function covers({ tick }: Place, updatedAt: number): boolean {
  return msOf(tick) >= updatedAt - 1;
}

/** Where to go on from a cursor that a client brings: whoever gave it may not have seen all that lies close before. */
export function placeBefore(cursor: string): string {
  return `${padded(Math.max(0, (Number.parseInt(cursor, 10) || 0) - tickAt(LATE_MS)))}-`;
}
