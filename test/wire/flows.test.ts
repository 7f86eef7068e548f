// docs/wire.md §1: what a call of each flow gets, with a slot free and without.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { isOnAws, unless } from "./support/deployment.ts";
import { accepted, answered, finalReceipt, receiptOf, refused, retryAfter } from "./support/judge.ts";
import { type Acted, fresh, Lab } from "./support/lab.ts";
import { eachOf, times, until } from "./support/wait.ts";

const lab = await Lab.start();
const { client } = lab;
after(() => lab.stop());

suite("§1 request, with a slot free,", { concurrency: 8 }, () => {
  test("§1 a request call answers 200 with its output and keeps nothing", async () => {
    const tag = fresh();
    const answer = await lab.act("wide-request", tag, ["ok"]);
    const output = answered<Acted>(answer);
    assert.equal(output.tag, tag);
    assert.equal(answer.headers.location, undefined);
    assert.equal(answer.headers["idempotency-replayed"], undefined);
    refused(await client.receipt(output.id), 404, "unknown-receipt");
  });

  test("§1 a request call whose handler throws answers 500 and is not tried again", async () => {
    const tag = fresh();
    refused(await lab.act("wide-request", tag, ["throw", "ok"]), 500, "handler-failed");
    const [run] = await lab.runs(tag);
    refused(await client.receipt(run?.id ?? ""), 404, "unknown-receipt");
    assert.equal((await lab.runs(tag)).length, 1);
  });

  test("§1 a request call whose handler is throttled answers 503 saturated", async () => {
    const tag = fresh();
    refused(await lab.act("wide-request", tag, ["throttle"]), 503, "saturated");
    assert.equal((await lab.runs(tag)).length, 1);
  });

  test("§1 a request call that takes too long answers 504 and its signal fires", async () => {
    const tag = fresh();
    refused(await lab.act("brief-request", tag, ["hold"]), 504, "handler-timeout");
    const runs = await lab.ended(tag);
    assert.deepEqual([runs.length, runs[0]?.aborted], [1, true]);
  });

  test("§1 a request call that ends in the handler's own problem answers it", async () => {
    const answer = await lab.act("wide-request", fresh(), ["problem"]);
    const problem = refused(answer, 418, "short-and-stout");
    assert.deepEqual([problem.title, problem.detail], ["A teapot", "Tip it over."]);
    assert.equal(answer.as<{ spout: number }>().spout, 1);
  });
});

