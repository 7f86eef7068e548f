// docs/wire.md §2: DELETE /receipts/{id} in each state.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import {
  accepted,
  answered,
  finalReceipt,
  judgeReceipt,
  type Receipt,
  receiptOf,
  refused,
} from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";

const lab = await Lab.start();
const { client } = lab;
after(() => lab.stop());

const cancelled = (receipt: Receipt) => assert.equal(judgeReceipt(receipt).status, "cancelled");

suite("§2 cancelling", () => {
  test("§2 a queued job answers 200, is cancelled, and never runs", async () => {
    const tag = fresh();
    const busy = await lab.occupy("one");
    const { id, revision } = accepted(await lab.act("one-event", tag, ["ok"]));
    const receipt = answered<Receipt>(await client.cancel(id));
    cancelled(receipt);
    assert.ok(receipt.revision > revision);
    await busy.release();
    const next = accepted(await lab.act("one-event", fresh(), ["ok"]));
    await finalReceipt(client, next.id);
    assert.deepEqual(await lab.runs(tag), []);
    cancelled(await receiptOf(client, id));
  });

  test("§2 a job that waits for its retry answers 200 and never runs again", async () => {
    const tag = fresh();
    const { id } = accepted(await lab.act("wide-spill", tag, ["later", "ok"]));
    cancelled(answered<Receipt>(await client.cancel(id)));
    assert.equal((await lab.runs(tag)).length, 1);
  });

  test("§2 a job that is cancelled already answers 200 with the same receipt", async () => {
    const { id } = accepted(await lab.act("wide-spill", fresh(), ["later"]));
    const first = await client.cancel(id);
    const again = await client.cancel(id);
    cancelled(answered<Receipt>(again));
    assert.equal(again.text, first.text);
  });

  test("§2 a running job answers 202, its signal fires, and it ends cancelled without a retry", async () => {
    const tag = fresh();
    const { id } = accepted(await lab.act("wide-event", tag, ["hold"]));
    await lab.atWork(tag);
    const answer = await client.cancel(id);
    assert.equal(answer.status, 202);
    assert.equal(judgeReceipt(answer.as<Receipt>()).id, id);
    cancelled(await finalReceipt(client, id));
    const runs = await lab.ended(tag);
    assert.deepEqual([runs.length, runs[0]?.aborted], [1, true]);
  });

  test("§2 a running job that succeeds all the same is succeeded", async () => {
    const tag = fresh();
    const { id } = accepted(await lab.act("wide-event", tag, ["deaf"]));
    await lab.atWork(tag);
    assert.equal((await client.cancel(id)).status, 202);
    await lab.release(tag);
    const final = await finalReceipt(client, id);
    assert.equal(final.status, "succeeded");
    assert.equal((await lab.runs(tag))[0]?.aborted, true);
  });

  test("§2 a job that succeeded or failed answers 409 already-final and stays as it is", async () => {
    for (const [step, status] of [
      ["ok", "succeeded"],
      ["problem", "failed"],
    ] as const) {
      const { id } = accepted(await lab.act("wide-event", fresh(), [step]));
      const before = await finalReceipt(client, id);
      assert.equal(before.status, status);
      refused(await client.cancel(id), 409, "already-final");
      assert.deepEqual(await receiptOf(client, id), before);
    }
  });
});
