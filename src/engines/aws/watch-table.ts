/** How rows of sockets are read and written: as conditions, batches and pages, with nothing of what they mean. */
import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import type { Clock } from "../../core/clock.ts";
import type { Key, Row } from "./watch-rows.ts";

export type WatchTableHost = {
  readonly client: () => DynamoDBClient;
  readonly table: string;
  readonly clock: Clock;
};

/** Of one BatchWriteItem. */
const MOST_WRITES = 25;
const FIRST_PAUSE_MS = 50;
const MOST_TRIES = 6;

export class WatchTable {
  readonly #host: WatchTableHost;

  constructor(host: WatchTableHost) {
    this.#host = host;
  }

  get clock(): Clock {
    return this.#host.clock;
  }

  /** As it is now. */
  async get(key: Key): Promise<Row | undefined> {
    const { client, table } = this.#host;
    const { Item } = await client().send(
      new GetItemCommand({ TableName: table, Key: key, ConsistentRead: true }),
    );
    return Item;
  }

  /** How many there are, counted up to `most`. */
  async count(input: Omit<QueryCommandInput, "TableName">, most: number): Promise<number> {
    const { client, table } = this.#host;
    const { Count = 0 } = await client().send(
      new QueryCommand({ ...input, TableName: table, Select: "COUNT", Limit: most }),
    );
    return Count;
  }

  /** All of them; at most so many where it is said. */
  async query(input: Omit<QueryCommandInput, "TableName">, most?: number): Promise<readonly Row[]> {
    const { client, table } = this.#host;
    const rows: Row[] = [];
    let from: QueryCommandInput["ExclusiveStartKey"];
    do {
      const { Items = [], LastEvaluatedKey } = await client().send(
        new QueryCommand({ ...input, TableName: table, ExclusiveStartKey: from, Limit: most }),
      );
      rows.push(...Items);
      from = LastEvaluatedKey;
    } while (from && rows.length < (most ?? Infinity));
    return rows;
  }

  /** The row as it is now; undefined where the condition does not hold. */
  async update(
    key: Key,
    to: string,
    condition: string,
    values: Readonly<Record<string, Row[string]>>,
  ): Promise<Row | undefined> {
    const { client, table } = this.#host;
    try {
      const { Attributes } = await client().send(
        new UpdateItemCommand({
          TableName: table,
          Key: key,
          UpdateExpression: to,
          ConditionExpression: condition,
          ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
          ReturnValues: "ALL_NEW",
        }),
      );
      return Attributes ?? {};
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }

  async put(rows: readonly Row[]): Promise<void> {
    await this.#write(rows.map((Item) => ({ PutRequest: { Item } })));
  }

  async delete(keys: readonly Key[]): Promise<void> {
    await this.#write(keys.map((Key) => ({ DeleteRequest: { Key } })));
  }

  /** What a batch leaves unwritten, for load, is written again. */
  async #write(requests: readonly WriteRequest[]): Promise<void> {
    const { client, table, clock } = this.#host;
    for (let start = 0; start < requests.length; start += MOST_WRITES) {
      let left: WriteRequest[] = requests.slice(start, start + MOST_WRITES);
      for (let tries = 0; left.length > 0; tries++) {
        if (tries === MOST_TRIES) throw new Error(`${left.length} rows of sockets could not be written.`);
        if (tries > 0)
          await new Promise<void>((resolve) => clock.after(FIRST_PAUSE_MS * 2 ** tries, resolve));
        const { UnprocessedItems } = await client().send(
          new BatchWriteItemCommand({ RequestItems: { [table]: left } }),
        );
        left = UnprocessedItems?.[table] ?? [];
      }
    }
  }
}
