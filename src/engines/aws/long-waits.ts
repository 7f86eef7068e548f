/**
 * SQS deletes a message that nobody took within the queue's retention, and the row of its job waits on with nothing
 * that leads to it. So once an hour whoever sweeps looks at the jobs that were accepted eleven days ago, or twice as
 * long and so on, and sends the message anew of each that has no other way back. One too many is harmless.
 */
import { sequenceAt } from "../../core/ids.ts";
import { isFinal } from "../../core/job.ts";
import { jobKey, LIST_SHARDS, listPartition, padded } from "./keys.ts";
import type { Notice } from "./message.ts";
import { type Attributes, seen, text } from "./rows.ts";
import type { Store } from "./store.ts";
import { JOBS_INDEX } from "./table-definition.ts";
import { eachInTurns } from "./turns.ts";

const HOUR_MS = 3_600_000;
/** A day less than a queue keeps its messages. */
export const LONG_MS = 11 * 24 * HOUR_MS;
/** Each of these times as long: what was sent at one is still there at the next. */
const TIMES = [1, 2, 3, 4];
const LOOK_EACH_MS = HOUR_MS;
/** Wider than the time between two looks, so that one which is late, or fails, leaves no gap. */
export const WINDOW_MS = 3 * HOUR_MS;
/** Of each partition in one sweep: rows may be large. */
const MOST_READ = 25;

/** What is still to be seen of a partition of the list: jobs accepted between two moments, the oldest first. */
type Stretch = {
  readonly shard: number;
  readonly from: number;
  readonly to: number;
  readonly after?: Attributes;
};

export class LongWaits {
  readonly #store: Store;
  #left: readonly Stretch[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Goes on with a look, or begins one if it is time; answers whether there is more of it. */
  async send(): Promise<boolean> {
    const { clock } = this.#store.host;
    if (this.#left.length === 0 && clock.monotonic() - this.#lookedAt >= LOOK_EACH_MS) {
      this.#lookedAt = clock.monotonic();
      this.#left = stretches(clock.now());
    }
    const now = this.#left.slice(0, LIST_SHARDS);
    this.#left = this.#left.slice(LIST_SHARDS);
    // One that fails is left to the next look.
    const rests = await eachInTurns(now, (stretch) => this.#look(stretch));
    this.#left = [...rests.filter((rest) => rest !== undefined), ...this.#left];
    return this.#left.length > 0;
  }

  /** One page; answers what is left of it. */
  async #look(stretch: Stretch): Promise<Stretch | undefined> {
    const { database, queues } = this.#store;
    const { items, last } = await database.query({
      IndexName: JOBS_INDEX,
      KeyConditionExpression: "lk = :lk AND ls BETWEEN :from AND :to",
      ExpressionAttributeValues: {
        ":lk": { S: listPartition(stretch.shard) },
        ":from": { S: padded(sequenceAt(stretch.from)) },
        ":to": { S: padded(sequenceAt(stretch.to)) },
      },
      Limit: MOST_READ,
      ...(stretch.after && { ExclusiveStartKey: stretch.after }),
    });
    const ids = items.map((item) => (text(item, "pk") ?? "").slice("job#".length));
    const rows = await database.get(ids.map(jobKey));
    const notices = await eachInTurns(rows, async (row) => this.#noticeFor(row));
    await queues.send(notices.filter((notice) => notice !== undefined));
    return last && { ...stretch, after: last };
  }

  /** For a job that is neither over nor in anybody's hands, and of which no index says when it is due. */
  #noticeFor(item: Attributes | undefined): Notice | undefined {
    const { clock } = this.#store.host;
    const { row } = seen(item, clock.now());
    if (!row || row.wayBack !== undefined || isFinal(row.record.status)) return undefined;
    const { id, operation, status, leaseUntil = 0 } = row.record;
    return status === "running" && leaseUntil > clock.now() ? undefined : { id, operation };
  }
}

function stretches(now: number): readonly Stretch[] {
  return TIMES.flatMap((times) => {
    const to = now - times * LONG_MS;
    return Array.from({ length: LIST_SHARDS }, (_, shard) => ({ shard, from: to - WINDOW_MS, to }));
  });
}
