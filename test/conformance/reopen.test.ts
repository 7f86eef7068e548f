// Reopening: an engine that survives its process finds everything that was committed, and takes back what was running.
import assert from "node:assert/strict";
import { promises } from "./promises.ts";
import { DAY_MS, DONE, keyed, LEASE_MS, leaseOf, put, type World } from "./world.ts";

promises(
  "reopen",
  (promise) => {
    promise("everything that waits or has ended is still there, to the last member", async (world) => {
      const { lease } = await world.running({ input: '{"😀":"\\u0000"}' });
      const attempt = { number: 1, startedAt: 1, endedAt: 2, node: "a" };
      await world.settle(lease, DONE, {
        attempt,
        writes: [put("a", 1)],
        sends: [world.call({ operation: "sent" })],
      });
      await world.failed();
      await world.opened({ delayMs: 5_000, ...keyed("k") });
      const cancelled = await world.opened({ delayMs: 5_000 });
      await world.commit({ kind: "cancel", ref: { id: cancelled.id, principal: "ann" } });
      const before = await snapshot(world);
      assert.equal(before.list.items.length, 5);
      await world.reopen();
      assert.deepEqual(await snapshot(world), before);
    });

    promise("the secret is kept, and the last sequence known", async (world) => {
      const { secret } = world.engine;
      const calls = [world.call(), world.callAtOnce("forget", keyed("k")), world.call({ delayMs: 9 })];
      await world.engine.commit(calls.map((call) => ({ kind: "open", call })));
      await world.reopen();
      assert.equal(world.engine.secret, secret);
      const highest = Math.max(
        ...calls.filter((call) => call.start === "queued").map(({ sequence }) => sequence),
      );
      assert.ok(world.engine.lastSequence >= highest);
    });

    promise("keys are remembered, of jobs and of calls at once that were answered", async (world) => {
      const job = await world.opened(keyed("job"));
      const call = world.callAtOnce("forget", keyed("call"));
      await world.commit({ kind: "open", call });
      await world.settle(leaseOf(call), { kind: "succeeded", output: "7" });
      await world.reopen();
      const answers = await world.engine.commit([
        { kind: "open", call: world.call(keyed("job")) },
        { kind: "open", call: world.callAtOnce("forget", keyed("call")) },
        { kind: "open", call: world.call(keyed("job", "other")) },
      ]);
      assert.deepEqual(
        answers.map((answer) => [answer.kind, "job" in answer && answer.job?.id]),
        [
          ["existing", job.id],
          ["existing", call.id],
          ["mismatch", job.id],
        ],
      );
    });

    promise("a settlement that was applied before is known when it is sent again after", async (world) => {
      const { lease } = await world.running();
      const effects = { writes: [{ kind: "add", table: "things", key: "n", fields: { n: 1 } } as const] };
      const first = await world.settle(lease, DONE, effects);
      await world.reopen();
      assert.deepEqual(await world.settle(lease, DONE, effects), first);
      assert.deepEqual(await world.value("things", "n"), { n: 1 });
    });

    promise("versions go on growing, also of what was deleted before", async (world) => {
      await world.write([put("a", 1), put("b", 1)]);
      const versions = [await world.version("things", "a"), await world.version("things", "b")];
      await world.write([
        { kind: "delete", table: "things", key: "a" },
        { kind: "delete", table: "things", key: "b" },
      ]);
      await world.reopen();
      await world.write([put("a", 1)]);
      assert.ok((await world.version("things", "a")) > Math.max(...versions));
    });

    promise("opening again and again changes nothing further", async (world) => {
      await world.running();
      await world.opened({ delayMs: LEASE_MS });
      await world.reopen();
      const before = await snapshot(world);
      await world.reopen();
      await world.reopen();
      assert.deepEqual(await snapshot(world), before);
    });
  },
  "survival",
);

