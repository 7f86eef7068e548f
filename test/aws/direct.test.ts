// Accept mode `direct`: calls that a gateway put into the queue by itself, and what becomes of their receipts.
import assert from "node:assert/strict";
import { after, before, beforeEach, suite, test } from "node:test";
import * as z from "zod";
import { spillway } from "../../src/app/app.ts";
import { operation } from "../../src/core/operation.ts";
import { memory } from "../../src/engines/memory/index.ts";
import type { SqsRecord } from "../../src/lambda/sqs-event.ts";
import { functionContext, httpEvent, jsonEvent } from "../support/function-events.ts";
import { FunctionSockets } from "./support/function-sockets.ts";
import { SocketGround, states } from "./support/pushed-sockets.ts";
import { withoutMoto } from "./support/rig.ts";

const DAY_MS = 24 * 3_600_000;
const input = z.object({ n: z.number() });
const ran: { readonly id: string; readonly n: number }[] = [];

const app = spillway({
  operations: [
    operation({ name: "note", flow: "event", input }, ({ n }, { id }) => {
      ran.push({ id, n });
      return { n };
    }),
    operation({ name: "keyed", flow: "event", input, idempotency: "required" }, ({ n }) => n),
  ],
  engine: memory(),
  authenticate: ({ token }) => ({ principal: token }),
  onError: () => undefined,
});

