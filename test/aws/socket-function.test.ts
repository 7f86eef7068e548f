// Sockets of an app that is functions: from the handshake to the final state, through the queue and back.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { spillway } from "../../src/app/app.ts";
import { operation } from "../../src/core/operation.ts";
import { type DeliveredSource, deliveredAws } from "../../src/engines/aws/index.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { socketFunction } from "../../src/lambda/socket-function.ts";
import { functionContext, httpEvent } from "../support/function-events.ts";
import { anything } from "../support/schemas.ts";
import { BROKEN, GONE, SILENT } from "./support/connections.ts";
import { intercept } from "./support/faults.ts";
import { FunctionSockets } from "./support/function-sockets.ts";
import { SocketGround, states } from "./support/pushed-sockets.ts";
import { rig, withoutMoto } from "./support/rig.ts";

const ann = { Authorization: "Bearer ann" };
const offer = { "Sec-WebSocket-Protocol": "spillway.v1" };

const app = spillway({
  operations: [
    operation({ name: "echo", flow: "request", input: anything }, (input) => input),
    operation({ name: "later", flow: "event", input: anything, timeout: "1s" }, (input) => input),
  ],
  // In its place functions have the store of AWS.
  engine: memory(),
  authenticate: ({ token }) =>
    token === "nobody" ? undefined : { principal: token, ...(token === "over" && { expiresAt: 0 }) },
  onError: () => undefined,
});

