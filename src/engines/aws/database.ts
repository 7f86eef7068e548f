/** The one table, asked and altered: strong reads, queries page by page, and writes whose failed conditions are answers. */
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { EngineHost } from "../../core/engine.ts";
import { SpillwayError } from "../../core/errors.ts";
import { type Key, keyAttributes } from "./keys.ts";
import { Persistence } from "./persistence.ts";
import type { Attributes } from "./rows.ts";
import { isTooLarge, LeftOver, troubleOf } from "./trouble.ts";
import { inputOf, inTransaction, type Write } from "./writes.ts";

/** DynamoDB's own limits. */
const MOST_IN_TRANSACTION = 100;
const MOST_IN_BATCH = 100;
const PASSING: ReadonlySet<string> = new Set([
  "TransactionConflict",
  "ThrottlingError",
  "ProvisionedThroughputExceeded",
  "RequestLimitExceeded",
]);

/** Of each write, in its place: what stands there instead, where its condition failed (`null`: nothing does). */
export type Failures = readonly (Attributes | null | undefined)[];
export type Written = { readonly ok: true } | { readonly ok: false; readonly failures: Failures };

const WRITTEN: Written = { ok: true };

export type Page = { readonly items: readonly Attributes[]; readonly last: Attributes | undefined };

export class Database {
  readonly table: string;
  readonly #client: () => DynamoDBClient;
  readonly #persistence: Persistence;
  /** Of this process, so that no two writes of it or another have the same. */
  readonly #nonce: string;
  #stamps = 0;

  constructor(table: string, client: () => DynamoDBClient, host: EngineHost) {
    this.table = table;
    this.#client = client;
    this.#nonce = host.random.hex(5);
    this.#persistence = new Persistence(host);
  }

  /** For one write: it is known by it again, and so is whatever was read before it. */
  stamp(): string {
    return `${this.#nonce}.${(++this.#stamps).toString(36)}`;
  }

  /** Before a change is worked out once more. */
  pause(tries: number): Promise<void> {
    return this.#persistence.pause(tries);
  }

  /** Strongly consistent, positional; each key is asked for once. */
  async get(keys: readonly Key[]): Promise<readonly (Attributes | undefined)[]> {
    const byName = new Map(keys.map((key) => [nameOf(key.pk, key.sk), key]));
    const asked = [...byName.values()];
    const batches: Promise<readonly Attributes[]>[] = [];
    for (let i = 0; i < asked.length; i += MOST_IN_BATCH) {
      batches.push(this.#batch(asked.slice(i, i + MOST_IN_BATCH)));
    }
    const found = new Map<string, Attributes>();
    for (const item of (await Promise.all(batches)).flat()) {
      found.set(nameOf(item["pk"]?.S ?? "", item["sk"]?.S ?? ""), item);
    }
    return keys.map((key) => found.get(nameOf(key.pk, key.sk)));
  }

  async query(input: Omit<QueryCommandInput, "TableName">): Promise<Page> {
    const command = new QueryCommand({ TableName: this.table, ...input });
    const { Items = [], LastEvaluatedKey } = await this.#read("A query", () => this.#client().send(command));
    return { items: Items, last: LastEvaluatedKey };
  }

  /**
   * One alone costs half of what it would in a transaction.
   * @param known what leaves no row is known by its stamp alone, which is gone if others have written since
   */
  async write(
    writes: readonly Write[],
    known: "by its row" | "by its stamp" = "by its row",
  ): Promise<Written> {
    try {
      return await this.#write(writes, known);
    } catch (error) {
      // A row that is full may forget how it came to be, but neither what it is nor what comes of it.
      if (!isTooLarge(error) || !writes.some(({ leaner }) => leaner)) throw error;
      return this.#write(
        writes.map((write) => write.leaner?.() ?? write),
        known,
      );
    }
  }