suite("calls that a gateway put into the queue", { skip: withoutMoto }, () => {
  let ground: SocketGround;
  let on: FunctionSockets;

  before(async () => {
    ground = await SocketGround.lay([["note", "keyed"]]);
    process.env["SPILLWAY_DIRECT_SECONDS"] = String(12 * 24 * 3_600);
    on = await FunctionSockets.of(ground, app);
  });
  after(async () => {
    delete process.env["SPILLWAY_DIRECT_SECONDS"];
    await ground?.clear();
  });
  beforeEach(() => ran.splice(0));

  const send = (body: unknown, more: Readonly<Record<string, string>> = {}) =>
    on.sentDirectly("note", typeof body === "string" ? body : JSON.stringify(body), {
      principal: "ann",
      ...more,
    });
  const receive = () => on.received("note");
  const work = async () => on.run(await receive());

  async function receipt(id: string, query = "", who = "ann", method = "GET") {
    const event = httpEvent(method, `/receipts/${id}`, {
      query,
      headers: { authorization: `Bearer ${who}` },
    });
    const { statusCode, body } = await on.http(event, functionContext());
    return { ...JSON.parse(body), statusCode };
  }

  test("are jobs of the message's id, run once, however often the message comes", async () => {
    const accepted = Date.now() - 5_000;
    const id = await send({ n: 1 }, { accepted: String(accepted) });
    const records = await receive();
    assert.deepEqual(await on.run(records), []);
    assert.deepEqual(await on.run(records), []);
    assert.deepEqual(ran, [{ id, n: 1 }]);
    const { status, output, operation: name, acceptedAt } = await receipt(id);
    assert.deepEqual([name, status, output], ["note", "succeeded", { n: 1 }]);
    assert.equal(acceptedAt, new Date(accepted).toISOString());
    assert.equal((await receipt(id, "", "bob")).code, "unknown-receipt");
  });

  test("are queued before anybody has seen them, for as long as the queue keeps them", async () => {
    const id = "0b7e1c52-9a0d-4c5e-8f11-2f6d3a9b7c10";
    const now = Date.now();
    const unseen = await receipt(id, `accepted=${now}`);
    assert.deepEqual(
      [unseen.statusCode, unseen.id, unseen.status, unseen.revision, unseen.acceptedAt],
      [200, id, "queued", 0, new Date(now).toISOString()],
    );
    for (const query of [
      "",
      "accepted=",
      "accepted=soon",
      `accepted=${now - 12 * DAY_MS}`,
      `accepted=${now + DAY_MS}`,
    ]) {
      assert.equal((await receipt(id, query)).code, "unknown-receipt", query);
    }
    assert.equal((await receipt("0".repeat(46), `accepted=${now}`)).code, "unknown-receipt");
  });

  const refused: readonly (readonly [string, string, string, Readonly<Record<string, string>>])[] = [
    ["no JSON", "{", "malformed-json", {}],
    ["JSON that may be read in two ways", '{"n":1,"n":2}', "malformed-json", {}],
    ["of another shape", '{"n":"1"}', "invalid-input", {}],
    ["larger than the operation takes", JSON.stringify({ n: 1, pad: "x".repeat(300_000) }), "too-large", {}],
    ["under a key that is none", '{"n":1}', "malformed-header", { key: '"a' }],
  ];
  for (const [what, body, code, more] of refused) {
    test(`that are ${what} end as failed receipts`, async () => {
      const id = await send(body, more);
      assert.deepEqual(await work(), []);
      const { status, error } = await receipt(id);
      assert.deepEqual([status, error?.code, ran], ["failed", code, []]);
    });
  }

  test("need the key that their operation needs", async () => {
    const id = await on.sentDirectly("keyed", '{"n":1}', { principal: "ann" });
    await work();
    assert.equal((await receipt(id)).error.code, "idempotency-required");
  });

  test("end as the first one under their key, and say so", async () => {
    const first = await send({ n: 7 }, { key: '"k-1"' });
    await work();
    const [second, third] = [
      await send(' {"n": 7}', { key: "k-1" }),
      await send({ n: 7 }, { key: "k-1", principal: "bob" }),
    ];
    assert.deepEqual(await work(), []);
    assert.equal(ran.length, 2, "a key is its principal's");
    const [one, two] = [await receipt(first), await receipt(second)];
    assert.deepEqual(
      [one.id, one.status, one.output, one.duplicateOf],
      [first, "succeeded", { n: 7 }, undefined],
    );
    assert.deepEqual(
      [two.id, two.status, two.output, two.duplicateOf],
      [second, "succeeded", { n: 7 }, first],
    );
    assert.equal((await receipt(third, "", "bob")).duplicateOf, undefined);
  });

  test("under one key are one call, by the gateway and by the function", async () => {
    const headers = { authorization: "Bearer ann", "idempotency-key": "k-2" };
    const byFunction = await on.http(
      jsonEvent("POST", "/operations/note", { n: 8 }, headers),
      functionContext(),
    );
    const { id } = JSON.parse(byFunction.body);
    const direct = await send({ n: 8 }, { key: "k-2" });
    await work();
    await work();
    assert.deepEqual(ran, [{ id, n: 8 }]);
    const { status, duplicateOf } = await receipt(direct);
    assert.deepEqual([status, duplicateOf], ["succeeded", id]);
    const replay = await on.http(jsonEvent("POST", "/operations/note", { n: 8 }, headers), functionContext());
    assert.equal(replay.headers["idempotency-replayed"], "true");
  });

  test("under a key that another input has end as failed", async () => {
    await send({ n: 1 }, { key: "k-3" });
    const other = await send({ n: 2 }, { key: "k-3" });
    for (const record of await receive()) await on.run([record]);
    assert.equal(
      (await receipt(other)).error?.code ?? "none",
      ran[0]?.n === 1 ? "idempotency-mismatch" : "none",
    );
    assert.equal(ran.length, 1);
  });

  /** Taken up, and given back unrun: no function has the time left that its operation may take. */
  async function taken(
    key: string,
  ): Promise<{ readonly id: string; readonly records: readonly SqsRecord[] }> {
    const id = await send({ n: 9 }, { key });
    const records = await receive();
    const { batchItemFailures } = await on.queue({ Records: [...records] }, functionContext(5_000));
    assert.deepEqual(batchItemFailures, [{ itemIdentifier: id }]);
    assert.equal((await receipt(id)).status, "queued");
    return { id, records };
  }

  test("are cancelled by their receipt", async () => {
    const { id, records } = await taken("k-4");
    const cancelled = await receipt(id, "", "ann", "DELETE");
    assert.deepEqual([cancelled.statusCode, cancelled.id, cancelled.status], [200, id, "cancelled"]);
    assert.deepEqual([await on.run(records), ran], [[], []]);
    assert.equal((await receipt(id)).status, "cancelled");
  });

  test("tell a socket that follows their receipt", async () => {
    const { id, records } = await taken("k-5");
    const connection = await on.connected({ Authorization: "Bearer ann" });
    assert.deepEqual(states(await on.say(connection, { type: "subscribe", receipt: id })), ["queued"]);
    assert.deepEqual(await on.run(records), []);
    const last = on.take(connection).at(-1)?.receipt;
    assert.deepEqual([last?.id, last?.status], [id, "succeeded"]);
    assert.deepEqual(states(await on.say(connection, { type: "subscribe", receipt: id })), ["succeeded"]);
    const { posts } = ground.connections;
    await on.run(records);
    assert.equal(ground.connections.posts, posts, "nothing is kept of it");
  });

  test("that are never taken up to the end become dead letters, with a receipt that says so", async () => {
    const id = await send({ n: 1 }, { key: "k-6" });
    const records = await receive();
    const { batchItemFailures } = await on.dead({ Records: [...records] }, functionContext(60_000));
    assert.deepEqual(batchItemFailures, []);
    assert.deepEqual([(await receipt(id)).error.code, ran], ["delivery-exhausted", []]);
  });

  test("by a gateway that asked nobody who calls are not run", async () => {
    await on.sentDirectly("note", '{"n":1}');
    assert.deepEqual([await work(), ran], [[], []]);
  });

  test("name no job by what stands in their body", async () => {
    const victim = await send({ n: 1 });
    await work();
    const forged = await send(JSON.stringify({ spillway: 1, id: victim, operation: "note" }));
    await work();
    assert.equal((await receipt(victim)).status, "succeeded");
    assert.equal((await receipt(forged)).error.code, "invalid-input");
  });
});