suite("§1 event and spill, with a slot free,", { concurrency: 8 }, () => {
  test("§1 an event call answers 202 with a receipt and runs afterwards", async () => {
    const tag = fresh();
    const receipt = accepted(await lab.act("wide-event", tag, ["ok"]));
    assert.equal(receipt.operation, "wide-event");
    const final = await finalReceipt(client, receipt.id);
    assert.deepEqual([final.status, final.attempt], ["succeeded", 1]);
    assert.deepEqual(final.output, { tag, id: receipt.id, run: 0 });
  });

  test("§1 a 202's receipt is readable from then on", async () => {
    for (const _ of times(20)) {
      const receipt = accepted(await lab.act("wide-event", fresh(), ["ok"]));
      assert.equal((await receiptOf(client, receipt.id)).id, receipt.id);
    }
  });

  test("§1 a spill call answers 200 with its output and keeps no receipt", async () => {
    const tag = fresh();
    const answer = await lab.act("wide-spill", tag, ["ok"]);
    const output = answered<Acted>(answer);
    assert.equal(output.tag, tag);
    refused(await client.receipt(output.id), 404, "unknown-receipt");
  });

  test("§1 an operation spills unless it says otherwise", async () => {
    answered(await lab.act("plain", fresh(), ["ok"]));
    accepted(await lab.act("plain", fresh(), ["ok"], { prefer: "respond-async" }));
  });

  for (const step of ["throw", "throw-text", "retry", "unavailable"]) {
    test(`§1 a spill call whose handler fails retryably (${step}) answers 202 with the attempt counted`, async () => {
      const tag = fresh();
      const receipt = accepted(await lab.act("wide-spill", tag, [step, "ok"]));
      assert.ok(receipt.attempt >= 1);
      const final = await finalReceipt(client, receipt.id);
      assert.deepEqual([final.status, final.attempt], ["succeeded", 2]);
      const runs = await lab.runs(tag);
      assert.deepEqual(
        runs.map(({ id, attempt }) => [id, attempt]),
        [
          [receipt.id, 1],
          [receipt.id, 2],
        ],
      );
    });
  }

  test("§1 a spill call that times out answers 202 with the attempt counted", async () => {
    const tag = fresh();
    const receipt = accepted(await lab.act("brief-spill", tag, ["hold", "ok"]));
    assert.ok(receipt.attempt >= 1);
    const final = await finalReceipt(client, receipt.id);
    assert.deepEqual([final.status, final.attempt], ["succeeded", 2]);
    assert.equal((await lab.runs(tag))[0]?.aborted, true);
  });

  test("§1 a spill call that is throttled answers 202 and has cost no attempt", async () => {
    const receipt = accepted(await lab.act("wide-spill", fresh(), ["throttle", "ok"]));
    const final = await finalReceipt(client, receipt.id);
    assert.deepEqual([final.status, final.attempt], ["succeeded", 1]);
  });

  test("§1 ten throttles in a row cost no attempt", async () => {
    const tag = fresh();
    const plan = [...times(10).map(() => "throttle"), "ok"];
    const receipt = accepted(await lab.act("wide-event", tag, plan));
    const final = await finalReceipt(client, receipt.id, 30_000);
    assert.deepEqual([final.status, final.attempt], ["succeeded", 1]);
    assert.equal((await lab.runs(tag)).length, 11);
  });

  test("§1 the eleventh throttle in a row costs one", async () => {
    const tag = fresh();
    const plan = [...times(11).map(() => "throttle"), "ok"];
    const receipt = accepted(await lab.act("wide-spill", tag, plan));
    const final = await finalReceipt(client, receipt.id, 30_000);
    assert.deepEqual([final.status, final.attempt], ["succeeded", 2]);
    assert.equal((await lab.runs(tag)).length, 12);
  });

  test("§1 a spill call that ends in a permanent problem answers it at once", async () => {
    const tag = fresh();
    refused(await lab.act("wide-spill", tag, ["problem", "ok"]), 418, "short-and-stout");
    assert.equal((await lab.runs(tag)).length, 1);
  });

  test("§1, §6 a spill call whose handler throws a TerminalError answers 500 at once", async () => {
    const tag = fresh();
    refused(await lab.act("wide-spill", tag, ["terminal", "ok"]), 500, "handler-failed");
    assert.equal((await lab.runs(tag)).length, 1);
  });

  test("§1 a queued call that never succeeds ends failed after its last attempt", async () => {
    const tag = fresh();
    const receipt = accepted(await lab.act("wide-spill", tag, ["throw"]));
    const final = await finalReceipt(client, receipt.id);
    assert.deepEqual([final.status, final.attempt, final.maxAttempts], ["failed", 3, 3]);
    assert.equal(final.error?.code, "handler-failed");
    assert.equal((await lab.runs(tag)).length, 3);
  });
});

