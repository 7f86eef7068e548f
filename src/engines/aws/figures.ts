/**
 * What an operator sees at a glance. Counts of messages are those of SQS, which are near enough; what stands in the
 * work index is counted there, up to some thousand of each kind in each partition.
 */
import type { DeadLetters, Figures } from "../../core/engine.ts";
import { endOf, WORK_SHARDS, type WorkKind, workPartition } from "./keys.ts";
import { type Attributes, number, text } from "./rows.ts";
import type { Store } from "./store.ts";
import { WORK_INDEX } from "./table-definition.ts";

/** Pages of at most a megabyte, of one partition. */
const MOST_PAGES = 4;

type Draft = { -readonly [K in keyof Figures]: Figures[K] };

/** What a message that SQS hides stands for: where it stays until its job has ended, mostly for one that runs. */
export type Hidden = "hidden messages wait" | "hidden messages run";

/** @param operations those whose queues are known; others are found where they have left something */
export async function figures(
  store: Store,
  operations: readonly string[],
  meaning: Hidden,
): Promise<readonly Figures[]> {
  const now = store.host.clock.now();
  const found = new Map<string, Draft>();
  const of = (operation: string): Draft => {
    const known = found.get(operation) ?? { operation, queued: 0, running: 0, failed: 0 };
    found.set(operation, known);
    return known;
  };
  const [due, leases, failed, depths] = await Promise.all([
    standing(store, "due"),
    standing(store, "lease"),
    standing(store, "failed"),
    Promise.all(operations.map((operation) => store.queues.depth(operation))),
  ]);
  for (const item of due) countDue(of(text(item, "op") ?? ""), item, now);
  for (const item of leases) of(text(item, "op") ?? "").running++;
  for (const item of failed) {
    if (!isOver(item, now)) of(text(item, "op") ?? "").failed++;
  }
  for (const [place, { visible, hidden, delayed }] of depths.entries()) {
    if (visible + hidden + delayed === 0) continue;
    const one = of(operations[place] ?? "");
    const waiting = visible + (meaning === "hidden messages wait" ? hidden : 0);
    one.queued += waiting + delayed;
    if (meaning === "hidden messages run") one.running += hidden;
    // How long a message has waited is nothing that SQS tells here.
    if (waiting > 0) one.oldestAt ??= now;
  }
  return [...found.values()];
}

function countDue(one: Draft, item: Attributes, now: number): void {
  const { at } = endOf(text(item, "ws") ?? "");
  const acceptedAt = number(item, "ac") ?? now;
  one.queued++;
  if (at <= now) one.oldestAt = Math.min(one.oldestAt ?? acceptedAt, acceptedAt);
  else one.nextAt = Math.min(one.nextAt ?? at, at);
}

export async function deadLetters(store: Store): Promise<readonly DeadLetters[]> {
  const now = store.host.clock.now();
  const groups = new Map<string, DeadLetters>();
  for (const item of await standing(store, "failed")) {
    if (isOver(item, now)) continue;
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

async function standing(store: Store, kind: WorkKind): Promise<readonly Attributes[]> {
  const shards = Array.from({ length: WORK_SHARDS }, (_, shard) => inShard(store, kind, shard));
  return (await Promise.all(shards)).flat();
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
