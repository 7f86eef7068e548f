// docs/wire.md §1, Idempotency: the same key again, in every state that the first call may be in.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import type { Answer, Headers } from "./support/client.ts";
import { accepted, answered, finalReceipt, refused, retryAfter } from "./support/judge.ts";
import { type Acted, fresh, Lab } from "./support/lab.ts";
import { startApp } from "./support/server.ts";
import { times } from "./support/wait.ts";

const lab = await Lab.start();
const { client } = lab;
after(() => lab.stop());

const newKey = (): Headers => ({ "idempotency-key": `"${fresh("key")}"` });

function replayed(answer: Answer): void {
  assert.equal(answer.headers["idempotency-replayed"], "true", `${answer.status} ${answer.text}`);
  assert.equal(answer.headers["preference-applied"], undefined);
}

suite("§1 the same key again,", { concurrency: 8 }, () => {
  for (const flow of ["request", "spill"]) {
    test(`§1 after a ${flow} call that was answered at once, answers the same output, whatever is preferred`, async () => {
      const tag = fresh();
      const key = newKey();
      const first = await lab.act(`wide-${flow}`, tag, ["ok"], key);
      assert.equal(first.headers["idempotency-replayed"], undefined);
      for (const prefer of [undefined, "respond-async", "wait=5"]) {
        const again = await lab.act(`wide-${flow}`, tag, ["ok"], { ...key, prefer });
        replayed(again);
        assert.deepEqual(answered(again), answered(first));
        assert.equal(again.headers["content-location"], undefined);
      }
      assert.equal((await lab.runs(tag)).length, 1);
    });
  }

  test("§1 after a job that succeeded, answers its output and where its receipt is", async () => {
    const tag = fresh();
    const key = newKey();
    const { id } = accepted(await lab.act("wide-event", tag, ["ok"], key));
    const { output } = await finalReceipt(client, id);
    for (const prefer of [undefined, "respond-async", "wait=5"]) {
      const again = await lab.act("wide-event", tag, ["ok"], { ...key, prefer });
      replayed(again);
      assert.deepEqual(answered(again), output);
      assert.equal(again.headers["content-location"], `/receipts/${id}`);
    }
    assert.equal((await lab.runs(tag)).length, 1);
  });

  for (const flow of ["request", "spill"]) {
    test(`§1 after a ${flow} call that ended in its own problem, answers that problem`, async () => {
      const tag = fresh();
      const key = newKey();
      const first = await lab.act(`wide-${flow}`, tag, ["problem", "ok"], key);
      refused(first, 418, "short-and-stout");
      const again = await lab.act(`wide-${flow}`, tag, ["problem", "ok"], key);
      replayed(again);
      refused(again, 418, "short-and-stout");
      assert.equal(again.text, first.text);
      assert.equal((await lab.runs(tag)).length, 1);
    });

    test(`§1 after a ${flow} call whose condition failed, answers condition-failed`, async () => {
      const tag = fresh();
      answered(await lab.act(`wide-${flow}`, tag, ["insert"]));
      const key = newKey();
      refused(await lab.act(`wide-${flow}`, tag, ["insert"], key), 409, "condition-failed");
      const again = await lab.act(`wide-${flow}`, tag, ["insert"], key);
      replayed(again);
      refused(again, 409, "condition-failed");
      assert.equal((await lab.runs(tag)).length, 2);
    });
  }

  test("§1 after a job that failed, answers its problem and runs nothing", async () => {
    const tag = fresh();
    const key = newKey();
    const { id } = accepted(await lab.act("wide-event", tag, ["throw"], key));
    assert.equal((await finalReceipt(client, id)).status, "failed");
    const again = await lab.act("wide-event", tag, ["throw"], key);
    replayed(again);
    refused(again, 500, "handler-failed");
    assert.equal((await lab.runs(tag)).length, 3);
  });

  test("§1 after a job that was cancelled, answers 409 cancelled", async () => {
    const tag = fresh();
    const key = newKey();
    const { id } = accepted(await lab.act("wide-event", tag, ["hold"], key));
    await lab.atWork(tag);
    await client.cancel(id);
    assert.equal((await finalReceipt(client, id)).status, "cancelled");
    refused(await lab.act("wide-event", tag, ["hold"], key), 409, "cancelled");
  });

  for (const flow of ["request", "spill"]) {
    test(`§1 while a ${flow} call still runs on its own request, answers 409 idempotency-in-flight`, async () => {
      const tag = fresh();
      const key = newKey();
      const first = lab.act(`wide-${flow}`, tag, ["hold"], key);
      await lab.atWork(tag);
      const again = await lab.act(`wide-${flow}`, tag, ["hold"], key);
      refused(again, 409, "idempotency-in-flight");
      retryAfter(again);
      await lab.release(tag);
      const { id } = answered<Acted>(await first);
      assert.equal(answered<Acted>(await lab.act(`wide-${flow}`, tag, ["hold"], key)).id, id);
      assert.equal((await lab.runs(tag)).length, 1);
    });
  }

  const failures = [
    ["wide-request", "throw", 500, "handler-failed"],
    ["wide-request", "throttle", 503, "saturated"],
    ["brief-request", "hold", 504, "handler-timeout"],
    ["wide-spill", "terminal", 500, "handler-failed"],
    ["wide-request", "terminal", 500, "handler-failed"],
  ] as const;
  for (const [operation, step, status, code] of failures) {
    test(`§1 after ${operation} answered ${status} (${step}), runs again under the same id`, async () => {
      const tag = fresh();
      const key = newKey();
      refused(await lab.act(operation, tag, [step, "ok"], key), status, code);
      const again = await lab.act(operation, tag, [step, "ok"], key);
      assert.equal(again.headers["idempotency-replayed"], undefined);
      const { id } = answered<Acted>(again);
      const runs = await lab.runs(tag);
      assert.deepEqual(
        runs.map((run) => run.id),
        [id, id],
      );
      const replay = await lab.act(operation, tag, [step, "ok"], key);
      replayed(replay);
      assert.equal(answered<Acted>(replay).id, id);
    });
  }

  for (const flow of ["request", "event", "spill"]) {
    test(`§1 with another input, a ${flow} call answers 422 idempotency-mismatch`, async () => {
      const tag = fresh();
      const key = newKey();
      await lab.act(`wide-${flow}`, tag, ["ok"], key);
      refused(await lab.act(`wide-${flow}`, tag, ["ok", "ok"], key), 422, "idempotency-mismatch");
      assert.ok((await lab.runs(tag)).length <= 1);
    });
  }

  test("§1 the input is the same when its JSON values are, members in any order", async () => {
    const key = newKey();
    const tag = fresh();
    const post = (body: string) =>
      client.post("/operations/wide-request", body, { ...key, "content-type": "application/json" });
    const first = answered<Acted>(await post(`{"tag":"${tag}","plan":["ok"],"more":{"a":1,"b":[1e2,"é"]}}`));
    const same = [
      `{"more":{"b":[1e2,"é"],"a":1},"plan":["ok"],"tag":"${tag}"}`,
      ` { "plan" : [ "ok" ],\n"tag":"${tag}", "more":{"a":1.0,"b":[100,"\\u00e9"]} } `,
    ];
    for (const body of same) {
      const again = await post(body);
      replayed(again);
      assert.deepEqual(answered<Acted>(again), first);
    }
    refused(await post(`{"tag":"${tag}","plan":["ok"]}`), 422, "idempotency-mismatch");
    refused(
      await post(`{"tag":"${tag}","plan":["ok"],"more":{"a":1,"b":["é",100]}}`),
      422,
      "idempotency-mismatch",
    );
  });

  test("§1 a key counts for one operation only", async () => {
    const tag = fresh();
    const key = newKey();
    const ids = await Promise.all(
      ["wide-request", "wide-spill", "shaped-spill"].map(
        async (operation) => answered<Acted>(await lab.act(operation, tag, ["ok"], key)).id,
      ),
    );
    assert.equal(new Set(ids).size, 3);
  });

  test("§1 calls without a key are calls of their own", async () => {
    const tag = fresh();
    const answers = await Promise.all(times(5).map(() => lab.act("wide-spill", tag, ["ok"])));
    assert.equal(new Set(answers.map((answer) => answered<Acted>(answer).id)).size, 5);
  });
});

