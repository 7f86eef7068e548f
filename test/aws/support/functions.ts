/** An app as its functions, on a table and queues of their own: called as the platform would call them. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { spillway } from "../../../src/app/app.ts";
import type { Operation } from "../../../src/core/operation.ts";
import { deliveredAws } from "../../../src/engines/aws/index.ts";
import { memory } from "../../../src/engines/memory/index.ts";
import { deadFunction } from "../../../src/lambda/dead-function.ts";
import { httpFunction } from "../../../src/lambda/http-function.ts";
import { queueFunction } from "../../../src/lambda/queue-function.ts";
import { sweepFunction } from "../../../src/lambda/sweep-function.ts";
import { functionContext, httpEvent, jsonEvent } from "../../support/function-events.ts";
import { intercept, type Rule } from "./faults.ts";
import { Poller } from "./poller.ts";
import type { Rig, StoreOptions } from "./rig.ts";

export type FunctionsOptions = StoreOptions & {
  /** What becomes of the requests that functions make. */
  readonly rule?: Rule;
  readonly environment?: Readonly<Record<string, string>>;
};

/** All operations share one queue. */
export async function functionsOn(
  on: Rig,
  t: TestContext,
  operations: readonly Operation[],
  { rule, environment = {}, ...options }: FunctionsOptions = {},
) {
  const names = operations.map(({ spec }) => spec.name);
  const store = await on.newStore([names], options);
  t.after(() => store.remove());
  setEnvironment(t, { SPILLWAY_QUEUES: JSON.stringify(store.queues), ...QUIET, ...environment });
  const faulty = <C extends ReturnType<Rig["dynamodb"]> | ReturnType<Rig["sqs"]>>(client: C): C => {
    if (rule) intercept(client, rule);
    return client;
  };
  const clients = { dynamodb: () => faulty(on.dynamodb()), sqs: () => faulty(on.sqs()) };
  const source = () => deliveredAws({ table: store.table, queues: store.queues, clients });
  const errors: unknown[] = [];
  const app = spillway({ operations, engine: memory(), onError: (error) => errors.push(error) });
  const status = httpFunction(app, source(), { role: "status" });
  const http = () => httpFunction(app, source(), { role: "gateway" });
  const one = http();
  const sqs = on.sqs();
  const url = store.queues[names[0] as string] as string;
  return {
    errors,
    store,
    http,
    poller: new Poller(sqs, url),
    dead: new Poller(sqs, store.deadLetters ?? url),
    queue: queueFunction(app, source()),
    deadLetters: deadFunction(app, source()),
    sweep: sweepFunction(app, source()),
    /** Of a call that is queued: where its receipt is. */
    accept: async (name: string, input: unknown = {}) => {
      const result = await one(jsonEvent("POST", `/operations/${name}`, input), functionContext());
      assert.equal(result.statusCode, 202, result.body);
      return result.headers["location"] as string;
    },
    show: async (path: string) => JSON.parse((await status(httpEvent("GET", path), functionContext())).body),
    send: (body: string) => sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body })),
  };
}

const QUIET = { POWERTOOLS_METRICS_DISABLED: "true", POWERTOOLS_LOG_LEVEL: "SILENT" };

function setEnvironment(t: TestContext, values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) {
    process.env[name] = value;
    t.after(() => Reflect.deleteProperty(process.env, name));
  }
}

/** Invocations until so many messages were received; how many of them were kept. */
export async function drained(
  poller: Poller,
  queue: Parameters<Poller["invoke"]>[0],
  messages: number,
): Promise<number> {
  let kept = 0;
  for (let received = 0; received < messages; ) {
    const one = await poller.invoke(queue);
    received += one.received;
    kept += one.kept;
  }
  return kept;
}