  async #write(writes: readonly Write[], known: "by its row" | "by its stamp"): Promise<Written> {
    const [only, ...others] = writes;
    if (!only) return WRITTEN;
    if (others.length === 0 && only.kind !== "check") return this.#one(only, known);
    if (writes.length > MOST_IN_TRANSACTION) {
      throw new SpillwayError(
        "effects-too-large",
        `${writes.length} reads, writes and sends in one outcome.`,
        {
          hint: `At most ${MOST_IN_TRANSACTION} with the job itself: read, write or send less in one attempt.`,
        },
      );
    }
    return this.#all(writes);
  }

  async #batch(keys: readonly Key[]): Promise<readonly Attributes[]> {
    const found: Attributes[] = [];
    let asked: readonly Attributes[] = keys.map(keyAttributes);
    await this.#read("A read", async () => {
      const command = new BatchGetItemCommand({
        RequestItems: { [this.table]: { Keys: [...asked], ConsistentRead: true } },
      });
      const answer = await this.#client().send(command);
      found.push(...(answer.Responses?.[this.table] ?? []));
      asked = answer.UnprocessedKeys?.[this.table]?.Keys ?? [];
      if (asked.length > 0) throw new LeftOver(asked.length);
    });
    return found;
  }

  async #one(write: Write, known: "by its row" | "by its stamp"): Promise<Written> {
    let inDoubt = false;
    const watched = async <T>(answer: Promise<T>): Promise<T> => {
      try {
        return await answer;
      } catch (error) {
        inDoubt ||= troubleOf(error) === "unknown";
        throw error;
      }
    };
    const send = () => {
      const command = commandOf(write, this.table);
      // Around each try, also of a client that tries again by itself.
      command.middlewareStack.add((next) => (args) => watched(next(args)), {
        step: "finalizeRequest",
        priority: "low",
        name: "spillwayDoubt",
      });
      return watched(this.#client().send(command));
    };
    const what = "A write";
    try {
      await this.#persistence.until({ what, alters: true }, send, isFailedCondition);
      return WRITTEN;
    } catch (error) {
      if (!isFailedCondition(error)) throw error;
      const there = error.Item;
      // Perhaps it was done and others have written since, perhaps they were first: to answer either would be a guess.
      const isUnknowable = inDoubt && known === "by its stamp" && there?.["w"]?.S !== write.item?.["w"]?.S;
      return isUnknowable ? this.#persistence.giveUp(what, error) : { ok: false, failures: [there ?? null] };
    }
  }

  /** The token makes repeats of the same request one; it is another for each request that was worked out anew. */
  async #all(writes: readonly Write[]): Promise<Written> {
    const command = new TransactWriteItemsCommand({
      TransactItems: writes.map((write) => inTransaction(write, this.table)),
      ClientRequestToken: this.stamp(),
    });
    const isAnswer = (error: unknown) => error instanceof TransactionCanceledException && !passes(error);
    try {
      await this.#persistence.until(
        { what: "A transaction", alters: true },
        () => this.#client().send(command),
        isAnswer,
      );
      return WRITTEN;
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const reasons = error.CancellationReasons ?? [];
      const failures = reasons.map(({ Code, Item }) =>
        Code === "ConditionalCheckFailed" ? (Item ?? null) : undefined,
      );
      if (failures.every((failure) => failure === undefined)) throw error;
      return { ok: false, failures };
    }
  }

  #read<T>(what: string, run: () => Promise<T>): Promise<T> {
    return this.#persistence.until({ what, alters: false }, run, () => false);
  }
}

/** Sent and answered alike, so that one of them stands for all. */
function commandOf(write: Write, table: string): PutItemCommand {
  const input = inputOf(write, table);
  if (write.kind === "put") return new PutItemCommand({ ...input, Item: write.item });
  const keyed = { ...input, Key: keyAttributes(write.key) };
  const command = write.kind === "delete" ? new DeleteItemCommand(keyed) : new UpdateItemCommand(keyed);
  return command as unknown as PutItemCommand;
}

function isFailedCondition(error: unknown): error is ConditionalCheckFailedException {
  return error instanceof ConditionalCheckFailedException;
}

/** Others were at it, or too many: nothing that it hangs on has failed. */
function passes({ CancellationReasons = [] }: TransactionCanceledException): boolean {
  const codes = CancellationReasons.map(({ Code = "None" }) => Code).filter((code) => code !== "None");
  return codes.length > 0 && codes.every((code) => PASSING.has(code));
}

function nameOf(pk: string, sk: string): string {
  return `${pk}\n${sk}`;
}
