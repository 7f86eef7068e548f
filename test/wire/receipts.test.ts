// docs/wire.md §2: what a receipt shows in every state, and the long poll.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { unless } from "./support/deployment.ts";
import {
  accepted,
  answered,
  finalReceipt,
  judgeReceipt,
  type Receipt,
  receiptOf,
  receiptWhen,
  refused,
  retryAfter,
} from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { SECOND, until, within } from "./support/wait.ts";

const lab = await Lab.start();
const { client } = lab;
after(() => lab.stop());

async function eventCall(operation: string, tag: string, plan: readonly string[]): Promise<string> {
  return accepted(await lab.act(operation, tag, plan)).id;
}

suite("§2 the receipt", { concurrency: 8 }, () => {
  test("§2 of a job that succeeded has its output, no error, and no Retry-After", async () => {
    const tag = fresh();
    const id = await eventCall("wide-event", tag, ["ok"]);
    await finalReceipt(client, id);
    const answer = await client.receipt(id);
    const receipt = judgeReceipt(answered<Receipt>(answer));
    assert.deepEqual(receipt.output, { tag, id, run: 0 });
    assert.equal(receipt.operation, "wide-event");
    assert.equal(answer.headers["retry-after"], undefined);
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.ok(Date.parse(receipt.updatedAt) >= Date.parse(receipt.acceptedAt));
  });

  test("§2 of a job whose handler returned nothing has the output null", async () => {
    const id = await eventCall("wide-event", fresh(), ["nothing"]);
    assert.equal((await finalReceipt(client, id)).output, null);
  });

  test("§2 of a job that waits for a slot says queued, attempt 0, and when to ask again", async () => {
    await using _ = await lab.occupy("pair", 2);
    const id = await eventCall("pair-event", fresh(), ["ok"]);
    const answer = await client.receipt(id);
    const receipt = judgeReceipt(answered<Receipt>(answer));
    assert.deepEqual([receipt.status, receipt.attempt], ["queued", 0]);
    assert.equal(receipt.error, undefined);
    retryAfter(answer);
    assert.equal(answer.headers["cache-control"], "no-store");
  });

  test("§2 of a running job says running, its attempt, and when to ask again", async () => {
    const tag = fresh();
    const id = await eventCall("wide-event", tag, ["hold"]);
    await lab.atWork(tag);
    const receipt = await receiptWhen(client, id, "running", ({ status }) => status === "running");
    assert.equal(receipt.attempt, 1);
    retryAfter(await client.receipt(id));
    await lab.release(tag);
    await finalReceipt(client, id);
  });

  test("§2 of a job that waits for its retry says queued, the time, and the last error", async () => {
    const tag = fresh();
    const id = await eventCall("wide-event", tag, ["later", "ok"]);
    await lab.ended(tag);
    const receipt = await receiptWhen(
      client,
      id,
      "waiting for its retry",
      ({ error }) => error !== undefined,
    );
    assert.deepEqual([receipt.status, receipt.attempt, receipt.error?.code], ["queued", 1, "handler-failed"]);
    const wait = Date.parse(receipt.availableAt ?? "") - Date.parse(receipt.updatedAt);
    assert.ok(wait > 50 * SECOND, `${wait} ms`);
    assert.ok(retryAfter(await client.receipt(id)) > 30);
  });

  test("§2 of a job that failed has the handler's own problem as its error", async () => {
    const id = await eventCall("wide-event", fresh(), ["problem"]);
    const receipt = await finalReceipt(client, id);
    const { status, attempt, error } = receipt;
    assert.deepEqual([status, attempt, error?.code, error?.status], ["failed", 1, "short-and-stout", 418]);
    assert.equal((await client.receipt(id)).headers["retry-after"], undefined);
  });

  test("§2, §6 of a job whose handler threw tells neither its words nor its stack", async () => {
    const id = await eventCall("wide-event", fresh(), ["terminal"]);
    const { error } = await finalReceipt(client, id);
    assert.equal(error?.code, "handler-failed");
    assert.doesNotMatch((await client.receipt(id)).text, /secret-detail|\bat .*\.ts/);
  });

  for (const [operation, plan, code] of [
    ["shaped-event", ["wrong"], "invalid-output"],
    ["wide-event", ["huge"], "invalid-output"],
    ["wide-event", ["huge-effects"], "effects-too-large"],
  ] as const) {
    test(`§6 of a job with ${plan[0]} fails for good with ${code}`, async () => {
      const receipt = await finalReceipt(client, await eventCall(operation, fresh(), plan));
      assert.deepEqual([receipt.status, receipt.attempt, receipt.error?.code], ["failed", 1, code]);
    });
  }

  test("§2 has a revision that grows by one with every durable change", async () => {
    const tag = fresh();
    const id = await eventCall("wide-event", tag, ["throw", "throw", "ok"]);
    const seen: Receipt[] = [];
    await until("final", async () => {
      seen.push(await receiptOf(client, id));
      return seen.at(-1)?.status === "succeeded";
    });
    for (const [index, receipt] of seen.entries()) {
      const before = seen[index - 1];
      if (!before) continue;
      assert.ok(receipt.revision >= before.revision, "never goes back");
      assert.ok(receipt.attempt >= before.attempt, "attempts grow");
      assert.ok(receipt.updatedAt >= before.updatedAt, "time goes on");
      assert.equal(receipt.acceptedAt, before.acceptedAt);
    }
    const last = await receiptOf(client, id);
    assert.ok(last.revision <= 7, `revision ${last.revision} after three attempts`);
    assert.equal(last.attempt, 3);
  });

  test("§2 shows the progress of a running handler", async () => {
    const tag = fresh();
    const id = await eventCall("wide-event", tag, ["progress"]);
    const receipt = await receiptWhen(client, id, "in progress", ({ progress }) => progress !== undefined);
    assert.deepEqual(receipt.progress, { ratio: 0.4, message: "charging" });
    await lab.release(tag);
    await finalReceipt(client, id);
  });

  test("§2 that is unknown answers 404, whatever its id looks like", async () => {
    const known = await eventCall("wide-event", fresh(), ["ok"]);
    const bodies = new Set<string>();
    for (const id of [
      `${known.slice(0, -1)}${known.endsWith("a") ? "b" : "a"}`,
      "x",
      "..%2f",
      "a".repeat(300),
    ]) {
      const answer = await client.receipt(id);
      refused(answer, 404, "unknown-receipt");
      bodies.add(answer.text);
      refused(await client.cancel(id), 404, "unknown-receipt");
      refused(await client.get(`/receipts/${id}/events`), 404, "unknown-receipt");
    }
    assert.equal(bodies.size, 1, "the answers are alike");
  });

  test("§2 answers only to GET, HEAD, DELETE and OPTIONS", async () => {
    const id = await eventCall("wide-event", fresh(), ["ok"]);
    for (const method of ["POST", "PUT", "PATCH"]) {
      const answer = await client.send(`/receipts/${id}`, { method, body: {} });
      refused(answer, 405, "method-not-allowed");
      assert.match(answer.headers.allow ?? "", /\bGET\b.*\bDELETE\b|\bDELETE\b.*\bGET\b/);
    }
  });
});