suite("§1 the same key again, with no slot free,", () => {
  test("§1 after 503 saturated for want of a slot, runs when one is free", async () => {
    const busy = await lab.occupy("pair", 2);
    const tag = fresh();
    const key = newKey();
    refused(await lab.act("mixed-request", tag, ["ok"], key), 503, "saturated");
    await busy.release();
    answered(await lab.act("mixed-request", tag, ["ok"], key));
    assert.equal((await lab.runs(tag)).length, 1);
  });

  test("§1 a replay takes no slot and is never refused for load", async () => {
    const tag = fresh();
    const key = newKey();
    answered(await lab.act("pair-request", tag, ["ok"], key));
    await using _ = await lab.occupy("pair", 2);
    refused(await lab.act("pair-request", fresh(), ["ok"]), 503, "saturated");
    const again = await lab.act("pair-request", tag, ["ok"], key);
    replayed(again);
    answered(again);
  });

  test("§1 while its job is queued or running, answers 202 with the same receipt, or with wait its outcome", async () => {
    await using busy = await lab.occupy("one");
    const tag = fresh();
    const key = newKey();
    const { id } = accepted(await lab.act("one-spill", tag, ["hold"], key));
    assert.equal(accepted(await lab.act("one-spill", tag, ["hold"], key)).id, id);
    await busy.release();
    await lab.atWork(tag);
    const running = accepted(await lab.act("one-spill", tag, ["hold"], key));
    assert.deepEqual([running.id, running.status], [id, "running"]);
    const waiting = lab.act("one-spill", tag, ["hold"], { ...key, prefer: "wait=10" });
    await lab.release(tag);
    assert.equal(answered<Acted>(await waiting).id, id);
    assert.equal((await lab.runs(tag)).length, 1);
  });
});

