/**
 * The slots of a limit that processes share: numbered rows, each held for a time. What its holder does not release
 * ends by itself, so that a crash costs a slot for that time and never gives one to two.
 */
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { Clock } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";
import type { Share, Shares } from "../../core/share.ts";
import { TTL_ATTRIBUTE } from "./table-definition.ts";

/** Of a limit: how many calls at once it allows, all processes together. */
export type SharedLimits = Readonly<Record<string, { readonly atOnce: number }>>;

export type SlotsOptions = {
  readonly client: () => DynamoDBClient;
  readonly table: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: SharedLimits;
  /** The limits that an operation is under. */
  readonly limitsOf: Readonly<Record<string, readonly string[]>>;
};

/** Free ones that are tried for after a look; others look too. */
const TRIES = 3;
/** By so much the clocks of two processes may differ, and so long may it take to hear that a slot was given. */
const SLACK_MS = 2_000;
/** A row that is in nobody's way: it goes with its limit. */
const FORGOTTEN_S = 86_400;
const FIRST = 0;

type Held = { readonly limit: string; readonly number: number; readonly token: string };

export class Slots implements Shares {
  readonly #options: SlotsOptions;
  /** Those that this process had, the last one first: nobody else may want them. */
  readonly #had = new Map<string, number[]>();
  readonly #releases = new Set<Promise<void>>();

  constructor(options: SlotsOptions) {
    this.#options = options;
  }

  /** All of them, or none; in the order of their names, so that two that want the same meet at the first. */
  async take(operation: string, forMs: number): Promise<Share | undefined> {
    const limits = [...(this.#options.limitsOf[operation] ?? [])].sort();
    const held: Held[] = [];
    const giveBack = () => {
      for (const slot of held.splice(0)) this.#release(slot);
    };
    try {
      for (const limit of limits) {
        const slot = await this.#slotOf(limit, forMs);
        if (slot === undefined) {
          giveBack();
          return undefined;
        }
        held.push(slot);
      }
    } catch (error) {
      giveBack();
      throw error;
    }
    return { release: giveBack };
  }

  /** Resolves when every release that was begun is over. */
  async quiet(): Promise<void> {
    while (this.#releases.size > 0) await Promise.all(this.#releases);
  }

  async #slotOf(limit: string, forMs: number): Promise<Held | undefined> {
    const had = this.#had.get(limit)?.pop();
    if (had !== undefined) {
      const slot = await this.#tryFor(limit, had, forMs);
      if (slot) return slot;
    }
    const free = await this.#freeOf(limit);
    for (let tries = 0; tries < TRIES && free.length > 0; tries++) {
      const [number = FIRST] = free.splice(Math.floor(this.#options.random.fraction() * free.length), 1);
      const slot = await this.#tryFor(limit, number, forMs);
      if (slot) return slot;
    }
    return undefined;
  }

  async #tryFor(limit: string, number: number, forMs: number): Promise<Held | undefined> {
    const { client, table, clock, random } = this.#options;
    const slot = { limit, number, token: random.hex(8) };
    const began = clock.monotonic();
    const now = clock.now();
    const until = now + forMs + 2 * SLACK_MS;
    try {
      await client().send(
        new UpdateItemCommand({
          TableName: table,
          Key: keyOf(slot),
          UpdateExpression: "SET #token = :token, #until = :until, #ttl = :ttl",
          // Its own, where the answer to the first try was lost and the client tried again.
          ConditionExpression: "attribute_not_exists(pk) OR #until <= :now OR #token = :token",
          ExpressionAttributeNames: { "#token": "token", "#until": "until", "#ttl": TTL_ATTRIBUTE },
          ExpressionAttributeValues: {
            ":token": { S: slot.token },
            ":until": { N: String(until) },
            ":now": { N: String(now) },
            ":ttl": { N: String(Math.ceil(until / 1000) + FORGOTTEN_S) },
          },
        }),
      );
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      // Perhaps it was given all the same.
      this.#release(slot);
      throw error;
    }
    if (clock.monotonic() - began <= SLACK_MS) return slot;
    // Too late for what it is wanted for: it might be another's before that is over.
    this.#release(slot);
    return undefined;
  }

  async #freeOf(limit: string): Promise<number[]> {
    const { client, table, clock, limits } = this.#options;
    const now = clock.now();
    const taken = new Set<number>();
    let from: Record<string, AttributeValue> | undefined;
    do {
      const page = await client().send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": { S: partitionOf(limit) } },
          ConsistentRead: true,
          ...(from && { ExclusiveStartKey: from }),
        }),
      );
      for (const row of page.Items ?? []) {
        if (Number(row["until"]?.N) > now) taken.add(Number(row["sk"]?.S));
      }
      from = page.LastEvaluatedKey;
    } while (from);
    const all = Array.from({ length: limits[limit]?.atOnce ?? 0 }, (_, index) => FIRST + index);
    return all.filter((number) => !taken.has(number));
  }

  #release(slot: Held): void {
    const { client, table } = this.#options;
    const released = client()
      .send(
        new DeleteItemCommand({
          TableName: table,
          Key: keyOf(slot),
          ConditionExpression: "#token = :token",
          ExpressionAttributeNames: { "#token": "token" },
          ExpressionAttributeValues: { ":token": { S: slot.token } },
        }),
      )
      // Of a slot that could not be released, only the end of its time is certain.
      .then(
        () => this.#remember(slot),
        () => undefined,
      )
      .finally(() => this.#releases.delete(released));
    this.#releases.add(released);
  }

  #remember({ limit, number }: Held): void {
    const had = this.#had.get(limit) ?? [];
    this.#had.set(limit, [...had.filter((other) => other !== number), number]);
  }
}

function keyOf({ limit, number }: Held): Record<string, AttributeValue> {
  return { pk: { S: partitionOf(limit) }, sk: { S: String(number).padStart(6, "0") } };
}

function partitionOf(limit: string): string {
  return `slots#${limit}`;
}
