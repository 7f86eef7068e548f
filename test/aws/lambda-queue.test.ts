// The functions of an app together, on the table and the queues of the emulators: what is accepted by one is run by
// another and shown by a third, whatever becomes of the messages on the way.
import assert from "node:assert/strict";
import { before, suite, type TestContext, test } from "node:test";
import { spillway } from "../../src/app/app.ts";
import { TerminalError } from "../../src/core/errors.ts";
import { type Context, type Operation, operation } from "../../src/core/operation.ts";
import { deliveredAws } from "../../src/engines/aws/index.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { queueFunction } from "../../src/lambda/queue-function.ts";
import { functionContext } from "../support/function-events.ts";
import { anything } from "../support/schemas.ts";
import type { Rule } from "./support/faults.ts";
import { drained, type FunctionsOptions, functionsOn } from "./support/functions.ts";
import { type Rig, rig, withoutMoto } from "./support/rig.ts";

suite("functions that share a table", { skip: withoutMoto }, () => {
  let on: Rig;
  before(async () => {
    on = await rig();
  });

  const functions = (t: TestContext, operations: readonly Operation[], options: FunctionsOptions = {}) =>
    functionsOn(on, t, operations, options);
  const event = (name: string, handler: (input: unknown, context: Context) => unknown, more = {}) =>
    operation({ name, flow: "event", input: anything, timeout: "5s", ...more }, handler);

  test("run what was accepted, delete its message, and show its outcome", async (t) => {
    const { accept, show, poller, queue } = await functions(t, [event("work", (input) => input)]);
    const path = await accept("work", { n: 1 });
    assert.equal((await show(path)).status, "queued");
    assert.deepEqual(await poller.invoke(queue), { received: 1, kept: 0 });
    const { status, output, attempt } = await show(path);
    assert.deepEqual([status, output, attempt], ["succeeded", { n: 1 }, 1]);
    assert.deepEqual(await poller.receive(), []);
  });

  test("write a row and send a message for an accept, and ask for nothing else", async (t) => {
    const requests: string[] = [];
    const rule: Rule = ({ name }) => {
      requests.push(name);
      return undefined;
    };
    const { accept } = await functions(t, [event("work", () => 1)], { rule });
    await accept("work");
    requests.length = 0;
    for (let i = 0; i < 3; i++) await accept("work");
    assert.deepEqual(requests, Array(3).fill(["PutItem", "SendMessageBatch"]).flat());
  });

  test("keep the messages of a batch apart: what fails comes again, and harms no other", async (t) => {
    const failing = (input: unknown, { attempt }: Context) => {
      if ((input as { fails?: boolean }).fails && attempt === 1) throw new Error("not now");
      return attempt;
    };
    const retry = { base: "1ms", cap: "2ms" };
    const { accept, show, poller, queue } = await functions(t, [event("work", failing, { retry })]);
    const paths = [await accept("work"), await accept("work", { fails: true }), await accept("work")];
    assert.deepEqual(await drained(poller, queue, 3), 1);
    const states = await Promise.all(paths.map(show));
    assert.deepEqual(
      states.map(({ status }) => status),
      ["succeeded", "queued", "succeeded"],
    );
    while ((await show(paths[1] as string)).status !== "succeeded") await poller.invoke(queue);
    assert.equal((await show(paths[1] as string)).output, 2);
  });

  test("end what cannot succeed, and delete its message", async (t) => {
    const poison = () => {
      throw new TerminalError("never");
    };
    const { accept, show, poller, queue } = await functions(t, [event("work", poison)]);
    const path = await accept("work");
    assert.deepEqual(await poller.invoke(queue), { received: 1, kept: 0 });
    const { status, error } = await show(path);
    assert.deepEqual([status, error.code], ["failed", "handler-failed"]);
  });

  test("run so many jobs of a batch at once as they are told, and no more", async (t) => {
    let running = 0;
    let peak = 0;
    const counted = async () => {
      peak = Math.max(peak, ++running);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running--;
    };
    const environment = { SPILLWAY_PARALLEL: "2" };
    const { accept, poller, queue } = await functions(t, [event("work", counted)], { environment });
    for (let i = 0; i < 5; i++) await accept("work");
    assert.equal(await drained(poller, queue, 5), 0);
    assert.equal(peak, 2);
  });

  test("give back what could not end in the time that is left, and no attempt counts", async (t) => {
    let ran = 0;
    const { accept, show, poller, queue } = await functions(t, [
      event("work", () => ran++, { timeout: "10s" }),
    ]);
    const path = await accept("work");
    assert.deepEqual(await poller.invoke(queue, functionContext(9_000)), { received: 1, kept: 1 });
    const { status, attempt } = await show(path);
    assert.deepEqual([status, attempt, ran], ["queued", 0, 0]);
    assert.equal(await drained(poller, queue, 1), 0);
    assert.deepEqual([(await show(path)).status, ran], ["succeeded", 1]);
  });

  test("run a job once, however often its message is delivered", async (t) => {
    let ran = 0;
    const { accept, poller, queue, show } = await functions(t, [event("work", () => ran++)], {
      visibilitySeconds: 1,
    });
    const path = await accept("work");
    const [record] = await poller.receive();
    assert.ok(record);
    const twin = { ...record, messageId: "another", receiptHandle: record.receiptHandle };
    const both = await queue({ Records: [record, twin] }, functionContext());
    assert.equal(both.batchItemFailures.length, 1);
    assert.deepEqual([(await show(path)).status, ran], ["succeeded", 1]);
    const again = await queue({ Records: [twin] }, functionContext());
    assert.deepEqual([again.batchItemFailures, ran], [[], 1]);
  });

  test("leave what is none of theirs to the dead letters, and say so", async (t) => {
    const { accept, poller, queue, send, errors } = await functions(t, [event("work", () => 1)]);
    await accept("work");
    await send("hello");
    assert.equal(await drained(poller, queue, 2), 1);
    assert.match(String(errors[0] ?? ""), /none of Spillway's/);
  });

  test("end the receipt of what was delivered in vain too often", async (t) => {
    const { accept, poller, dead, deadLetters, show } = await functions(t, [event("work", () => 1)], {
      visibilitySeconds: 1,
      maxReceiveCount: 1,
    });
    const path = await accept("work");
    assert.equal((await poller.receive()).length, 1);
    let ended = { received: 0, kept: 0 };
    while (ended.received === 0) {
      await poller.receive();
      ended = await dead.invoke(deadLetters);
    }
    assert.deepEqual(ended, { received: 1, kept: 0 });
    const { status, error } = await show(path);
    assert.deepEqual([status, error.code], ["failed", "delivery-exhausted"]);
  });

  test("send what a job sends, in one commit with its outcome", async (t) => {
    const sent: unknown[] = [];
    const inner = event("inner", (input) => sent.push(input));
    const outer = event("outer", (_, { send }) => void send(inner.spec, { from: "outer" }));
    const { accept, poller, queue } = await functions(t, [outer, inner]);
    await accept("outer");
    while (sent.length === 0) await poller.invoke(queue);
    assert.deepEqual(sent, [{ from: "outer" }]);
  });

  test("take no message of a batch when the table cannot be asked", async (t) => {
    const { accept, poller, queue, store } = await functions(t, [event("work", () => 1)]);
    await accept("work");
    const records = await poller.receive();
    const app = spillway({
      operations: [event("work", () => 1)],
      engine: memory(),
      onError: () => undefined,
    });
    const lost = deliveredAws({
      table: `${store.table}-gone`,
      queues: store.queues,
      clients: { dynamodb: () => on.dynamodb(), sqs: () => on.sqs() },
    });
    await assert.rejects(queueFunction(app, lost)({ Records: records }, functionContext(3_000)));
    assert.deepEqual(await poller.hand(records, queue), { received: 1, kept: 0 });
  });
});
