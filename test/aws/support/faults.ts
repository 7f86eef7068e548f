/**
 * What a network and a busy service do to a client's requests: refusals, answers that are lost after the work was
 * done, answers that never come, and a process that is gone between two of its requests.
 */
import { isDeepStrictEqual } from "node:util";
import {
  type BatchGetItemInput,
  type BatchGetItemOutput,
  type DynamoDBClient,
  InternalServerError,
  ProvisionedThroughputExceededException,
  ThrottlingException,
  TransactionCanceledException,
  TransactionConflictException,
} from "@aws-sdk/client-dynamodb";
import type { SQSClient } from "@aws-sdk/client-sqs";

export type Request = {
  /** As the API calls it: "PutItem". */
  readonly name: string;
  readonly input: object;
};

export type Fault =
  /** Another transaction is at one of its items: nothing was done. */
  | "conflict"
  /** Too many requests, in its two words: nothing was done. */
  | "throttled"
  | "exceeded"
  /** A read of many: no error, but too busy for all of its keys but the first; or for the only one. */
  | "left-over"
  /** It was never heard. */
  | "unheard"
  /** It was done, and the connection broke before the answer. */
  | "lost"
  /** It was done, and the answer was an error of the service's own. */
  | "internal"
  /** Neither answer nor error, ever; done or not. */
  | "silent-done"
  | "silent-undone";

/** Undefined: it passes. */
export type Rule = (request: Request) => Fault | undefined;

/**
 * @param each every try that the client makes by itself is a request of its own; otherwise its retries are not seen
 */
export function intercept(
  client: DynamoDBClient | SQSClient,
  rule: Rule,
  each: "call" | "try" = "call",
): void {
  // The types of the steps differ; what is done here does not.
  const step = (each === "call" ? "initialize" : "finalizeRequest") as "initialize";
  // The two clients' types differ only in their commands.
  const stack = client.middlewareStack as DynamoDBClient["middlewareStack"];
  stack.add(
    (next, context) => async (args) => {
      const name = String(context["commandName"]).replace(/Command$/, "");
      const fault = rule({ name, input: args.input });
      switch (fault) {
        case undefined:
          return next(args);
        case "silent-undone":
          return new Promise(() => {});
        case "left-over": {
          const answer = await next(args);
          const left = leftOver(args.input as BatchGetItemInput, answer.output as BatchGetItemOutput);
          return { ...answer, output: { ...answer.output, ...left } };
        }
        case "silent-done":
        case "lost":
        case "internal":
          // Nobody hears what came of it, whatever that was.
          await next(args).catch(() => undefined);
          if (fault === "silent-done") return new Promise(() => {});
      }
      throw errorOf(fault, name, args.input);
    },
    { step, priority: "low", name: "faults" },
  );
}

function leftOver(
  { RequestItems = {} }: BatchGetItemInput,
  { Responses = {} }: BatchGetItemOutput,
): BatchGetItemOutput {
  const [[table, { Keys = [], ...how }] = ["", { Keys: [] }]] = Object.entries(RequestItems);
  const left = Keys.slice(Keys.length > 1 ? 1 : 0);
  const isLeft = (item: object) => left.some((key) => isDeepStrictEqual({ ...item, ...key }, item));
  const answered = Responses[table]?.filter((item) => !isLeft(item)) ?? [];
  return { Responses: { [table]: answered }, UnprocessedKeys: { [table]: { ...how, Keys: left } } };
}

function errorOf(
  fault: Exclude<Fault, "left-over" | "silent-done" | "silent-undone">,
  name: string,
  input: object,
): Error {
  const because = { message: `Injected: ${fault}.`, $metadata: { httpStatusCode: 400 } };
  switch (fault) {
    case "conflict": {
      if (name !== "TransactWriteItems") return new TransactionConflictException(because);
      const { TransactItems = [] } = input as { TransactItems?: readonly object[] };
      const reasons = TransactItems.map((_, index) => ({
        Code: index === 0 ? "TransactionConflict" : "None",
      }));
      return new TransactionCanceledException({ ...because, CancellationReasons: reasons });
    }
    case "throttled":
      return new ThrottlingException(because);
    case "exceeded":
      return new ProvisionedThroughputExceededException(because);
    case "internal":
      return new InternalServerError({ ...because, $metadata: { httpStatusCode: 500 } });
    case "unheard":
      return Object.assign(new Error(because.message), { code: "ECONNREFUSED" });
    case "lost":
      return Object.assign(new Error(because.message), { name: "TimeoutError", code: "ECONNRESET" });
  }
}

/** Faults by chance: each request has one with the given probability, of those that it may have. */
export function byChance(
  random: { fraction(): number },
  probability: number,
  faults: readonly Fault[] = ["conflict", "throttled", "exceeded", "unheard", "lost", "internal"],
): Rule {
  return ({ name }) => {
    if (random.fraction() >= probability) return undefined;
    const fault = faults[Math.floor(random.fraction() * faults.length)];
    return fault === "conflict" && !WRITES.has(name) ? "throttled" : fault;
  };
}

const WRITES: ReadonlySet<string> = new Set(["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"]);

/** A process as others see it: at one of its requests it is gone, and nothing of it is heard again. */
export class Life {
  /** The requests it made, the last one included. */
  readonly requests: string[] = [];
  readonly #diesAt: number;
  readonly #last: "silent-done" | "silent-undone";
  readonly #fallen = Promise.withResolvers<void>();

  /** @param diesAt the number of its last request, from 1; `Infinity`: it lives */
  constructor(diesAt = Number.POSITIVE_INFINITY, last: "silent-done" | "silent-undone" = "silent-undone") {
    this.#diesAt = diesAt;
    this.#last = last;
  }

  get over(): boolean {
    return this.requests.length >= this.#diesAt;
  }

  /** Resolves when it is gone. */
  get death(): Promise<void> {
    return this.#fallen.promise;
  }

  /** For each of its clients. */
  readonly rule: Rule = ({ name }) => {
    if (this.over) return "silent-undone";
    this.requests.push(name);
    if (!this.over) return undefined;
    this.#fallen.resolve();
    return this.#last;
  };
}