suite("§2 the long poll", { concurrency: 8 }, () => {
  test("§2 Prefer: wait=N holds the answer until the state is final", async () => {
    const tag = fresh();
    const id = await eventCall("wide-event", tag, ["hold"]);
    await lab.atWork(tag);
    let done = false;
    const polling = client.receipt(id, { prefer: "wait=20" }).finally(() => {
      done = true;
    });
    await receiptOf(client, id);
    assert.equal(done, false);
    await lab.release(tag);
    const answer = await within("the long poll answers", polling, 5 * SECOND);
    assert.equal(answered<Receipt>(answer).status, "succeeded");
    assert.equal(answer.headers["preference-applied"], "wait=20");
  });

  const timed = unless({ container: "an emulated table takes its time to be read, and this is timed" });
  test("§2 Prefer: wait=N answers the state as it is when the time is up", timed, async () => {
    const tag = fresh();
    const id = await eventCall("wide-event", tag, ["hold"]);
    await lab.atWork(tag);
    const began = performance.now();
    const answer = await client.receipt(id, { prefer: "wait=1" });
    const tookMs = performance.now() - began;
    assert.equal(answered<Receipt>(answer).status, "running");
    retryAfter(answer);
    assert.ok(tookMs >= 950 && tookMs < 3_000, `${tookMs} ms`);
    await lab.release(tag);
  });

  test("§2 Prefer: wait=N answers a final state at once", async () => {
    const id = await eventCall("wide-event", fresh(), ["ok"]);
    await finalReceipt(client, id);
    const answer = await within("the answer", client.receipt(id, { prefer: "wait=20" }), 2 * SECOND);
    assert.equal(answered<Receipt>(answer).status, "succeeded");
  });

  test("§2 a hundred long polls of one receipt are all answered", async () => {
    const tag = fresh();
    const id = await eventCall("wide-event", tag, ["hold"]);
    await lab.atWork(tag);
    const polls = Array.from({ length: 100 }, () => client.receipt(id, { prefer: "wait=20" }));
    await receiptOf(client, id);
    await lab.release(tag);
    for (const answer of await within("all answer", Promise.all(polls))) {
      assert.equal(answered<Receipt>(answer).status, "succeeded");
    }
  });
});