suite("§1 Idempotency-Key", { concurrency: 8 }, () => {
  test("§1 a bare token is the same key as the quoted one", async () => {
    const tag = fresh();
    const key = fresh("key");
    const first = await lab.act("wide-spill", tag, ["ok"], { "idempotency-key": key });
    const again = await lab.act("wide-spill", tag, ["ok"], { "idempotency-key": `"${key}"` });
    replayed(again);
    assert.deepEqual(answered(again), answered(first));
  });

  test("§1 a key may have 1 to 255 characters", async () => {
    for (const length of [1, 255]) {
      const key = "k".repeat(length);
      answered(await lab.act("wide-spill", fresh(), ["ok"], { "idempotency-key": `"${key}"` }));
    }
  });

  const odd: readonly (string | readonly string[])[] = [
    ...[
      "",
      '""',
      '"',
      '"open',
      'open"',
      `"${"k".repeat(256)}"`,
      "k".repeat(256),
      "k".repeat(10_240),
      '"a" b',
      "a b",
    ],
    ...['"a","b"', "é", '"é"', ["one", "two"]],
  ];
  for (const key of odd) {
    const text = JSON.stringify(key);
    test(`§6 ${text.length > 40 ? `a key of ${key.length} characters` : text} is refused as malformed-header`, async () => {
      const tag = fresh();
      refused(await lab.act("wide-spill", tag, ["ok"], { "idempotency-key": key }), 400, "malformed-header");
      assert.deepEqual(await lab.runs(tag), []);
    });
  }

  test("§1 an operation that requires a key answers 400 idempotency-required without one", async () => {
    for (const flow of ["request", "event", "spill"]) {
      refused(await lab.act(`keyed-${flow}`, fresh(), ["ok"]), 400, "idempotency-required");
    }
    answered(await lab.act("keyed-spill", fresh(), ["ok"], newKey()));
  });

  test("§1 an app without an engine answers 400 idempotency-unsupported to a key", async () => {
    const bare = await startApp("bare");
    try {
      answered(await bare.client.call("bare", { tag: fresh() }));
      refused(await bare.client.call("bare", { tag: fresh() }, newKey()), 400, "idempotency-unsupported");
    } finally {
      await bare.stop();
    }
  });
});
