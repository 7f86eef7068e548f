/** What a test of the AWS engine stands on: clients of the emulators, and stores that nobody else has. */
import { randomUUID } from "node:crypto";
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { tableDefinition } from "../../../src/engines/aws/table-definition.ts";
import { endpoints, missingMoto } from "./emulators.ts";

export { hasMoto } from "./emulators.ts";

export const withoutMoto: string | false = missingMoto();

/** One name, or several that share a queue. */
export type QueueOf = string | readonly string[];

export type StoreOptions = {
  readonly visibilitySeconds?: number;
  /** After so many deliveries a message goes to the dead-letter queue; there is none otherwise. */
  readonly maxReceiveCount?: number;
  /** The queues are made when they are first used, with nothing set: for many of which few are. */
  readonly onDemand?: boolean;
};

export type Store = {
  readonly table: string;
  readonly queues: Readonly<Record<string, string>>;
  readonly deadLetters: string | undefined;
  /** For a process that is to find it: the engine's defaults, and the emulators' endpoints. */
  readonly environment: Readonly<Record<string, string>>;
  remove(): Promise<void>;
};

export type Rig = {
  /** Endpoints, region and credentials, as the SDK reads them. */
  readonly environment: Readonly<Record<string, string>>;
  /** A client of its own at each call, so that a test may add middleware to it. */
  dynamodb(): DynamoDBClient;
  /** @param now the clock that rules this client's delays and visibility; the machine's otherwise */
  sqs(now?: () => number): SQSClient;
  newStore(queues: readonly QueueOf[], options?: StoreOptions): Promise<Store>;
};

const account = {
  region: "us-east-1",
  credentials: { accessKeyId: "emulated", secretAccessKey: "emulated" },
};

export async function rig(): Promise<Rig> {
  const at = await endpoints();
  const environment = {
    AWS_ENDPOINT_URL_DYNAMODB: at.dynamodb,
    AWS_ENDPOINT_URL_SQS: at.sqs,
    AWS_REGION: account.region,
    AWS_ACCESS_KEY_ID: account.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: account.credentials.secretAccessKey,
  };
  const dynamodb = () => new DynamoDBClient({ ...account, endpoint: at.dynamodb });
  const sqs = (now?: () => number) => {
    const client = new SQSClient({ ...account, endpoint: at.sqs });
    if (now !== undefined) tellTime(client, now);
    return client;
  };
  return {
    environment,
    dynamodb,
    sqs,
    newStore: (queues, options = {}) =>
      newStore({ dynamodb: dynamodb(), sqs: sqs(), endpoint: at.sqs }, queues, options, environment),
  };
}

/** Beside the port: fauxqs takes its time from this header. */
function tellTime(client: SQSClient, now: () => number): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string> };
      request.headers["x-test-now"] = String(now());
      return next(args);
    },
    { step: "build", name: "tellTime" },
  );
}

type At = { readonly dynamodb: DynamoDBClient; readonly sqs: SQSClient; readonly endpoint: string };

async function newStore(
  at: At,
  queues: readonly QueueOf[],
  options: StoreOptions,
  environment: Rig["environment"],
): Promise<Store> {
  const { dynamodb, sqs } = at;
  const table = `spillway-${randomUUID().slice(0, 13)}`;
  await dynamodb.send(new CreateTableCommand(tableDefinition(table)));
  const deadLetters = options.maxReceiveCount ? await newQueue(at, `${table}-dead`, {}) : undefined;
  const attributes = {
    VisibilityTimeout: String(options.visibilitySeconds ?? 30),
    ...(deadLetters && {
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: await arnOf(sqs, deadLetters),
        maxReceiveCount: options.maxReceiveCount,
      }),
    }),
  };
  const urls: Record<string, string> = {};
  for (const [index, operations] of queues.entries()) {
    const url = options.onDemand
      ? `${at.endpoint}/000000000000/on-demand-${table}-${index}`
      : await newQueue(at, `${table}-${index}`, attributes);
    for (const operation of [operations].flat()) urls[operation] = url;
  }
  return {
    table,
    queues: urls,
    deadLetters,
    environment: { ...environment, SPILLWAY_TABLE: table, SPILLWAY_QUEUES: JSON.stringify(urls) },
    async remove() {
      const all = new Set([...Object.values(urls), ...(deadLetters ? [deadLetters] : [])]);
      await Promise.all([...all].map((QueueUrl) => sqs.send(new DeleteQueueCommand({ QueueUrl }))));
      await dynamodb.send(new DeleteTableCommand({ TableName: table }));
      dynamodb.destroy();
      sqs.destroy();
    },
  };
}

async function newQueue(
  { sqs, endpoint }: At,
  name: string,
  attributes: Record<string, string>,
): Promise<string> {
  const { QueueUrl = "" } = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: attributes }),
  );
  // The host that it names is found on some machines only; clients go to the host of a queue's URL.
  return new URL(new URL(QueueUrl).pathname, endpoint).href;
}

async function arnOf(sqs: SQSClient, url: string): Promise<string> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["QueueArn"] }),
  );
  return Attributes?.["QueueArn"] ?? "";
}
