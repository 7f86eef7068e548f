// The cost model of a flow report against the engine and the functions themselves: what they ask of DynamoDB and of
// sockets for one operation is what the model prices, unit by unit.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, suite, test } from "node:test";
import * as z from "zod";
import { spillway } from "../../src/app/app.ts";
import { type Context, operation } from "../../src/core/operation.ts";
import { table } from "../../src/core/table.ts";
import type { Authenticate } from "../../src/door/identity.ts";
import { deliveredAws } from "../../src/engines/aws/index.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { costOf } from "../../src/lab/cost.ts";
import type { Accept } from "../../src/lab/cost-parts.ts";
import type { CostBasis, Way } from "../../src/lab/report.ts";
import { httpFunction } from "../../src/lambda/http-function.ts";
import { queueFunction } from "../../src/lambda/queue-function.ts";
import { socketFunction } from "../../src/lambda/socket-function.ts";
import { functionContext, httpEvent, jsonEvent, sqsRecord } from "../support/function-events.ts";
import { Connections } from "./support/connections.ts";
import { intercept } from "./support/faults.ts";
import { type Rig, rig, type Store, withoutMoto } from "./support/rig.ts";

const orders = table("orders", { schema: z.object({ orderId: z.string() }), key: "orderId" });
const declared = { input: z.object({}), limits: { concurrency: 4 } } as const;
const place = (_: unknown, { id, write }: Context) => {
  write(orders).insert({ orderId: id });
  return { orderId: id };
};
const operations = [
  operation({ ...declared, name: "at-once", flow: "request" }, place),
  operation({ ...declared, name: "queued", flow: "event" }, place),
  operation({ ...declared, name: "spilled" }, place),
];

/** One item of up to 1 KiB, beside the record of the outcome. */
const basis: CostBasis = {
  handlerMs: 1,
  inputBytes: 2,
  itemsWritten: 2,
  itemsRead: 0,
  writeUnits: 4,
  readUnits: 0,
  rowUnits: 1,
  rowReads: 1,
  named: false,
  queueChunks: 1,
  memoryMiB: 512,
  batch: 10,
};

type Units = { writes: number; reads: number; messages: number };

/** What a way's parts come to in units, by the prices that they name. */
function priced(name: string, told: Partial<CostBasis> = {}, accept: Accept = "function"): Units {
  const { ways } = costOf({ ...basis, ...told }, { accept });
  const { parts } = ways.find((way) => way.name === name) as Way;
  const units = (usd: number, of: string) =>
    parts
      .filter(({ how }) => how.endsWith(`× $${usd} per ${of}`))
      .reduce((sum, part) => sum + part.usd / usd, 0);
  return {
    writes: units(0.625, "million units (on demand)"),
    reads: units(0.125, "million units (on demand)"),
    messages: units(1, "million messages"),
  };
}

type Input = {
  readonly Item?: Readonly<Record<string, unknown>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
  readonly RequestItems?: Readonly<
    Record<string, { readonly Keys: readonly unknown[] } & readonly unknown[]>
  >;
  readonly TransactItems?: readonly { readonly Put?: Input; readonly Update?: Input }[];
  readonly ConsistentRead?: boolean;
};

/** As DynamoDB meters small items: a write once, in a transaction twice; in an index where its place there is new. */
function metered(name: string, input: Input): Pick<Units, "writes" | "reads"> {
  const { RequestItems = {}, TransactItems = [], ConsistentRead } = input;
  const [requests] = Object.values(RequestItems);
  switch (name) {
    case "PutItem":
    case "UpdateItem":
    case "DeleteItem":
      return { writes: 1 + inIndexes(input), reads: 0 };
    case "TransactWriteItems":
      return {
        writes: TransactItems.reduce((sum, { Put, Update }) => sum + 2 + inIndexes(Put ?? Update ?? {}), 0),
        reads: 0,
      };
    case "BatchWriteItem":
      return { writes: requests?.length ?? 0, reads: 0 };
    case "BatchGetItem":
      return { writes: 0, reads: requests?.Keys.length ?? 0 };
    case "Query":
      return { writes: 0, reads: ConsistentRead ? 1 : 0.5 };
    default:
      throw new RangeError(`${name} is not priced.`);
  }
}

/** A place that changes is a deletion and a put. */
function inIndexes({ Item, ExpressionAttributeValues: values = {} }: Input): number {
  if (Item) return ["lk", "ck", "wk"].filter((key) => key in Item).length;
  return [":cs", ":ws"].filter((key) => key in values).length * 2;
}

/** As a REST API puts it there. */
function directRecord(name: string) {
  const attribute = (stringValue: string) => ({ stringValue, dataType: "String" });
  return sqsRecord({
    messageId: randomUUID(),
    body: "{}",
    messageAttributes: { operation: attribute(name), accepted: attribute(String(Date.now())) },
  });
}