promises(
  "reopen alone",
  (promise) => {
    promise(
      "what was running was lost, whatever its lease says: queued again, its attempt counted",
      async (world) => {
        const { job, lease } = await world.running();
        await world.commit({ kind: "extend", lease, leaseMs: 10 * DAY_MS });
        await world.reopen();
        const record = await world.known(job.id);
        assert.deepEqual([record.status, record.attempt, record.revision], ["queued", 1, job.revision + 1]);
        assert.equal(JSON.parse(record.error ?? "").code, "handler-failed");
        assert.deepEqual(
          record.attempts.map(({ number, error }) => [number, error?.code]),
          [[1, "handler-failed"]],
        );
        assert.deepEqual(await world.settle(lease), { kind: "stale" });
        world.clock.advance(500);
        assert.equal((await world.claim())[0]?.job.attempt, 2);
      },
    );

    promise(
      "a job that was running each time its process died ends failed after its last attempt",
      async (world) => {
        const { id } = await world.opened({ maxAttempts: 3 });
        for (let attempt = 1; attempt <= 3; attempt++) {
          const [claim] = await world.claim();
          assert.equal(claim?.job.attempt, attempt);
          await world.reopen();
          world.clock.advance(60_000);
        }
        const record = await world.known(id);
        assert.deepEqual(
          [record.status, record.attempts.length, record.errorCode],
          ["failed", 3, "handler-failed"],
        );
        assert.deepEqual(await world.claim(), []);
      },
    );

    promise("a job that was asked to stop when its process died is cancelled", async (world) => {
      const { job } = await world.running();
      await world.commit({ kind: "cancel", ref: { id: job.id, principal: "ann" } });
      await world.reopen();
      assert.equal((await world.known(job.id)).status, "cancelled");
    });

    promise(
      "a call at once that was running is forgotten, its key free; one that was to be queued is queued",
      async (world) => {
        const forgotten = world.callAtOnce("forget", keyed("k"));
        const queued = world.callAtOnce("queue");
        await world.engine.commit([
          { kind: "open", call: forgotten },
          { kind: "open", call: queued },
        ]);
        await world.reopen();
        assert.equal(await world.record(forgotten.id), undefined);
        assert.equal((await world.known(queued.id)).status, "queued");
        assert.deepEqual(await world.settle(leaseOf(forgotten)), { kind: "stale" });
        const again = await world.commit({
          kind: "open",
          call: world.callAtOnce("forget", keyed("k", "other")),
        });
        assert.equal(again.kind, "opened");
      },
    );

    promise("cursors lead on from where they stood, and what opening took back is told", async (world) => {
      for (let n = 0; n < 3; n++) await world.opened({ delayMs: 1 });
      const { job } = await world.running({ operation: "other" });
      const page = await world.engine.list({ limit: 2 });
      const { next } = await world.engine.changes("ann", undefined, 10);
      await world.reopen();
      assert.ok(page.next !== null);
      const rest = await world.engine.list({ limit: 10, cursor: page.next });
      assert.equal(rest.items.length, 2);
      const { jobs } = await world.engine.changes("ann", next, 10);
      assert.deepEqual(
        jobs.map((one) => [one.job.id, one.job.status]),
        [[job.id, "queued"]],
      );
    });

    promise("retention goes on: what was to be pruned is, what was rescued is not", async (world) => {
      await world.settle((await world.running()).lease);
      const { job } = await world.running();
      await world.reopen();
      world.clock.advance(DAY_MS);
      assert.equal((await world.engine.sweep(10)).pruned, 1);
      assert.equal((await world.known(job.id)).status, "queued");
    });
  },
  "survival alone",
);

promises(
  "reopen beside others",
  (promise) => {
    promise("what runs when an engine opens is left to whoever holds its lease", async (world) => {
      const { job, lease } = await world.running();
      const before = await world.known(job.id);
      await world.reopen();
      assert.deepEqual(await world.known(job.id), before);
      assert.deepEqual(await world.engine.sweep(10), { rescued: [], pruned: 0 });
      assert.equal((await world.commit({ kind: "extend", lease, leaseMs: LEASE_MS })).kind, "held");
      assert.equal((await world.settle(lease)).kind, "applied");
    });

    promise("a job of a process that died is taken back when its lease is over", async (world) => {
      const { id } = await world.opened({ maxAttempts: 2 });
      for (let attempt = 1; attempt <= 2; attempt++) {
        const [claim] = await world.claim();
        assert.equal(claim?.job.attempt, attempt);
        await world.reopen();
        world.clock.advance(LEASE_MS);
        const { rescued } = await world.engine.sweep(10);
        assert.deepEqual(
          rescued.map((job) => [job.id, job.status]),
          [[id, attempt < 2 ? "queued" : "failed"]],
        );
        world.clock.advance(60_000);
      }
      const record = await world.known(id);
      assert.deepEqual([record.attempts.length, record.errorCode], [2, "handler-failed"]);
      assert.deepEqual(await world.claim(), []);
    });

    promise("a call at once holds its key until its lease is over, whichever process asks", async (world) => {
      const call = world.callAtOnce("forget", keyed("k"));
      await world.commit({ kind: "open", call });
      await world.reopen();
      const again = () =>
        world.commit({ kind: "open", call: world.callAtOnce("forget", keyed("k", "other")) });
      assert.equal((await again()).kind, "mismatch");
      world.clock.advance(LEASE_MS);
      assert.equal((await again()).kind, "opened");
    });

    promise(
      "what was claimed is not claimed again, and its place in the list and its cursors stay",
      async (world) => {
        for (let n = 0; n < 3; n++) await world.opened({ delayMs: 1 });
        await world.running({ operation: "other" });
        const page = await world.engine.list({ limit: 2 });
        const { next } = await world.engine.changes("ann", undefined, 10);
        await world.reopen();
        assert.ok(page.next !== null);
        assert.equal((await world.engine.list({ limit: 10, cursor: page.next })).items.length, 2);
        // It may tell again what lies close before, as that of another process may have come late.
        const told = (await world.engine.changes("ann", next, 10)).jobs.map((one) => one.job.revision);
        assert.ok(told.every((revision) => revision <= 2));
        assert.deepEqual(await world.claim(1, "other"), []);
      },
    );
  },
  "survival beside others",
);

async function snapshot(world: World) {
  const { engine } = world;
  return {
    list: await engine.list({ limit: 100 }),
    changes: await engine.changes("ann", undefined, 100),
    deadLetters: await engine.deadLetters(),
    figures: await engine.figures(),
    items: await engine.scan("things", "", 100),
    settings: await engine.settings(),
    audit: await engine.audit(100),
  };
}
