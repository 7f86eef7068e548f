/**
 * Items of tables. Each version is greater than any before it, also than that of an item which was deleted: a deletion
 * leaves a mark with its version, and once the mark is gone, time has outgrown it.
 */
import type { ItemChange } from "../../core/items.ts";
import type { Item, ItemKey, ItemWrite } from "../../core/table.ts";
import type { Database } from "./database.ts";
import { ITEM_SHARDS, itemKey, itemPartition, itemSort, keyOfItem } from "./keys.ts";
import { type Attributes, number, seconds, text } from "./rows.ts";
import { type ItemExpected, putItem, type Write } from "./writes.ts";

/** No clock of ours is so far behind another's. */
const MARK_KEPT_MS = 3_600_000;

/** What stands in an item's place; without a value it is the mark of a deletion. */
export type StoredItem = { readonly version: number; readonly value: string | undefined };

export class Items {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async stored(keys: readonly ItemKey[]): Promise<readonly (StoredItem | undefined)[]> {
    const found = await this.#database.get(keys.map(itemKey));
    return found.map((item) => item && storedItem(item));
  }

  async read(keys: readonly ItemKey[]): Promise<readonly (Item | undefined)[]> {
    const found = await this.stored(keys);
    return keys.map(({ table, key }, place) => {
      const { version = 0, value } = found[place] ?? {};
      return value === undefined ? undefined : { table, key, version, value };
    });
  }

  async scan(table: string, after: string, limit: number): Promise<readonly Item[]> {
    const shards = Array.from({ length: ITEM_SHARDS }, (_, shard) =>
      this.#scanShard(table, shard, after, limit),
    );
    const found = (await Promise.all(shards)).flat();
    return found.sort((one, other) => byBytes(one.key, other.key)).slice(0, limit);
  }

  async #scanShard(table: string, shard: number, after: string, limit: number): Promise<readonly Item[]> {
    const found: Item[] = [];
    let last: Attributes | undefined;
    do {
      const page = await this.#database.query({
        ConsistentRead: true,
        KeyConditionExpression: "pk = :pk AND sk > :after",
        ExpressionAttributeValues: {
          ":pk": { S: itemPartition(table, shard) },
          ":after": { S: itemSort(after) },
        },
        Limit: limit,
        ...(last && { ExclusiveStartKey: last }),
      });
      for (const item of page.items) {
        const { version, value } = storedItem(item);
        if (value !== undefined)
          found.push({ table, key: keyOfItem(text(item, "sk") ?? ""), version, value });
      }
      last = page.last;
    } while (last && found.length < limit);
    return found;
  }
}

/** What is known or assumed to stand in an item's place, and what it hangs on that it does. */
export type Standing = { readonly item: StoredItem | undefined; readonly expected: ItemExpected };

export function found(item: StoredItem | undefined): Standing {
  return { item, expected: item ? { kind: "version", version: item.version } : { kind: "nothing" } };
}

/**
 * What must stand in the place of the only write of a key, if it is to be applied: so that it need not be looked at
 * first. Not what an addition adds to.
 * @param version the one to write
 */
export function assumed(write: ItemWrite, version: number): Standing | undefined {
  if (write.kind === "add") return undefined;
  const condition = write.kind === "insert" ? "absent" : write.condition;
  if (condition === undefined) return { item: undefined, expected: { kind: "any", below: version } };
  if (condition === "absent") return { item: undefined, expected: { kind: "absent", below: version } };
  if (condition === "present") return { item: SOME, expected: { kind: "present", below: version } };
  return assumedRead(condition.version, version);
}

/** What must stand where this version was read. */
export function assumedRead(read: number, version: number): Standing {
  if (read === 0) return { item: undefined, expected: { kind: "absent", below: version } };
  return { item: { version: read, value: SOME.value }, expected: { kind: "version", version: read } };
}

const SOME: StoredItem = { version: 1, value: "null" };

/** As it stands once it is written; for the version, see `itemWrite`. */
export function standingAfter(change: ItemChange, { item }: Standing, least: number): Standing {
  return found({ version: versionOver(item, least), value: change.value });
}

/** @param least the version to write, unless what stands there is ahead of it */
export function itemWrite(
  change: ItemChange,
  { item: stored, expected }: Standing,
  least: number,
  stamp: string,
  now: number,
): Write {
  const { table, key, value } = change;
  const item: Attributes = { v: { N: String(versionOver(stored, least)) }, w: { S: stamp } };
  if (value === undefined) item["ttl"] = seconds(now + MARK_KEPT_MS);
  else item["val"] = { S: value };
  return putItem({ table, key }, item, expected);
}

function versionOver(stored: StoredItem | undefined, least: number): number {
  return Math.max(least, (stored?.version ?? 0) + 1);
}

function storedItem(item: Attributes): StoredItem {
  return { version: number(item, "v") ?? 0, value: text(item, "val") };
}

/** As DynamoDB sorts text, which is by the bytes of UTF-8. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