suite("what one operation asks of AWS is what the model prices", { skip: withoutMoto }, () => {
  let on: Rig;
  let store: Store;
  let connections: Connections;
  let units: Units;
  let functions: ReturnType<typeof made>;
  const inherited = new Set(Object.keys(process.env));

  before(async () => {
    on = await rig();
    connections = await Connections.start();
    store = await on.newStore(["queued", "spilled"]);
    Object.assign(process.env, store.environment, {
      SPILLWAY_SHARES: '{"operations/at-once":{"atOnce":4},"operations/spilled":{"atOnce":0}}',
      SPILLWAY_LIMITS: '{"at-once":["operations/at-once"],"spilled":["operations/spilled"]}',
      SPILLWAY_SOCKET_ENDPOINT: connections.url,
    });
    functions = made();
    // What is asked once by each process, and what is asked every few seconds, is behind us then.
    await accepted("spilled");
    await functions.call("at-once");
    await functions.run(await accepted("queued"), "queued");
    await functions.frame("CONNECT");
    await functions.frame("MESSAGE", { type: "subscribe", receipt: await accepted("queued") });
  });
  after(async () => {
    for (const name of Object.keys(process.env)) if (!inherited.has(name)) delete process.env[name];
    await connections?.stop();
    await store?.remove();
  });

  function made(authenticate?: Authenticate) {
    const app = spillway({ operations, engine: memory(), ...(authenticate && { authenticate }) });
    const source = deliveredAws({
      clients: {
        dynamodb: () => {
          const client = on.dynamodb();
          intercept(client, ({ name, input }) => {
            const { writes, reads } = metered(name, input as Input);
            units.writes += writes;
            units.reads += reads;
            return undefined;
          });
          return client;
        },
      },
    });
    units = { writes: 0, reads: 0, messages: 0 };
    const http = httpFunction(app, source, { role: "gateway" });
    const queue = queueFunction(app, source);
    const socket = socketFunction(app, source);
    return {
      call: (name: string, headers = {}) =>
        http(jsonEvent("POST", `/operations/${name}`, {}, headers), functionContext()),
      poll: (id: string) => http(httpEvent("GET", `/receipts/${id}`), functionContext()),
      run: (id: string, name: string) =>
        queue(
          { Records: [sqsRecord({ body: JSON.stringify({ spillway: 1, id, operation: name }) })] },
          functionContext(60_000),
        ),
      runDirect: (name: string) => queue({ Records: [directRecord(name)] }, functionContext(60_000)),
      frame: (eventType: "CONNECT" | "MESSAGE", frame?: object) => {
        units.messages++;
        return socket(
          {
            requestContext: { connectionId: "one", eventType },
            headers: { "Sec-WebSocket-Protocol": "spillway.v1" },
            ...(frame && { body: JSON.stringify(frame) }),
          },
          functionContext(),
        );
      },
    };
  }

  async function accepted(name: string): Promise<string> {
    const { statusCode, body } = await functions.call(name);
    assert.equal(statusCode, 202, body);
    return JSON.parse(body ?? "").id;
  }

  async function unitsOf(run: () => Promise<unknown>): Promise<Units> {
    const { posts } = connections;
    units = { writes: 0, reads: 0, messages: 0 };
    await run();
    return { ...units, messages: units.messages + connections.posts - posts };
  }

  test("a call at once, under a key", async () => {
    const asked = await unitsOf(() => functions.call("at-once", { "idempotency-key": "one" }));
    assert.deepEqual(asked, priced("request"));
  });

  test("and one without a key, which leaves no record and no transaction", async () => {
    const asked = await unitsOf(() => functions.call("at-once"));
    const { writes, reads } = priced("request");
    // Neither opened nor settled as a row, whose two reads are spared; the item alone is no transaction.
    assert.deepEqual(asked, { writes: writes - 1 - 4 + 1, reads: reads - 2, messages: 0 });
  });

  test("a call that is queued, from its acceptance to its end", async () => {
    const asked = await unitsOf(async () => functions.run(await accepted("queued"), "queued"));
    assert.deepEqual(asked, priced("event, one by one"));
  });

  test("one whose caller has a name", async () => {
    const named = made(({ token = "" }) => ({ principal: token }));
    const run = async () => {
      const { body } = await named.call("queued", { authorization: "Bearer ann" });
      await named.run(JSON.parse(body ?? "").id, "queued");
    };
    await run();
    const asked = await unitsOf(run);
    assert.deepEqual(asked, priced("event, one by one", { named: true }));
  });

  test("one whose caller asks for its end once", async () => {
    const asked = await unitsOf(async () => {
      const id = await accepted("queued");
      await functions.run(id, "queued");
      await functions.poll(id);
    });
    assert.deepEqual(asked, priced("event, one by one, polled once"));
  });

  test("one whose caller follows it over a socket", async () => {
    const asked = await unitsOf(async () => {
      const id = await accepted("queued");
      await functions.frame("MESSAGE", { type: "subscribe", receipt: id });
      await functions.run(id, "queued");
    });
    assert.deepEqual(asked, priced("event, one by one, pushed"));
  });

  test("one that a gateway put into the queue by itself", async () => {
    const asked = await unitsOf(() => functions.runDirect("queued"));
    assert.deepEqual(asked, priced("event, one by one", {}, "direct"));
  });

  test("one that finds no slot", async () => {
    const asked = await unitsOf(async () => functions.run(await accepted("spilled"), "spilled"));
    const queued = priced("event, one by one");
    assert.deepEqual(asked, { ...queued, reads: queued.reads + 1 });
  });
});