suite("sockets of functions", { skip: withoutMoto }, () => {
  let ground: SocketGround;
  let on: FunctionSockets;

  before(async () => {
    ground = await SocketGround.lay([["echo", "later"]]);
    on = await FunctionSockets.of(ground, app);
  });
  after(() => ground?.clear());

  const call = { type: "call", operation: "later", input: { n: 1 }, ref: 1 };

  test("name the subprotocol to who may connect, with a token in a header or in a subprotocol", async () => {
    const bearer = `spillway.v1, bearer.${Buffer.from("ann").toString("base64url")}`;
    for (const headers of [{ ...offer, ...ann }, { "Sec-WebSocket-Protocol": bearer }]) {
      const { statusCode, headers: answered } = await on.connect(headers);
      assert.deepEqual([statusCode, answered], [200, offer]);
    }
  });

  const refusals: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
    ["without a token", offer, 401],
    ["with an unknown one", { ...offer, Authorization: "Bearer nobody" }, 401],
    ["with an expired one", { ...offer, Authorization: "Bearer over" }, 401],
    ["without the subprotocol", ann, 400],
    ["from a foreign page", { ...offer, ...ann, Origin: "https://evil.example" }, 403],
  ];
  for (const [how, headers, status] of refusals) {
    test(`refuse who connects ${how}, with ${status}`, async () => {
      const { statusCode, body, connection } = await on.connect(headers);
      assert.deepEqual([statusCode, JSON.parse(body ?? "").status], [status, status]);
      await on.say(connection, { type: "ping" });
      assert.equal(ground.connections.ended.pop(), connection, "it is known to nobody");
    });
  }

  test("answer frames, and close what sends too large ones", async () => {
    const connection = await on.connected(ann);
    assert.deepEqual(await on.say(connection, { type: "ping", ref: 7 }), [{ type: "pong", ref: 7 }]);
    assert.deepEqual(states(await on.say(connection, "{")), ["malformed-json"]);
    const answer = { type: "answer", ref: 2, output: { n: 1 } };
    assert.deepEqual(await on.say(connection, { ...call, operation: "echo", ref: 2 }), [answer]);
    assert.deepEqual(await on.say(connection, `"${" ".repeat(65_536)}"`), []);
    assert.equal(ground.connections.ended.pop(), connection);
  });

  test("answer a call with its receipt, and hear of it until it is final", async () => {
    const connection = await on.connected(ann);
    const [receipt, ...none] = await on.say(connection, call);
    assert.deepEqual([receipt?.type, receipt?.receipt?.status, none], ["receipt", "queued", []]);
    assert.deepEqual(await on.run(await on.received("later")), []);
    const last = on.take(connection).at(-1)?.receipt;
    assert.deepEqual([last?.id, last?.status], [receipt?.receipt?.id, "succeeded"]);
  });

  test("hear of all jobs of their principal", async () => {
    const [mine, others] = [await on.connected({ Authorization: "Bearer bob" }), await on.connected(ann)];
    await on.say(mine, { type: "subscribe", mine: true });
    await on.say(others, { type: "subscribe", mine: true });
    on.take(others);
    const caller = await on.connected({ Authorization: "Bearer bob" });
    const [receipt] = await on.say(caller, call);
    await on.run(await on.received("later"));
    const last = on.take(mine).at(-1);
    assert.deepEqual([last?.receipt?.id, last?.receipt?.status], [receipt?.receipt?.id, "succeeded"]);
    assert.equal(typeof last?.["cursor"], "string");
    assert.deepEqual(on.take(others), []);
  });

  test("hear of what ended although the function was killed before it could tell", async () => {
    const connection = await on.connected(ann);
    await on.say(connection, call);
    const records = await on.received("later");
    ground.connections.refuse(connection, [BROKEN], true);
    await on.run(records);
    ground.connections.heal(connection);
    assert.deepEqual(on.take(connection), []);
    assert.deepEqual(await on.run(records), [], "a message that comes again is deleted when it was told of");
    assert.deepEqual(states(on.take(connection)), ["succeeded"]);
  });

  test("that are gone fail no job", async () => {
    const connection = await on.connected(ann);
    const [receipt] = await on.say(connection, call);
    ground.connections.refuse(connection, [GONE], true);
    assert.deepEqual(await on.run(await on.received("later")), []);
    const other = await on.connected(ann);
    assert.deepEqual(states(await on.say(other, { type: "subscribe", receipt: receipt?.receipt?.id })), [
      "succeeded",
    ]);
  });

  test("that take no push in time fail no job, and no answer", async () => {
    const connection = await on.connected(ann);
    const [receipt] = await on.say(connection, call);
    const [other] = await on.say(connection, call);
    const records = await on.received("later");
    ground.connections.refuse(connection, [SILENT], true);
    const cancel = httpEvent("DELETE", `/receipts/${other?.receipt?.id}`, {
      headers: { authorization: "Bearer ann" },
    });
    assert.equal((await on.http(cancel, functionContext(3_000))).statusCode, 200);
    const done = await on.queue({ Records: [...records] }, functionContext(4_000));
    assert.deepEqual(done, { batchItemFailures: [] });
    ground.connections.heal(connection);
    const asked = await on.say(connection, { type: "subscribe", receipt: receipt?.receipt?.id });
    assert.deepEqual(states(asked), ["succeeded"]);
  });

  async function brokenSource(): Promise<DeliveredSource> {
    const dynamodb = (await rig()).dynamodb();
    const isOfSockets = (input: object) => JSON.stringify(input).includes("socket#");
    intercept(dynamodb, ({ input }) => (isOfSockets(input) ? "unheard" : undefined));
    const { table, queues } = ground.store;
    return deliveredAws({ table, queues, clients: { dynamodb: () => dynamodb } });
  }
  const lost: Readonly<Record<string, () => Promise<DeliveredSource>>> = {
    "from the start": async () => ({ ...on.source, open: () => Promise.reject(new Error("ECONNREFUSED")) }),
    "when a frame comes": brokenSource,
  };
  for (const [when, source] of Object.entries(lost)) {
    test(`are told that the store cannot be reached ${when}, and stay open`, async () => {
      const connection = await on.connected(ann);
      const requestContext = { eventType: "MESSAGE", connectionId: connection } as const;
      const event = { requestContext, body: JSON.stringify(call) };
      await socketFunction(app, await source())(event, functionContext());
      const [answer, ...none] = on.take(connection);
      const told = [answer?.["ref"], answer?.problem?.code, none];
      assert.deepEqual(told, [call.ref, "storage-unavailable", []]);
      assert.deepEqual(states(await on.say(connection, call)), ["queued"]);
      await on.run(await on.received("later"));
    });
  }

  test("that leave are told nothing more", async () => {
    const connection = await on.connected(ann);
    await on.say(connection, call);
    await on.leave(connection);
    await on.run(await on.received("later"));
    assert.deepEqual(on.take(connection), []);
  });
});
