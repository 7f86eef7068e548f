// Functions whose store or queue fails them on the way: what is reported, what comes again, and what is never doubled.
import assert from "node:assert/strict";
import { before, suite, type TestContext, test } from "node:test";
import { type Context, type Operation, operation } from "../../src/core/operation.ts";
import { functionContext, jsonEvent } from "../support/function-events.ts";
import { anything } from "../support/schemas.ts";
import type { Rule } from "./support/faults.ts";
import { drained, type FunctionsOptions, functionsOn } from "./support/functions.ts";
import { type Rig, rig, withoutMoto } from "./support/rig.ts";

suite("functions that are failed by what they use", { skip: withoutMoto }, () => {
  let on: Rig;
  before(async () => {
    on = await rig();
  });

  const functions = (t: TestContext, operations: readonly Operation[], options: FunctionsOptions = {}) =>
    functionsOn(on, t, operations, options);
  const event = (name: string, handler: (input: unknown, context: Context) => unknown) =>
    operation({ name, flow: "event", input: anything, timeout: "1s" }, handler);

  test("report what is done in time, although the store takes no more of the rest", async (t) => {
    let throttled = false;
    const isSettlement = (input: object) => JSON.stringify(input).includes('"succeeded"');
    const rule: Rule = ({ name, input }) =>
      throttled && name !== "BatchGetItem" && isSettlement(input) ? "throttled" : undefined;
    const last = Promise.withResolvers<void>();
    const handler = async (input: unknown) => {
      if (!(input as { last?: boolean }).last) setImmediate(last.resolve);
      else throttled = await last.promise.then(() => true);
    };
    const { accept, poller, queue, show } = await functions(t, [event("work", handler)], {
      rule,
      environment: { SPILLWAY_PARALLEL: "2" },
    });
    const paths = [await accept("work"), await accept("work", { last: true })];
    const records = await poller.receive();
    while (records.length < 2) records.push(...(await poller.receive()));
    const result = await poller.hand(records, queue, functionContext(4_000));
    assert.deepEqual(result, { received: 2, kept: 1 });
    const states = await Promise.all(paths.map(show));
    assert.deepEqual(
      states.map(({ status }) => status),
      ["succeeded", "running"],
    );
  });

  test("keep a message that could not be hidden, and run its job when it comes", async (t) => {
    let hides = 0;
    const rule: Rule = ({ name }) => {
      if (name !== "ChangeMessageVisibility") return undefined;
      hides++;
      return "unheard";
    };
    const failsOnce = (_: unknown, { attempt }: Context) => {
      if (attempt === 1) throw new Error("not now");
      return attempt;
    };
    const work = operation(
      { name: "work", flow: "event", input: anything, timeout: "1s", retry: { base: "1ms", cap: "2ms" } },
      failsOnce,
    );
    const { accept, poller, queue, show } = await functions(t, [work], { rule, visibilitySeconds: 1 });
    const path = await accept("work");
    assert.deepEqual(await poller.invoke(queue), { received: 1, kept: 1 });
    assert.ok(hides > 0);
    assert.equal(await drained(poller, queue, 1), 0);
    assert.deepEqual((await show(path)).output, 2);
  });

  test("send in the next minutes what was sent by a job and never reached its queue", async (t) => {
    let lost = 0;
    const rule: Rule = ({ name, input }) => {
      if (!name.startsWith("SendMessage") || !JSON.stringify(input).includes("inner")) return undefined;
      return lost++ < 3 ? "unheard" : undefined;
    };
    const sent: unknown[] = [];
    const inner = event("inner", (input) => void sent.push(input));
    const outer = event("outer", (_, { send }) => void send(inner.spec, { from: "outer" }));
    const { accept, poller, queue, sweep } = await functions(t, [outer, inner], { rule });
    await accept("outer");
    assert.equal(await drained(poller, queue, 1), 0);
    assert.deepEqual([await poller.receive(), lost], [[], 3]);
    await sweep({}, functionContext());
    assert.deepEqual(await poller.receive(), []);
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 61_000 });
    await sweep({}, functionContext());
    t.mock.timers.reset();
    assert.equal(await drained(poller, queue, 1), 0);
    assert.deepEqual(sent, [{ from: "outer" }]);
  });

  test("send all that is due within the minute, however much there is", async (t) => {
    let isLost = true;
    const rule: Rule = ({ name, input }) =>
      isLost && name.startsWith("SendMessage") && JSON.stringify(input).includes("inner")
        ? "unheard"
        : undefined;
    const inner = event("inner", () => undefined);
    const outer = event("outer", (_, { send }) => {
      for (let n = 0; n < 85; n++) send(inner.spec, { n });
    });
    const { accept, poller, queue, sweep } = await functions(t, [outer, inner], { rule });
    for (let n = 0; n < 3; n++) await accept("outer");
    assert.equal(await drained(poller, queue, 3), 0);
    isLost = false;
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 61_000 });
    await sweep({}, functionContext(60_000));
    t.mock.timers.reset();
    let sent = 0;
    for (let records = await poller.receive(); records.length > 0; records = await poller.receive()) {
      sent += records.length;
    }
    assert.equal(sent, 255);
  });

  test("make a job certain before a repeat is told of it, that came before its message was sent", async (t) => {
    const died = Promise.withResolvers<void>();
    let sends = 0;
    const rule: Rule = ({ name }) => {
      if (!name.startsWith("SendMessage") || ++sends > 1) return undefined;
      died.resolve();
      return "silent-undone";
    };
    let runs = 0;
    const work = operation(
      { name: "work", flow: "event", input: anything, timeout: "1s", backlog: 10 },
      () => void runs++,
    );
    const { http, poller, queue, sweep, show } = await functions(t, [work], { rule });
    const headers = { "idempotency-key": "the-same" };
    const call = () => http()(jsonEvent("POST", "/operations/work", {}, headers), functionContext());
    void call();
    await died.promise;
    const answer = await call();
    assert.equal(answer.statusCode, 202);
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 61_000 });
    await sweep({}, functionContext());
    t.mock.timers.reset();
    assert.equal(await drained(poller, queue, 1), 0);
    assert.equal(runs, 1);
    assert.equal((await show(answer.headers["location"] as string)).status, "succeeded");
  });

  test("share what may run at once between them, and queue the call that finds no room", async (t) => {
    const environment = {
      SPILLWAY_SHARES: JSON.stringify({ "operations/work": { atOnce: 1 } }),
      SPILLWAY_LIMITS: JSON.stringify({ work: ["operations/work"] }),
    };
    const end = Promise.withResolvers<number>();
    const begun = Promise.withResolvers<void>();
    const handler = (input: unknown) => {
      if ((input as { first?: boolean }).first) begun.resolve();
      return (input as { first?: boolean }).first ? end.promise : 2;
    };
    const work = operation({ name: "work", flow: "spill", input: anything, timeout: "20s" }, handler);
    const { http } = await functions(t, [work], { environment });
    const call = (input: object) => http()(jsonEvent("POST", "/operations/work", input), functionContext());
    const first = call({ first: true });
    await begun.promise;
    assert.equal((await call({})).statusCode, 202);
    end.resolve(1);
    assert.equal((await first).statusCode, 200);
    assert.equal((await call({})).statusCode, 200);
  });

  test("answer that nothing was kept where the queue takes no message", async (t) => {
    const rule: Rule = ({ name }) => (name.startsWith("SendMessage") ? "unheard" : undefined);
    const { http, poller } = await functions(t, [event("work", () => 1)], { rule });
    const result = await http()(jsonEvent("POST", "/operations/work", {}), functionContext());
    assert.equal(result.statusCode, 503);
    assert.equal(JSON.parse(result.body).code, "storage-unavailable");
    assert.deepEqual(await poller.receive(), []);
  });
});
