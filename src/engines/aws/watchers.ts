/**
 * Who is to be told when a receipt changes, or any job of a principal. The rows are hints to whoever pushes, kept so
 * that none is missed: they are written before the state is read that the client is shown, and go when the final state
 * has been sent. The receipt is the truth; of these rows nothing else depends.
 */
import type { DynamoDBClient, QueryCommandInput } from "@aws-sdk/client-dynamodb";
import type { Clock } from "../../core/clock.ts";
import { LookList } from "./look-list.ts";
import { placeBefore } from "./places.ts";
import { isMessageId } from "./receipt-names.ts";
import {
  followedKey,
  type Key,
  mineKey,
  principalPartition,
  RECEIPT_SORT,
  type Row,
  receiptPartition,
  SOCKET_MS,
  type SocketRow,
  socketKey,
  socketPartition,
  socketRowOf,
  type Watcher,
  watcherOf,
  watcherRow,
  watchKey,
} from "./watch-rows.ts";
import { WatchTable } from "./watch-table.ts";

export class Watchers {
  readonly table: WatchTable;
  /** For the sweep. */
  readonly looks: LookList;

  constructor(table: string, client: () => DynamoDBClient, { clock }: { readonly clock: Clock }) {
    this.table = new WatchTable(table, client, clock);
    this.looks = new LookList(this.table, (connection) => this.socket(connection));
  }

  async connect(connection: string, principal: string, tokenUntil: number | undefined): Promise<void> {
    const until = this.table.clock.now() + SOCKET_MS;
    const watcher = { connection, principal, until, ...(tokenUntil !== undefined && { tokenUntil }) };
    await this.table.put([{ ...socketKey(connection), ...watcherRow(watcher) }]);
  }

  /** `undefined`: never opened here, or over. */
  async socket(connection: string): Promise<SocketRow | undefined> {
    const row = await this.table.get(socketKey(connection));
    const socket = row && socketRowOf(row, connection);
    return socket && socket.until > this.table.clock.now() ? socket : undefined;
  }

  /** Nothing is kept for it any more. */
  async forget(connection: string): Promise<void> {
    const rows = await this.table.query(partition(socketPartition(connection)));
    const keys: Key[] = [];
    for (const row of rows) {
      const sort = row["sk"]?.S ?? "";
      if (sort.startsWith(RECEIPT_SORT)) keys.push(...keysOfFollowed(connection, row));
      else if (row["m"]?.BOOL === true) keys.push(mineKey(row["p"]?.S ?? "", connection));
    }
    // Its own row last, for it leads to the others.
    await this.table.delete(keys);
    await this.table.delete([socketKey(connection)]);
  }

  /** How many receipts it follows, counted up to `most`. */
  following(connection: string, most: number): Promise<number> {
    return this.table.count(followedBy(connection), most);
  }

  async follows(connection: string, receipt: string): Promise<boolean> {
    return (await this.table.get(followedKey(connection, receipt))) !== undefined;
  }

  async followed(connection: string): Promise<readonly string[]> {
    const rows = await this.table.query(followedBy(connection));
    return rows.map((row) => (row["sk"]?.S ?? "").slice(RECEIPT_SORT.length));
  }

  /** `job`: the one that is to change, which the receipt may not bear the name of. */
  async follow(watcher: Watcher, receipt: string, job = receipt): Promise<void> {
    const { connection } = watcher;
    const row = watcherRow(watcher);
    await this.table.put([
      { ...watchKey(receipt, connection, job), ...row },
      { ...followedKey(connection, receipt), ...row, ...(job !== receipt && { k: { S: job } }) },
    ]);
  }

  async unfollow(connection: string, receipt: string): Promise<void> {
    const row = isMessageId(receipt) ? await this.table.get(followedKey(connection, receipt)) : undefined;
    const job = row?.["k"]?.S;
    await this.table.delete([watchKey(receipt, connection, job), followedKey(connection, receipt)]);
  }

  /** All jobs of its principal after this place; anew, if it did so already. */
  async followMine(watcher: Watcher, after: string | undefined): Promise<void> {
    const { connection, principal } = watcher;
    // First, so that a goodbye finds the row that is about to be written.
    const known = await this.table.update(socketKey(connection), "SET m = :yes", "attribute_exists(pk)", {
      ":yes": { BOOL: true },
    });
    if (!known) return;
    await this.table.put([
      {
        ...mineKey(principal, connection),
        ...watcherRow(watcher),
        ...(after !== undefined && { c: { S: placeBefore(after) } }),
      },
    ]);
  }

  async unfollowMine(connection: string, principal: string): Promise<void> {
    await this.table.delete([mineKey(principal, connection)]);
    await this.table.update(socketKey(connection), "REMOVE m", "attribute_exists(pk)", {});
  }

  ofReceipt(receipt: string): Promise<readonly Watcher[]> {
    return this.#watchers(receiptPartition(receipt));
  }

  ofPrincipal(principal: string): Promise<readonly Watcher[]> {
    return this.#watchers(principalPartition(principal));
  }

  async #watchers(name: string): Promise<readonly Watcher[]> {
    const rows = await this.table.query(partition(name));
    const now = this.table.clock.now();
    return rows.map((row) => watcherOf(row, row["sk"]?.S ?? "")).filter(({ until }) => until > now);
  }
}

function keysOfFollowed(connection: string, row: Row): readonly Key[] {
  const receipt = (row["sk"]?.S ?? "").slice(RECEIPT_SORT.length);
  return [watchKey(receipt, connection, row["k"]?.S), followedKey(connection, receipt)];
}

type Read = Pick<
  QueryCommandInput,
  "KeyConditionExpression" | "ExpressionAttributeValues" | "ConsistentRead"
>;

function partition(name: string): Read {
  return {
    KeyConditionExpression: "pk = :pk",
    ExpressionAttributeValues: { ":pk": { S: name } },
    ConsistentRead: true,
  };
}

function followedBy(connection: string): Read {
  return {
    KeyConditionExpression: "pk = :pk AND begins_with(sk, :receipts)",
    ExpressionAttributeValues: {
      ":pk": { S: socketPartition(connection) },
      ":receipts": { S: RECEIPT_SORT },
    },
    ConsistentRead: true,
  };
}
