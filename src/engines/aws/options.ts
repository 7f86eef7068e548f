/** What the engine is told, or finds in the environment of its process. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { Retention } from "../../core/engine.ts";
import { configurationError } from "../../core/errors.ts";
import { checkOptions, shown } from "../../core/options.ts";
import { type RetentionOptions, retentionOf } from "../../core/store-defaults.ts";

export type AwsOptions = {
  /** The table's name; `SPILLWAY_TABLE` by default. */
  readonly table?: string;
  /** The URL of each operation's queue; `SPILLWAY_QUEUES`, as JSON, by default. Operations may share one. */
  readonly queues?: Readonly<Record<string, string>>;
  readonly retention?: RetentionOptions;
  /** For clients that are set up otherwise than the SDK does it from the environment. */
  readonly clients?: { readonly dynamodb?: () => DynamoDBClient; readonly sqs?: () => SQSClient };
};

/** Made when first used, once, and shared by all that need one. */
export type Clients = { readonly dynamodb: () => DynamoDBClient; readonly sqs: () => SQSClient };

export type Settled = {
  readonly table: string;
  readonly queues: Readonly<Record<string, string>>;
  readonly retention: Retention;
  readonly clients: Clients;
};

/** Shorter than anybody waits for an answer: what was lost on the way is asked again. */
const CONNECT_MS = 1_000;
const ANSWER_MS = 5_000;
/** A long poll takes 20 seconds. */
const POLL_ANSWER_MS = 25_000;
const SOCKETS = 64;

export function settledOptions(options: AwsOptions, what: string): Settled {
  checkOptions(what, options, ["table", "queues", "retention", "clients"]);
  const { clients = {} } = options;
  return {
    table: tableOf(options.table ?? process.env["SPILLWAY_TABLE"]),
    queues: options.queues ?? queuesOf(process.env["SPILLWAY_QUEUES"]),
    retention: retentionOf(options.retention, what),
    clients: {
      dynamodb: once(clients.dynamodb ?? (() => new DynamoDBClient(clientOptions(ANSWER_MS)))),
      sqs: once(clients.sqs ?? (() => new SQSClient(clientOptions(POLL_ANSWER_MS)))),
    },
  };
}

/** Tried once: what is to be done about an error is decided where it is known what was asked. */
function clientOptions(answerMs: number) {
  return {
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: answerMs,
      throwOnRequestTimeout: true,
      httpsAgent: { maxSockets: SOCKETS, keepAlive: true },
      httpAgent: { maxSockets: SOCKETS, keepAlive: true },
    },
  };
}

function tableOf(name: string | undefined): string {
  if (typeof name === "string" && /^[\w.-]{3,255}$/.test(name)) return name;
  throw configurationError(
    `aws() got ${shown(name)} for its table.`,
    "Name it in SPILLWAY_TABLE, as the template of `spillway synth aws` does, or in the option table.",
  );
}

function queuesOf(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined || text === "") return {};
  try {
    const queues: unknown = JSON.parse(text);
    if (isQueues(queues)) return queues;
  } catch {
    // Said below, as for other values that are no queues.
  }
  throw configurationError(
    `SPILLWAY_QUEUES holds ${shown(text)}.`,
    'It is a JSON object of queue URLs by operation: {"place-order":"https://sqs…"}.',
  );
}

function isQueues(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((url) => typeof url === "string")
  );
}

function once<T>(make: () => T): () => T {
  let made: { readonly it: T } | undefined;
  return () => {
    made ??= { it: make() };
    return made.it;
  };
}
