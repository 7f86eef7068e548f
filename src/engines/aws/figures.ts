/**
 * What an operator sees at a glance. Counts of messages are those of SQS, which are near enough; what stands in the
 * work index is counted there, up to some thousand of each kind in each partition.
 */
import type { DeadLetters, Figures } from "../../core/engine.ts";
import { endOf, WORK_SHARDS, type WorkKind, workPartition } from "./keys.ts";
import type { Depth } from "./queues.ts";
import { type Attributes, number, text } from "./rows.ts";
import type { Store } from "./store.ts";
import { WORK_INDEX } from "./table-definition.ts";

/** Pages of at most a megabyte, of one partition. */
const MOST_PAGES = 4;

/** So few rows are counted anew each time; of more, each makes the count good for so long. */
const FEW = 500;
const AGE_MS_EACH = 10;
const MOST_AGE_MS = 60_000;

type Standing = { readonly items: readonly Attributes[]; readonly until: number };
type Draft = { -readonly [K in keyof Figures]: Figures[K] };

/** What a message that SQS hides stands for: where it stays until its job has ended, mostly for one that runs. */
export type Hidden = "hidden messages wait" | "hidden messages run";

export class Counts {
  readonly #store: Store;
  readonly #hidden: Hidden;
  readonly #read = new Map<WorkKind, Standing>();

  constructor(store: Store, hidden: Hidden) {
    this.#store = store;
    this.#hidden = hidden;
  }

  /** @param operations those whose queues are known; others are found where they have left something */
  async figures(operations: readonly string[]): Promise<readonly Figures[]> {
    const now = this.#store.host.clock.now();
    const found = new Map<string, Draft>();
    const of = (operation: string): Draft => {
      const known = found.get(operation) ?? { operation, queued: 0, running: 0, failed: 0 };
      found.set(operation, known);
      return known;
    };
    const [due, leases, failed, depths] = await Promise.all([
      this.#standing("due"),
      this.#standing("lease"),
      this.#standing("failed"),
      Promise.all(operations.map((operation) => this.#store.queues.depth(operation))),
    ]);
    for (const item of due) countDue(of(text(item, "op") ?? ""), item, now);
    for (const item of leases) of(text(item, "op") ?? "").running++;
    for (const item of failed) {
      if (!isOver(item, now)) of(text(item, "op") ?? "").failed++;
    }
    for (const [place, depth] of depths.entries()) {
      const { visible, hidden, delayed } = depth;
      if (visible + hidden + delayed > 0) this.#countMessages(of(operations[place] ?? ""), depth, now);
    }
    return [...found.values()];
  }

  async deadLetters(): Promise<readonly DeadLetters[]> {
    const now = this.#store.host.clock.now();
    const failed = await this.#standing("failed");
    return grouped(failed.filter((item) => !isOver(item, now)));
  }

  /** Those of which SQS has a message; what is parked is counted in the figures only. */
  async waiting(operation: string): Promise<number> {
    const { visible, hidden, delayed } = await this.#store.queues.depth(operation);
    return visible + delayed + (this.#hidden === "hidden messages wait" ? hidden : 0);
  }

  #countMessages(one: Draft, { visible, hidden, delayed }: Depth, now: number): void {
    const waiting = visible + (this.#hidden === "hidden messages wait" ? hidden : 0);
    one.queued += waiting + delayed;
    if (this.#hidden === "hidden messages run") one.running += hidden;
    // How long a message has waited is nothing that SQS tells here.
    if (waiting > 0) one.oldestAt ??= now;
  }

  /** All that stands in the index; what was much to read is not read again so soon. */
  async #standing(kind: WorkKind): Promise<readonly Attributes[]> {
    const now = this.#store.host.clock.monotonic();
    const known = this.#read.get(kind);
    if (known && now < known.until) return known.items;
    const shards = Array.from({ length: WORK_SHARDS }, (_, shard) => inShard(this.#store, kind, shard));
    const items = (await Promise.all(shards)).flat();
    const goodFor = items.length > FEW ? Math.min(MOST_AGE_MS, items.length * AGE_MS_EACH) : 0;
    this.#read.set(kind, { items, until: now + goodFor });
    return items;
  }
}

function countDue(one: Draft, item: Attributes, now: number): void {
  const { at } = endOf(text(item, "ws") ?? "");
  const acceptedAt = number(item, "ac") ?? now;
  one.queued++;
  if (at <= now) one.oldestAt = Math.min(one.oldestAt ?? acceptedAt, acceptedAt);
  else one.nextAt = Math.min(one.nextAt ?? at, at);
}

function grouped(failed: readonly Attributes[]): readonly DeadLetters[] {
  const groups = new Map<string, DeadLetters>();
  for (const item of failed) {
    const operation = text(item, "op") ?? "";
    const errorCode = text(item, "ec") ?? "";
    const { at } = endOf(text(item, "ws") ?? "");
    const name = `${operation} ${errorCode}`;
    const { count, firstAt, lastAt } = groups.get(name) ?? { count: 0, firstAt: at, lastAt: at };
    groups.set(name, {
      operation,
      errorCode,
      count: count + 1,
      firstAt: Math.min(firstAt, at),
      lastAt: Math.max(lastAt, at),
    });
  }
  return [...groups.values()];
}

function isOver(item: Attributes, now: number): boolean {
  return (number(item, "x") ?? Number.POSITIVE_INFINITY) <= now;
}

async function inShard(store: Store, kind: WorkKind, shard: number): Promise<readonly Attributes[]> {
  const found: Attributes[] = [];
  let last: Attributes | undefined;
  for (let pages = 0; pages === 0 || (last && pages < MOST_PAGES); pages++) {
    const page = await store.database.query({
      IndexName: WORK_INDEX,
      KeyConditionExpression: "wk = :wk",
      ExpressionAttributeValues: { ":wk": { S: workPartition(kind, shard) } },
      ...(last && { ExclusiveStartKey: last }),
    });
    found.push(...page.items);
    last = page.last;
  }
  return found;
}
