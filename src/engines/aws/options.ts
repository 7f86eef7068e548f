/** What the engine is told, or finds in the environment of its process. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { Retention } from "../../core/engine.ts";
import { configurationError } from "../../core/errors.ts";
import { checkOptions, shown } from "../../core/options.ts";
import { type RetentionOptions, retentionOf } from "../../core/store-defaults.ts";
import type { SharedLimits } from "./shares.ts";

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

/** What functions are told of the limits that they share. */
export type Shared = {
  readonly limits: SharedLimits;
  readonly limitsOf: Readonly<Record<string, readonly string[]>>;
};

/** `SPILLWAY_SHARES` and `SPILLWAY_LIMITS`, as the template sets them; without them nothing is shared. */
export function sharedLimits(): Shared {
  const limits = jsonIn("SPILLWAY_SHARES", (value): value is SharedLimits =>
    isRecordOf(value, (share) => typeof (share as { atOnce?: unknown } | null)?.atOnce === "number"),
  );
  const limitsOf = jsonIn("SPILLWAY_LIMITS", (value): value is Shared["limitsOf"] =>
    isRecordOf(value, (names) => Array.isArray(names)),
  );
  return { limits, limitsOf };
}

/** Shorter than anybody waits for an answer: what was lost on the way is asked again. */
const ANSWER_MS = 5_000;
/** The client counts from the request, not from the connecting: also what is waited for one of its sockets. */
const CONNECT_MS = 3_000;
/** A long poll takes 20 seconds. */
const POLL_ANSWER_MS = 25_000;
const SOCKETS = 64;

export function settledOptions(options: AwsOptions, what: string): Settled {
  checkOptions(what, options, ["table", "queues", "retention", "clients"]);
  const { clients = {}, queues = jsonIn("SPILLWAY_QUEUES", areQueues) } = options;
  // Each queue that is listened to has one of them for itself.
  const sqsSockets = SOCKETS + new Set(Object.values(queues)).size;
  return {
    table: tableOf(options.table ?? process.env["SPILLWAY_TABLE"]),
    queues,
    retention: retentionOf(options.retention, what),
    clients: {
      dynamodb: once(clients.dynamodb ?? (() => new DynamoDBClient(clientOptions(ANSWER_MS, SOCKETS)))),
      sqs: once(clients.sqs ?? (() => new SQSClient(clientOptions(POLL_ANSWER_MS, sqsSockets)))),
    },
  };
}

/** Tried once: what is to be done about an error is decided where it is known what was asked. */
function clientOptions(answerMs: number, maxSockets: number) {
  return {
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: answerMs,
      throwOnRequestTimeout: true,
      httpsAgent: { maxSockets, keepAlive: true },
      httpAgent: { maxSockets, keepAlive: true },
    },
  };
}

function tableOf(name: string | undefined): string {
  if (typeof name === "string" && /^[\w.-]{3,255}$/.test(name)) return name;
  throw configurationError(
    `aws() got ${shown(name)} for its table.`,
    "Name it in SPILLWAY_TABLE, as the template of `spillway synth` does, or in the option table.",
  );
}

/** Undefined or empty: nothing is set. */
function jsonIn<T>(name: string, is: (value: unknown) => value is T): T {
  const given = process.env[name] || "{}";
  try {
    const value: unknown = JSON.parse(given);
    if (is(value)) return value;
  } catch {
    // Said below, as of what is JSON and means something else.
  }
  throw configurationError(
    `${name} holds ${shown(given)}.`,
    "It is the JSON object that the template of `spillway synth` sets: deploy that, or leave the variable out.",
  );
}

function isRecordOf(value: unknown, is: (entry: unknown) => boolean): boolean {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(is)
  );
}

const areQueues = (value: unknown): value is Settled["queues"] =>
  isRecordOf(value, (url) => typeof url === "string");

function once<T>(make: () => T): () => T {
  let made: { readonly it: T } | undefined;
  return () => {
    made ??= { it: make() };
    return made.it;
  };
}
