/**
 * Queued jobs that no message will bring: delayed, sent, or queued again. They stand in the work index by when they are
 * due. What this process wrote it knows at once; what others wrote it finds when it looks, once a second at most.
 */
import type { Clock } from "../../core/clock.ts";
import type { JobId } from "../../core/job.ts";
import type { Database } from "./database.ts";
import { dueUntil, endOf, WORK_SHARDS, workPartition } from "./keys.ts";
import { text } from "./rows.ts";
import { WORK_INDEX } from "./table-definition.ts";

const LOOK_MS = 1_000;
/** Of one operation in one partition; there are more when these are gone. */
const LOOK_MOST = 100;

const REMEMBERED_MOST = LOOK_MOST * WORK_SHARDS;

export type Parking = { readonly id: JobId; readonly at: number };

type Known = { parked: Map<JobId, number>; lookedAt: number; hasMore: boolean };

export class Parked {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  /** What was written while somebody was looking, and may not be in what they found. */
  readonly #news = new Map<JobId, number | undefined>();
  #looking = 0;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** @param at when it is due; `undefined`: it is not parked, or no longer */
  note(operation: string, id: JobId, at: number | undefined): void {
    if (this.#looking > 0) this.#news.set(id, at);
    const known = this.#of(operation);
    const { parked } = known;
    if (at === undefined) parked.delete(id);
    else if (parked.size < REMEMBERED_MOST || parked.has(id)) parked.set(id, at);
    // A process that only accepts never looks, and would remember for ever. Who looks finds it in the index.
    else known.hasMore = true;
  }

  /** The earliest first. */
  async of(operation: string): Promise<readonly Parking[]> {
    const known = this.#of(operation);
    const now = this.#clock.monotonic();
    const isUsedUp = known.hasMore && known.parked.size === 0;
    if (isUsedUp || now - known.lookedAt >= LOOK_MS) {
      known.lookedAt = now;
      await this.#look(operation, known);
    }
    const parkings = [...known.parked].map(([id, at]) => ({ id, at }));
    return parkings.sort((one, other) => one.at - other.at || (one.id < other.id ? -1 : 1));
  }

  #of(operation: string): Known {
    const known = this.#known.get(operation);
    if (known) return known;
    const fresh = { parked: new Map(), lookedAt: Number.NEGATIVE_INFINITY, hasMore: false };
    this.#known.set(operation, fresh);
    return fresh;
  }

  async #look(operation: string, known: Known): Promise<void> {
    this.#looking++;
    try {
      const shards = Array.from({ length: WORK_SHARDS }, (_, shard) => this.#inShard(operation, shard));
      const inShards = await Promise.all(shards);
      const found = new Map(inShards.flat());
      known.hasMore = inShards.some(({ length }) => length === LOOK_MOST);
      for (const [id, at] of this.#news) {
        if (at === undefined) found.delete(id);
        else if (known.parked.has(id)) found.set(id, at);
      }
      known.parked = found;
    } finally {
      this.#looking--;
      if (this.#looking === 0) this.#news.clear();
    }
  }

  async #inShard(operation: string, shard: number): Promise<readonly (readonly [JobId, number])[]> {
    const { items } = await this.#database.query({
      IndexName: WORK_INDEX,
      KeyConditionExpression: "wk = :wk AND begins_with(ws, :operation)",
      ExpressionAttributeValues: {
        ":wk": { S: workPartition("due", shard) },
        ":operation": { S: dueUntil(operation) },
      },
      Limit: LOOK_MOST,
    });
    return items.map((item) => {
      const { id, at } = endOf(text(item, "ws") ?? "");
      return [id, at];
    });
  }
}
