// docs/wire.md §6: each code that is reached by an ordinary request.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { accepted, finalReceipt, refused } from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { times, until } from "./support/wait.ts";

const lab = await Lab.start();
const { client } = lab;
after(() => lab.stop());

suite("§6 problems", { concurrency: 8 }, () => {
  test("§6 their type is urn:spillway:problem:<code>", async () => {
    const { type, title } = refused(await client.call("nothing", {}), 404, "unknown-operation");
    assert.equal(type, "urn:spillway:problem:unknown-operation");
    assert.notEqual(title, "");
  });

  test("§6 an unknown or internal operation is 404 unknown-operation, and the two are alike", async () => {
    const bodies = new Set<string>();
    const names = [
      "nothing",
      "hidden-request",
      "hidden-event",
      "hidden-spill",
      "WIDE-SPILL",
      "wide-spill%20",
      "__proto__",
    ];
    for (const name of names) {
      const answer = await client.call(name, { tag: fresh() });
      refused(answer, 404, "unknown-operation");
      bodies.add(answer.text.replaceAll(name, "…").replaceAll(decodeURIComponent(name), "…"));
    }
    assert.equal(bodies.size, 1, [...bodies].join("\n"));
  });

  test("§6 any other path is 404 not-found", async () => {
    for (const path of [
      "/",
      "/operations",
      "/operations/",
      "/receipts",
      "/receipts/",
      "/nothing",
      "/socket/x",
    ]) {
      const answer = await client.get(path);
      assert.ok(
        ["not-found", "unknown-operation", "unknown-receipt"].includes(answer.as<{ code: string }>().code),
      );
      refused(answer, 404, answer.as<{ code: string }>().code);
    }
    refused(await client.get("/nothing"), 404, "not-found");
    refused(await client.get("/operations/wide-spill/nothing"), 404, "not-found");
  });

  test("§6 a path is not decoded into another one", async () => {
    for (const path of [
      "/operations/wide-spill/../wide-event",
      "/operations//wide-spill",
      "/operations/wide-spill/",
    ]) {
      const tag = fresh();
      const answer = await client.post(path, { tag });
      assert.equal(answer.status, 404, path);
      assert.deepEqual(await lab.runs(tag), []);
    }
    for (const path of ["/receipts/%", "/receipts/%zz", "/operations/%00", "/%e2%82"]) {
      const { status } = await client.get(path);
      assert.ok(status === 404 || status === 400 || status === 405, `${path}: ${status}`);
    }
  });

  test("§6 another method is 405 with Allow", async () => {
    for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
      const answer = await client.send("/operations/wide-spill", { method });
      refused(answer, 405, "method-not-allowed");
      assert.match(answer.headers.allow ?? "", /\bPOST\b/);
    }
    for (const path of ["/health/live", "/socket"]) {
      const answer = await client.post(path, {});
      refused(answer, 405, "method-not-allowed");
      assert.match(answer.headers.allow ?? "", /\bGET\b/);
    }
  });

  test("§6 an unknown method is refused", async () => {
    const answer = await client.send("/operations/wide-spill", { method: "PROPFIND" });
    assert.ok([400, 405, 501].includes(answer.status), `${answer.status}`);
  });

  test("§6 a write's declared condition answers 409 condition-failed, or the write's own problem", async () => {
    const tag = fresh();
    assert.equal((await lab.act("wide-spill", tag, ["insert"])).status, 200);
    refused(await lab.act("wide-spill", tag, ["insert"]), 409, "condition-failed");
    refused(await lab.act("wide-request", tag, ["insert"]), 409, "condition-failed");
    refused(await lab.act("wide-request", tag, ["insert-else"]), 409, "sold");
    const { id } = accepted(await lab.act("wide-event", tag, ["insert"]));
    const { status, attempt, error } = await finalReceipt(client, id);
    assert.deepEqual([status, attempt, error?.code], ["failed", 1, "condition-failed"]);
  });

  for (const [operation, step, code] of [
    ["shaped-request", "wrong", "invalid-output"],
    ["shaped-spill", "wrong", "invalid-output"],
    ["wide-request", "huge", "invalid-output"],
    ["wide-request", "huge-effects", "effects-too-large"],
    ["wide-spill", "huge-effects", "effects-too-large"],
  ] as const) {
    test(`§6 ${operation} with ${step} answers 500 ${code}`, async () => {
      const tag = fresh();
      refused(await lab.act(operation, tag, [step, "ok"]), 500, code);
      assert.equal((await lab.runs(tag)).length, 1);
    });
  }

  test("§4, §6 a Callback is 422 where it is not allowed, and never ignored", async () => {
    for (const flow of ["request", "event", "spill"]) {
      const tag = fresh();
      const answer = await lab.act(`wide-${flow}`, tag, ["ok"], { callback: "https://example.com/done" });
      refused(answer, 422, "callback-not-allowed");
      assert.deepEqual(await lab.runs(tag), []);
    }
  });

  test("§6 a Callback that cannot be parsed is refused", async () => {
    for (const callback of ["", "x", "http://", "https://a b/"]) {
      const { status, as } = await lab.act("wide-event", fresh(), ["ok"], { callback });
      const code = as<{ code: string }>().code;
      assert.ok(
        ["400 malformed-header", "422 callback-not-allowed"].includes(`${status} ${code}`),
        `${status} ${code}`,
      );
    }
  });

  test("§6 a backlog that is full is 503 backlog-full, and a replay is not refused", async () => {
    await using _ = await lab.occupy("bounded");
    const key = { "idempotency-key": fresh("key") };
    const tag = fresh();
    const { id } = accepted(await lab.act("bounded-event", tag, ["ok"], key));
    const full = await until("the backlog is full", async () => {
      const answer = await lab.act("bounded-event", fresh(), ["ok"]);
      return answer.status !== 202 && answer;
    });
    refused(full, 503, "backlog-full");
    assert.equal(accepted(await lab.act("bounded-event", tag, ["ok"], key)).id, id);
    const waiting = (await lab.server.admin.get("/admin/jobs?operation=bounded-event&status=queued")).as<{
      items: readonly unknown[];
    }>();
    assert.ok(waiting.items.length <= 3, `${waiting.items.length} wait, of 2`);
  });

  test("§6 there is no bound where none is configured", async () => {
    await using _ = await lab.occupy("one");
    const answers = await Promise.all(times(300).map(() => lab.act("one-spill", fresh(), ["ok"])));
    for (const answer of answers) accepted(answer);
  });

  test("§6 no problem shows a stack, whatever the handler throws", async () => {
    for (const step of ["throw", "throw-text", "terminal", "retry", "throttle"]) {
      const answer = await lab.act("wide-request", fresh(), [step]);
      assert.ok(answer.status >= 500);
      assert.doesNotMatch(answer.text, /secret-detail|\.ts\b|node_modules| {4}at /);
    }
  });

  test("§6 a queue operation that loses a write conflict is tried again, a request answers saturated at the end", async () => {
    const name = fresh("counter");
    assert.equal((await client.call("count-request", { name, left: 1_000 })).status, 200);
    const answers = await Promise.all(times(60).map(() => client.call("count-request", { name })));
    for (const answer of answers) if (answer.status !== 200) refused(answer, 503, "saturated");
    const left = (await client.call("look", { name })).as<number>();
    assert.equal(1_000 - left, answers.filter(({ status }) => status === 200).length);
  });
});
