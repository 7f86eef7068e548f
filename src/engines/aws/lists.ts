/** The list of jobs, newest first: keys from an index that follows after, rows as they are now. */
import { noCursor } from "../../core/cursor.ts";
import type { Cursor, JobQuery, Page } from "../../core/engine.ts";
import { matches } from "../../core/engine-lists.ts";
import type { JobRecord } from "../../core/job.ts";
import { jobKey, LIST_SHARDS, listPartition } from "./keys.ts";
import { type Attributes, seen, text } from "./rows.ts";
import type { Store } from "./store.ts";
import { JOBS_INDEX } from "./table-definition.ts";

const CURSOR = /^\d{16}-[\w-]{1,200}$/;
/** Looked at for one page, whatever matches. */
const LOOKED_AT = 2_000;
/** Rows that are read together. */
const MOST_READ = 100;

/** Its place in the list, and its key. */
type Place = { readonly ls: string; readonly pk: string };

export async function list(store: Store, query: JobQuery): Promise<Page<JobRecord>> {
  const { cursor, limit } = query;
  if (cursor !== undefined && !CURSOR.test(cursor)) throw noCursor(cursor);
  const items: JobRecord[] = [];
  const places = new Places(store, cursor, Math.min(limit + 1, MOST_READ));
  let last: Cursor | null = null;
  for (let looked = 0; ; ) {
    const next = await places.next(Math.min(MOST_READ, LOOKED_AT - looked));
    if (next.length === 0) return { items, next: null };
    const rows = await store.database.get(next.map(({ pk }) => jobKey(pk.slice("job#".length))));
    for (const [place, { ls }] of next.entries()) {
      const { row } = seen(rows[place], store.host.clock.now());
      const isFound = row && matches(row.record, query);
      if (isFound && items.length === limit) return { items, next: last };
      if (isFound) items.push(row.record);
      last = ls;
      if (++looked === LOOKED_AT) return { items, next: last };
    }
  }
}

/** The highest sequence of all that is listed. */
export async function lastSequence(store: Store): Promise<number> {
  const [newest] = await new Places(store, undefined, 1).next(1);
  return newest ? Number(newest.ls.split("-")[0]) : 0;
}

/** Its partitions side by side, merged as they are read. */
class Places {
  readonly #lanes: readonly Lane[];

  constructor(store: Store, before: Cursor | undefined, atOnce: number) {
    this.#lanes = Array.from({ length: LIST_SHARDS }, (_, shard) => new Lane(store, shard, before, atOnce));
  }

  async next(most: number): Promise<readonly Place[]> {
    const places: Place[] = [];
    while (places.length < most) {
      await Promise.all(this.#lanes.map((lane) => lane.fill()));
      let newest: Lane | undefined;
      for (const lane of this.#lanes) {
        if (lane.first && (!newest?.first || lane.first.ls > newest.first.ls)) newest = lane;
      }
      if (!newest) break;
      places.push(newest.take() as Place);
    }
    return places;
  }
}

class Lane {
  readonly #store: Store;
  readonly #shard: number;
  readonly #before: Cursor | undefined;
  readonly #atOnce: number;
  #places: Place[] = [];
  #last: Attributes | undefined;
  #isOver = false;

  constructor(store: Store, shard: number, before: Cursor | undefined, atOnce: number) {
    this.#store = store;
    this.#shard = shard;
    this.#before = before;
    this.#atOnce = atOnce;
  }

  get first(): Place | undefined {
    return this.#places[0];
  }

  take(): Place | undefined {
    return this.#places.shift();
  }

  async fill(): Promise<void> {
    while (this.#places.length === 0 && !this.#isOver) {
      const { items, last } = await this.#store.database.query({
        IndexName: JOBS_INDEX,
        ScanIndexForward: false,
        KeyConditionExpression: this.#before === undefined ? "lk = :lk" : "lk = :lk AND ls < :before",
        ExpressionAttributeValues: {
          ":lk": { S: listPartition(this.#shard) },
          ...(this.#before !== undefined && { ":before": { S: this.#before } }),
        },
        Limit: this.#atOnce,
        ...(this.#last && { ExclusiveStartKey: this.#last }),
      });
      this.#places = items.map((item) => ({ ls: text(item, "ls") ?? "", pk: text(item, "pk") ?? "" }));
      this.#last = last;
      this.#isOver = last === undefined;
    }
  }
}
