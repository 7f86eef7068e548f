// docs/wire.md §1: what the client may ask for with `Prefer` (RFC 7240).
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import type { Answer } from "./support/client.ts";
import { unless } from "./support/deployment.ts";
import { accepted, answered, finalReceipt, refused } from "./support/judge.ts";
import { type Acted, fresh, Lab } from "./support/lab.ts";

const lab = await Lab.start();
const { client } = lab;
after(() => lab.stop());

const applied = (answer: Answer) => answer.headers["preference-applied"];

async function timed(work: Promise<Answer>): Promise<{ answer: Answer; tookMs: number }> {
  const began = performance.now();
  const answer = await work;
  return { answer, tookMs: performance.now() - began };
}

suite("§1 Prefer", { concurrency: 12 }, () => {
  for (const flow of ["event", "spill"]) {
    test(`§1 respond-async on ${flow} answers 202 at once though a slot is free`, async () => {
      const tag = fresh();
      const answer = await lab.act(`wide-${flow}`, tag, ["hold"], { prefer: "respond-async" });
      assert.equal(applied(answer), "respond-async");
      const { id } = accepted(answer);
      await lab.release(tag);
      assert.equal((await finalReceipt(client, id)).status, "succeeded");
    });

    test(`§1 wait=N on ${flow} holds the reply for the output`, async () => {
      const tag = fresh();
      const answer = await lab.act(`wide-${flow}`, tag, ["ok"], { prefer: "wait=5" });
      assert.equal(answered<Acted>(answer).tag, tag);
      assert.equal(applied(answer), "wait=5");
    });

    test(`§1 wait=N on ${flow} answers the outcome of the last attempt`, async () => {
      const tag = fresh();
      const answer = await lab.act(`wide-${flow}`, tag, ["throw", "ok"], { prefer: "wait=10" });
      assert.equal(answered<Acted>(answer).run, 1);
      assert.equal(applied(answer), "wait=10");
    });

    test(`§1 wait=N on ${flow} answers the final problem with its status`, async () => {
      refused(
        await lab.act(`wide-${flow}`, fresh(), ["problem"], { prefer: "wait=5" }),
        418,
        "short-and-stout",
      );
      refused(
        await lab.act(`wide-${flow}`, fresh(), ["throw"], { prefer: "wait=10" }),
        500,
        "handler-failed",
      );
    });

    const late = unless({
      container: "it may be claimed from an emulated queue after the second that is waited",
    });
    test(
      `§1 wait=N on ${flow} answers 202 when the time is up, and does not cut the run off`,
      late,
      async () => {
        const tag = fresh();
        const { answer, tookMs } = await timed(lab.act(`wide-${flow}`, tag, ["hold"], { prefer: "wait=1" }));
        const receipt = accepted(answer);
        assert.equal(applied(answer), "wait=1");
        assert.ok(tookMs >= 950 && tookMs < 3_000, `${Math.round(tookMs)} ms`);
        assert.equal(receipt.status, "running");
        await lab.release(tag);
        const final = await finalReceipt(client, receipt.id);
        assert.deepEqual(
          [final.status, final.attempt, final.output],
          ["succeeded", 1, { tag, id: receipt.id, run: 0 }],
        );
        const runs = await lab.runs(tag);
        assert.deepEqual([runs.length, runs[0]?.aborted, runs[0]?.id], [1, false, receipt.id]);
      },
    );

    test(`§1 respond-async with wait=N on ${flow} is wait=N, and only that is said to be applied`, async () => {
      for (const prefer of ["respond-async, wait=5", "wait=5, respond-async", ["respond-async", "wait=5"]]) {
        const answer = await lab.act(`wide-${flow}`, fresh(), ["ok"], { prefer });
        answered(answer);
        assert.equal(applied(answer), "wait=5");
      }
    });
  }

  test("§1 a wait longer than 25 s is cut to 25", async () => {
    for (const prefer of ["wait=26", "wait=600", "wait=100000000000"]) {
      const answer = await lab.act("wide-event", fresh(), ["ok"], { prefer });
      answered(answer);
      assert.equal(applied(answer), "wait=25");
    }
  });

  test("§1 a job that a call with wait=N became is cancelled like any other", async () => {
    const tag = fresh();
    const { id } = accepted(await lab.act("wide-spill", tag, ["hold"], { prefer: "wait=1" }));
    assert.equal((await client.cancel(id)).status, 202);
    assert.equal((await finalReceipt(client, id)).status, "cancelled");
    assert.equal((await lab.ended(tag))[0]?.aborted, true);
  });

  test("§1 on a request operation respond-async and wait are ignored", async () => {
    for (const prefer of ["respond-async", "wait=5", "respond-async, wait=5"]) {
      const answer = await lab.act("wide-request", fresh(), ["ok"], { prefer });
      answered(answer);
      assert.equal(applied(answer), undefined);
    }
    refused(
      await lab.act("wide-request", fresh(), ["throw"], { prefer: "respond-async" }),
      500,
      "handler-failed",
    );
  });

  test("§1 a request operation without a slot is refused at once whatever is preferred", async () => {
    await using _ = await lab.occupy("one");
    const { answer, tookMs } = await timed(lab.act("one-request", fresh(), ["ok"], { prefer: "wait=5" }));
    refused(answer, 503, "saturated");
    assert.equal(applied(answer), undefined);
    assert.ok(tookMs < 2_000);
  });

  const absent = [
    ...[
      "",
      " ",
      ",",
      ", ,",
      ";;;",
      "=",
      "=5",
      "wait",
      "wait=",
      "wait=0",
      "wait=-1",
      "wait=abc",
      "wait=1.5",
      "wait=1e1",
    ],
    ...[
      "handling=lenient",
      "return=minimal",
      "unknown",
      "wait=5s",
      "waiter=5",
      "respond_async",
      'wait="',
      "wait=0x5",
    ],
  ];
  for (const prefer of absent) {
    test(`§1 Prefer: ${JSON.stringify(prefer)} counts as absent`, async () => {
      const spilled = await lab.act("wide-spill", fresh(), ["ok"], { prefer });
      answered(spilled);
      assert.equal(applied(spilled), undefined);
      const queued = await lab.act("wide-event", fresh(), ["ok"], { prefer });
      accepted(queued);
      assert.equal(applied(queued), undefined);
    });
  }

  const odd = [
    "RESPOND-ASYNC",
    "Respond-Async",
    "respond-async; foo=bar",
    "unknown, respond-async",
    ",respond-async,",
  ];
  for (const prefer of odd) {
    test(`§1 Prefer: ${JSON.stringify(prefer)} is respond-async`, async () => {
      const answer = await lab.act("wide-spill", fresh(), ["ok"], { prefer });
      accepted(answer);
      assert.equal(applied(answer), "respond-async");
    });
  }

  const waits: readonly (readonly [string | readonly string[], string])[] = [
    ["WAIT=5", "wait=5"],
    ["wait = 5", "wait=5"],
    ["wait=05", "wait=5"],
    ["wait=5; foo", "wait=5"],
    ["wait=5, wait=1", "wait=5"],
    [["wait=5", "wait=1"], "wait=5"],
    [["handling=strict", "wait=7", "respond-async"], "wait=7"],
  ];
  for (const [prefer, expected] of waits) {
    test(`§1 Prefer: ${JSON.stringify(prefer)} is ${expected}`, async () => {
      const answer = await lab.act("wide-event", fresh(), ["ok"], { prefer });
      answered(answer);
      assert.equal(applied(answer), expected);
    });
  }

  test("§1 Preference-Applied stands on no replay", async () => {
    const tag = fresh();
    const key = { "idempotency-key": fresh("key") };
    answered(await lab.act("wide-spill", tag, ["ok"], key));
    const replay = await lab.act("wide-spill", tag, ["ok"], { ...key, prefer: "respond-async" });
    answered(replay);
    assert.equal(replay.headers["idempotency-replayed"], "true");
    assert.equal(applied(replay), undefined);
  });

  test("§1 Preference-Applied stands on no refusal", async () => {
    const answer = await client.call("wide-spill", { tag: 7 }, { prefer: "respond-async" });
    refused(answer, 422, "invalid-input");
    assert.equal(applied(answer), undefined);
  });
});
