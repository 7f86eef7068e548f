/** Takes back leases that ran out, the longest lost first. What is past its time DynamoDB deletes by itself. */
import type { Swept } from "../../core/engine.ts";
import type { Job, JobId } from "../../core/job.ts";
import { lostAttempt, rescue } from "../../core/transition.ts";
import { follow, look, wayOfState } from "./jobs.ts";
import { endOf, leaseUntil, WORK_SHARDS, workPartition } from "./keys.ts";
import { NOTHING_SEEN, type Seen, text } from "./rows.ts";
import type { Store } from "./store.ts";
import { WORK_INDEX } from "./table-definition.ts";
import { eachInTurns } from "./turns.ts";

export async function sweep(store: Store, limit: number): Promise<Swept> {
  const lost = await lostBy(store, limit);
  const first = store.ticks.take(Math.max(1, lost.length));
  const rescued = await eachInTurns(lost, ({ id, there }, place) =>
    rescueOne(store, id, first + place, there),
  );
  return { rescued: rescued.filter((job) => job !== undefined), pruned: 0 };
}

/** Nothing, if it was settled or extended meanwhile: the index follows after. */
export function rescueOne(store: Store, id: JobId, tick: number, there?: Seen): Promise<Job | undefined> {
  return follow(
    store,
    id,
    tick,
    (job, _, now) => {
      if (job?.status !== "running" || (job.leaseUntil ?? 0) > now) return { answer: undefined };
      const next = rescue(job, store.retention, store.host.random, now);
      if (next === "removed") return { answer: undefined, next };
      return { answer: next, next, attempt: lostAttempt(job, now) };
    },
    (next, row) => wayOfState(store, next, row),
    there,
  );
}

type Lost = { readonly id: JobId; readonly until: number; readonly there: Seen };

async function lostBy(store: Store, limit: number): Promise<readonly Lost[]> {
  const now = store.host.clock.now();
  const shards = Array.from({ length: WORK_SHARDS }, (_, shard) =>
    store.database.query({
      IndexName: WORK_INDEX,
      KeyConditionExpression: "wk = :wk AND ws < :until",
      ExpressionAttributeValues: {
        ":wk": { S: workPartition("lease", shard) },
        ":until": { S: leaseUntil(now) },
      },
      Limit: limit,
    }),
  );
  const sorts = (await Promise.all(shards)).flatMap(({ items }) =>
    items.map((item) => text(item, "ws") ?? ""),
  );
  const ends = sorts.sort().slice(0, limit).map(endOf);
  const rows = await look(
    store,
    ends.map(({ id }) => id),
  );
  const lost = ends.map(({ id, at }, place) => ({ id, until: at, there: rows[place] ?? NOTHING_SEEN }));
  const sequence = ({ there }: Lost) => there.row?.sequence ?? 0;
  return lost.sort((one, other) => one.until - other.until || sequence(one) - sequence(other));
}
