/** How rows of sockets are read and written: as conditions, batches and pages, with nothing of what they mean. */
import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import type { Clock } from "../../core/clock.ts";
import { troubleOf } from "./trouble.ts";
import type { Key, Row } from "./watch-rows.ts";

/** Of one BatchWriteItem. */
const MOST_WRITES = 25;
/** 50 ms, 100 ms, … */
const FIRST_PAUSE_MS = 25;
const MOST_TRIES = 6;

export class WatchTable {
  readonly clock: Clock;
  readonly #name: string;
  readonly #client: () => DynamoDBClient;

  constructor(name: string, client: () => DynamoDBClient, clock: Clock) {
    this.#name = name;
    this.#client = client;
    this.clock = clock;
  }

  /** As it is now. */
  async get(key: Key): Promise<Row | undefined> {
    const [row] = await this.query({
      KeyConditionExpression: "pk = :pk AND sk = :sk",
      ExpressionAttributeValues: { ":pk": key.pk, ":sk": key.sk },
      ConsistentRead: true,
    });
    return row;
  }

  /** How many there are, counted up to `most`. */
  async count(input: Omit<QueryCommandInput, "TableName">, most: number): Promise<number> {
    const command = new QueryCommand({ ...input, TableName: this.#name, Select: "COUNT", Limit: most });
    const { Count = 0 } = await this.#sent((client) => client.send(command));
    return Count;
  }

  /** All of them; at most so many where it is said. */
  async query(input: Omit<QueryCommandInput, "TableName">, most?: number): Promise<readonly Row[]> {
    const rows: Row[] = [];
    let from: QueryCommandInput["ExclusiveStartKey"];
    do {
      const command = new QueryCommand({
        ...input,
        TableName: this.#name,
        ExclusiveStartKey: from,
        Limit: most,
      });
      const { Items = [], LastEvaluatedKey } = await this.#sent((client) => client.send(command));
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
    const command = new UpdateItemCommand({
      TableName: this.#name,
      Key: key,
      UpdateExpression: to,
      ConditionExpression: condition,
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
      ReturnValues: "ALL_NEW",
    });
    try {
      const { Attributes } = await this.#sent((client) => client.send(command));
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
    for (let start = 0; start < requests.length; start += MOST_WRITES) {
      let left: WriteRequest[] = requests.slice(start, start + MOST_WRITES);
      for (let tries = 0; left.length > 0; tries++) {
        if (tries === MOST_TRIES) throw new Error(`${left.length} rows of sockets could not be written.`);
        if (tries > 0) await this.#pause(tries);
        const command = new BatchWriteItemCommand({ RequestItems: { [this.#name]: left } });
        const { UnprocessedItems } = await this.#sent((client) => client.send(command));
        left = UnprocessedItems?.[this.#name] ?? [];
      }
    }
  }

  /** Whatever is written here may be written twice, so all that is not refused for good is tried again. */
  async #sent<T>(send: (client: DynamoDBClient) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await send(this.#client());
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) throw error;
        if (tries === MOST_TRIES || troubleOf(error) === "refused") throw error;
      }
      await this.#pause(tries);
    }
  }

  #pause(tries: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(FIRST_PAUSE_MS * 2 ** tries, resolve));
  }
}