suite("§1 with no slot free,", () => {
  test("§1 a request call answers 503 saturated and nothing of it is kept", async () => {
    await using busy = await lab.occupy("one");
    const tag = fresh();
    const answer = await lab.act("one-request", tag, ["ok"]);
    refused(answer, 503, "saturated");
    await busy.release();
    answered(await lab.act("one-request", fresh(), ["ok"]));
    assert.deepEqual(await lab.runs(tag), []);
  });

  for (const flow of ["event", "spill"]) {
    test(`§1 a call of flow ${flow} is queued durably, answers 202, and runs when a slot is free`, async () => {
      await using busy = await lab.occupy("one");
      const tag = fresh();
      const receipt = accepted(await lab.act(`one-${flow}`, tag, ["ok"]));
      assert.deepEqual([receipt.status, receipt.attempt], ["queued", 0]);
      assert.deepEqual(await lab.runs(tag), []);
      await busy.release();
      assert.equal((await finalReceipt(client, receipt.id)).status, "succeeded");
    });
  }

  test("§1 a call that names two resources needs a slot of each, and takes none if one is lacking", async () => {
    await using busy = await lab.occupy("one");
    refused(await lab.act("mixed-request", fresh(), ["ok"]), 503, "saturated");
    const other = await lab.occupy("pair", 2);
    await other.release();
    await busy.release();
    answered(await lab.act("mixed-request", fresh(), ["ok"]));
  });

  test("§1 one budget holds for calls at once and for queued ones, whichever way they come", async () => {
    const also = fresh("place");
    const flows = ["pair-request", "pair-event", "pair-spill", "mixed-event", "mixed-spill"];
    // Two at once, and everyone asks for its receipt meanwhile: an emulated table takes a third of a second for each.
    const calls = isOnAws ? 90 : 300;
    const answers = await eachOf(times(calls), 60, (index) =>
      client.call(flows[index % flows.length] ?? "", { tag: fresh(), also, plan: ["ok"] }),
    );
    const receipts = answers.filter(({ status }) => status === 202).map((answer) => accepted(answer).id);
    await Promise.all(receipts.map((id) => finalReceipt(client, id, 30_000)));
    const { peak, runs } = await lab.world(also);
    assert.ok(peak <= 2, `${peak} at once`);
    assert.equal(runs.length, answers.filter(({ status }) => status < 300).length);
  });

  test("§1 queued calls are not starved by calls that are answered at once", async () => {
    const busy = await lab.occupy("one");
    const receipts = await Promise.all(
      times(5).map(async () => accepted(await lab.act("one-event", fresh(), ["ok"])).id),
    );
    let stop = false;
    const stream = times(8).map(async () => {
      while (!stop) await lab.act("one-request", fresh("stream"), ["ok"]);
    });
    await busy.release();
    try {
      await Promise.all(receipts.map((id) => finalReceipt(client, id, 15_000)));
    } finally {
      stop = true;
      await Promise.all(stream);
    }
  });

  const slow = unless({ container: "a thousand jobs, one after another, take the emulated table a minute" });
  test("§1 calls that are answered at once are not starved by queued ones", slow, async () => {
    const busy = await lab.occupy("one");
    const batch = await client.post(
      "/operations/one-event/batch",
      times(1_000).map(() => ({ tag: fresh("queue"), plan: ["ok"] })),
    );
    const receipts = batch.as<readonly { id: string }[]>();
    await busy.release();
    const tag = fresh();
    await until("a call is answered at once", async () => {
      const { status } = await lab.act("one-request", tag, ["ok"]);
      return status === 200;
    });
    await finalReceipt(client, receipts.at(-1)?.id ?? "", 30_000);
  });

  test("§1 Retry-After is an estimate from 1 to 300 seconds", async () => {
    await using _ = await lab.occupy("one");
    retryAfter(await lab.act("one-spill", fresh(), ["ok"]));
    retryAfter(await lab.act("one-request", fresh(), ["ok"]));
  });

  test("§1 a rate bounds how many handlers start in a second", async () => {
    const answers = await Promise.all(times(12).map(() => lab.act("drip-request", fresh(), ["ok"])));
    const taken = answers.filter(({ status }) => status === 200).length;
    assert.ok(taken >= 1 && taken <= 4, `${taken} of 12 at a rate of 2/s`);
    for (const answer of answers) if (answer.status !== 200) refused(answer, 503, "saturated");
  });
});
