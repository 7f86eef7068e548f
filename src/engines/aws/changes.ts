/** What has changed of a principal's jobs, in the order of their positions. */
import type { Changes, Cursor } from "../../core/engine.ts";
import type { Job, Principal } from "../../core/job.ts";
import { malformed } from "./cursors.ts";
import { changesPartition, jobKey, padded } from "./keys.ts";
import { type Attributes, jobOf, seen, text } from "./rows.ts";
import type { Store } from "./store.ts";
import { CHANGES_INDEX } from "./table-definition.ts";

const CURSOR = /^\d{16}-[\w-]{0,200}$/;
const START = `${padded(0)}-`;

export async function changes(
  store: Store,
  principal: Principal,
  after: Cursor = START,
  limit: number,
): Promise<Changes> {
  if (!CURSOR.test(after)) throw malformed(after);
  const jobs: { job: Job; cursor: Cursor }[] = [];
  let from = after;
  for (let isMore = principal !== ""; isMore && jobs.length < limit; ) {
    const { items, last } = await store.database.query({
      IndexName: CHANGES_INDEX,
      KeyConditionExpression: "ck = :ck AND cs > :after",
      ExpressionAttributeValues: { ":ck": { S: changesPartition(principal) }, ":after": { S: from } },
      Limit: limit,
    });
    jobs.push(...(await told(store, items)));
    from = text(items.at(-1) ?? {}, "cs") ?? from;
    isMore = last !== undefined;
  }
  const told_ = jobs.slice(0, limit);
  return { jobs: told_, next: told_.at(-1)?.cursor ?? from };
}

async function told(store: Store, places: readonly Attributes[]) {
  const rows = await store.database.get(
    places.map((place) => jobKey((text(place, "pk") ?? "").slice("job#".length))),
  );
  return places.flatMap((place, n) => {
    const { row } = seen(rows[n], store.host.clock.now());
    return row ? [{ job: jobOf(row.record), cursor: text(place, "cs") ?? "" }] : [];
  });
}
