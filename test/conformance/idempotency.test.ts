// Idempotency keys: one key, one record, whoever comes first.
import assert from "node:assert/strict";
import { ADMIN } from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import { promises } from "./promises.ts";
import { DAY_MS, DONE, HOUR_MS, keyed, LEASE_MS, leaseOf } from "./world.ts";

promises("idempotency", (promise) => {
  promise(
    "the same key with the same input finds the job that is there, and makes no second",
    async (world) => {
      const first = await world.opened(keyed("k"));
      const again = await world.commit({ kind: "open", call: world.call(keyed("k")) });
      assert.deepEqual(again, { kind: "existing", job: first });
      assert.equal((await world.engine.list({ limit: 10 })).items.length, 1);
    },
  );

  promise("the same key with another input is a mismatch, and alters nothing", async (world) => {
    const first = await world.opened(keyed("k", "one"));
    const other = await world.commit({
      kind: "open",
      call: world.call({ ...keyed("k", "two"), input: "2" }),
    });
    assert.deepEqual(other, { kind: "mismatch", job: first });
    assert.equal((await world.known(first.id)).input, '{"n":1}');
  });

  promise("two calls with one key in one commit make one job", async (world) => {
    const answers = await world.engine.commit([
      { kind: "open", call: world.call(keyed("k")) },
      { kind: "open", call: world.call(keyed("k")) },
      { kind: "open", call: world.call(keyed("k", "another")) },
    ]);
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      ["opened", "existing", "mismatch"],
    );
  });

  promise("a call that runs at once holds its key: another with it finds it running", async (world) => {
    const first = world.callAtOnce("forget", keyed("k"));
    await world.commit({ kind: "open", call: first });
    const second = await world.commit({ kind: "open", call: world.callAtOnce("forget", keyed("k")) });
    assert.ok(second.kind === "existing");
    assert.equal(second.job.token, first.start.token);
  });

  promise("a call that ran at once under a key is found again with its output", async (world) => {
    const call = world.callAtOnce("forget", keyed("k"));
    await world.commit({ kind: "open", call });
    await world.settle(leaseOf(call), { kind: "succeeded", output: '{"a":1}' });
    const [record] = await world.engine.find([{ id: call.id, principal: "ann" }]);
    assert.deepEqual([record?.status, record?.output, record?.listed], ["succeeded", '{"a":1}', false]);
    const again = await world.commit({ kind: "open", call: world.callAtOnce("forget", keyed("k")) });
    assert.ok(again.kind === "existing");
    assert.equal(again.job.output, '{"a":1}');
  });

  promise("a permanent problem of a call at once is kept under its key", async (world) => {
    const call = world.callAtOnce("forget", keyed("k"));
    await world.commit({ kind: "open", call });
    const error = problem("condition-failed", "It was there.");
    await world.settle(leaseOf(call), { kind: "failed", error });
    const again = await world.commit({ kind: "open", call: world.callAtOnce("forget", keyed("k")) });
    assert.ok(again.kind === "existing");
    assert.equal(again.job.status, "failed");
    assert.deepEqual(JSON.parse(again.job.error ?? ""), error);
  });

  promise("a call at once that is forgotten frees its key", async (world) => {
    const call = world.callAtOnce("forget", keyed("k"));
    await world.commit({ kind: "open", call });
    assert.deepEqual(await world.settle(leaseOf(call), { kind: "forgotten" }), { kind: "applied" });
    assert.equal(await world.record(call.id), undefined);
    const again = await world.commit({ kind: "open", call: world.callAtOnce("forget", keyed("k", "other")) });
    assert.equal(again.kind, "opened");
  });

  promise(
    "a call at once whose lease ran out was lost: its key is free, and its late end is stale",
    async (world) => {
      const lost = world.callAtOnce("forget", { ...keyed("k"), input: "1" });
      await world.commit({ kind: "open", call: lost });
      world.clock.advance(LEASE_MS);
      const call = world.callAtOnce("forget", { ...keyed("k"), input: "2" });
      const again = await world.commit({ kind: "open", call });
      assert.ok(again.kind === "opened");
      assert.equal(again.job.token, call.start.token);
      assert.equal((await world.known(call.id)).input, "2");
      assert.deepEqual(await world.settle(leaseOf(lost)), { kind: "stale" });
      assert.equal((await world.settle(leaseOf(call))).kind, "applied");
    },
  );

  promise("a call at once never shows in lists, changes or figures, even when it is kept", async (world) => {
    for (const verdict of [DONE, { kind: "failed", error: problem("invalid-input") } as const]) {
      const call = world.callAtOnce("forget", keyed(verdict.kind));
      await world.commit({ kind: "open", call });
      await assertHidden();
      await world.settle(leaseOf(call), verdict);
      await assertHidden();
    }
    async function assertHidden() {
      const { engine } = world;
      assert.deepEqual(await engine.list({ limit: 10 }), { items: [], next: null });
      assert.deepEqual((await engine.changes("ann", undefined, 10)).jobs, []);
      assert.deepEqual(await engine.figures(), []);
      assert.deepEqual(await engine.deadLetters(), []);
    }
  });

  promise("a call at once cannot be cancelled, redriven or purged", async (world) => {
    const call = world.callAtOnce("forget", keyed("k"));
    await world.commit({ kind: "open", call });
    const { id } = call;
    await assertUnknown();
    await world.settle(leaseOf(call), { kind: "failed", error: problem("invalid-input") });
    await assertUnknown();
    assert.equal((await world.known(id)).status, "failed");
    async function assertUnknown() {
      const answers = await world.engine.commit([
        { kind: "cancel", ref: { id, principal: "ann" } },
        { kind: "redrive", id, delayMs: 0 },
        { kind: "purge", id },
      ]);
      assert.deepEqual(answers, [{ kind: "unknown" }, { kind: "unknown" }, { kind: "unknown" }]);
    }
  });

  promise("a spilled call at once becomes a queued job under the same key", async (world) => {
    const call = world.callAtOnce("forget", keyed("k"));
    await world.commit({ kind: "open", call });
    const error = problem("saturated");
    const answer = await world.settle(leaseOf(call), { kind: "queued", delayMs: 10, error, spent: false });
    assert.ok(answer.kind === "applied");
    assert.deepEqual([answer.job?.status, answer.job?.listed, answer.job?.attempt], ["queued", true, 0]);
    world.clock.advance(10);
    const [claim] = await world.claim();
    assert.equal(claim?.job.id, call.id);
    assert.equal((await world.engine.list({ limit: 10 })).items.length, 1);
  });

  promise("a call at once that was never opened is recorded by its settlement", async (world) => {
    const born = world.callAtOnce("forget", { input: '{"n":9}', details: { origin: "batch" } });
    const error = problem("handler-failed");
    const verdict = { kind: "queued", delayMs: 0, error, spent: true } as const;
    const attempt = { number: 1, startedAt: 1, endedAt: 2, node: "a", error: { code: "handler-failed" } };
    const settlement = { ...world.settlement(leaseOf(born), verdict, { attempt }), born };
    const answer = await world.commit({ kind: "settle", settlement });
    assert.ok(answer.kind === "applied");
    const record = await world.known(born.id);
    assert.deepEqual(
      [
        record.status,
        record.listed,
        record.attempt,
        record.revision,
        record.input,
        record.details,
        record.attempts,
      ],
      ["queued", true, 1, 1, '{"n":9}', { origin: "batch" }, [attempt]],
    );
    assert.equal((await world.claim())[0]?.job.attempt, 2);
  });

  promise("a call at once without a key leaves only its effects behind", async (world) => {
    const answer = await world.write([{ kind: "put", table: "things", key: "a", value: "1" }]);
    assert.deepEqual(answer, { kind: "applied" });
    assert.equal(await world.value("things", "a"), 1);
    assert.deepEqual((await world.engine.list({ limit: 10 })).items, []);
  });

  promise(
    "another principal finds nothing under an id that is not its own, the admin everything",
    async (world) => {
      const job = await world.opened({ principal: "ann", ...keyed("k") });
      const minted = await world.opened({ principal: "ann" });
      const found = await world.engine.find([
        { id: job.id, principal: "bob" },
        { id: job.id, principal: "ann" },
        { id: minted.id, principal: "" },
        { id: minted.id, principal: ADMIN },
        { id: "nobody", principal: ADMIN },
      ]);
      assert.deepEqual(
        found.map((record) => record?.id),
        [undefined, job.id, undefined, minted.id, undefined],
      );
    },
  );

  promise("a keyed record outlives 24 hours, however short the others are kept", async (world) => {
    const call = world.callAtOnce("forget", keyed("k"));
    await world.commit({ kind: "open", call });
    await world.settle(leaseOf(call));
    world.clock.advance(DAY_MS - 1);
    await world.engine.sweep(100);
    assert.ok(await world.record(call.id));
    world.clock.advance(HOUR_MS);
    await world.engine.sweep(100);
    assert.equal(await world.record(call.id), undefined);
  });
});
