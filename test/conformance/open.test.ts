// Opening: what a record says of a call once it is accepted.
import assert from "node:assert/strict";
import type { NewCall } from "../../src/core/engine.ts";
import { bornJob } from "../../src/core/transition.ts";
import { promises } from "./promises.ts";
import { keyed, LEASE_MS, leaseOf } from "./world.ts";

promises("open", (promise) => {
  promise(
    "a call opened as queued is a listed job at revision 1, before its first attempt",
    async (world) => {
      const call = world.call({ principal: "ann", operation: "work", maxAttempts: 7 });
      const answer = await world.commit({ kind: "open", call });
      assert.equal(answer.kind, "opened");
      assert.deepEqual("job" in answer && answer.job, {
        id: call.id,
        operation: "work",
        principal: "ann",
        status: "queued",
        revision: 1,
        attempt: 0,
        maxAttempts: 7,
        throttles: 0,
        acceptedAt: world.clock.now(),
        updatedAt: world.clock.now(),
        availableAt: world.clock.now(),
        listed: true,
        cancelRequested: false,
      });
    },
  );

  promise("the record keeps the input, its version and every detail as they were given", async (world) => {
    const details = {
      origin: "socket",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      fairnessKey: "tenant-1",
      orderingKey: "cart-7",
      priority: 3,
      callback: "https://example.com/done",
      deadlineAt: world.clock.now() + 1,
    };
    const input = '{"text":"naïve 😀 \\u0000 \\"quoted\\"","big":1e21,"list":[]}';
    const job = await world.opened({ input, inputVersion: 4, details });
    const record = await world.known(job.id);
    assert.deepEqual(record, { ...job, input, inputVersion: 4, details, attempts: [], effects: [] });
  });

  promise("a delayed call is available that much later", async (world) => {
    const job = await world.opened({ delayMs: 5_000 });
    assert.equal(job.availableAt, world.clock.now() + 5_000);
    assert.equal(job.acceptedAt, world.clock.now());
  });

  promise("a call that runs at once is born running its first attempt, and is no job", async (world) => {
    const call = world.callAtOnce("forget", keyed("k"));
    const answer = await world.commit({ kind: "open", call });
    assert.ok(answer.kind === "opened");
    const { status, attempt, listed, token, leaseUntil, revision } = answer.job;
    assert.deepEqual(
      { status, attempt, listed, token, leaseUntil, revision },
      {
        status: "running",
        attempt: 1,
        listed: false,
        token: call.start.token,
        leaseUntil: world.clock.now() + LEASE_MS,
        revision: 1,
      },
    );
  });

  promise("a call that runs at once and is to be queued if lost is a listed job", async (world) => {
    const answer = await world.commit({ kind: "open", call: world.callAtOnce("queue") });
    assert.ok(answer.kind === "opened");
    assert.equal(answer.job.listed, true);
    assert.equal(answer.job.status, "running");
  });

  promise(
    "a running call at once becomes a job without being cut off, by opening it again",
    async (world) => {
      const call = world.callAtOnce("forget", keyed("k"));
      await world.commit({ kind: "open", call });
      const promoted = { ...call, start: { ...call.start, ifLost: "queue" as const } };
      const answer = await world.commit({ kind: "open", call: promoted });
      assert.ok(answer.kind === "opened");
      assert.deepEqual([answer.job.listed, answer.job.status, answer.job.revision], [true, "running", 2]);
      const { items } = await world.engine.list({ limit: 10 });
      assert.deepEqual(
        items.map(({ id }) => id),
        [call.id],
      );
      const settled = await world.settle(leaseOf(call));
      assert.equal(settled.kind, "applied");
    },
  );

  promise("jobs of one commit are all opened, each answered in its place", async (world) => {
    const calls = Array.from({ length: 200 }, (_, n) => world.call({ input: JSON.stringify({ n }) }));
    const answers = await world.engine.commit(calls.map((call) => ({ kind: "open", call })));
    assert.deepEqual(
      answers.map((answer) => answer.kind === "opened" && answer.job.id),
      calls.map(({ id }) => id),
    );
  });

  promise("a call that differs from its neighbours in one thing keeps that to itself", async (world) => {
    const differences: readonly Partial<NewCall>[] = [
      { operation: "other" },
      { principal: "bob" },
      { input: '{"n":2}' },
      { inputVersion: 2 },
      { delayMs: 1 },
      { maxAttempts: 4 },
      { details: { origin: "socket" } },
      keyed("k"),
      { start: { token: "t", leaseMs: LEASE_MS, ifLost: "queue" } },
    ];
    const calls = differences.flatMap((different) => [world.call(), world.call(), world.call(different)]);
    const purge = { kind: "purge", id: "nothing" } as const;
    const changes = calls.flatMap((call, n) => [
      { kind: "open", call } as const,
      ...(n % 5 === 4 ? [purge] : []),
    ]);
    const answers = await world.engine.commit(changes);
    for (const [place, change] of changes.entries()) {
      const answer = answers[place];
      if (change.kind === "purge") {
        assert.deepEqual(answer, { kind: "unknown" });
        continue;
      }
      const { call } = change;
      const { input, inputVersion, details } = call;
      const job = bornJob(call, world.clock.now());
      assert.deepEqual(answer, { kind: "opened", job });
      const record = { ...job, input, inputVersion, details, attempts: [], effects: [] };
      assert.deepEqual(await world.known(call.id), record);
    }
    assert.equal(answers.length, changes.length);
  });

  promise("an empty commit is answered with nothing", async (world) => {
    assert.deepEqual(await world.engine.commit([]), []);
  });

  promise(
    "an engine says who it is, where it keeps things, and has a secret that cannot be guessed",
    async (world) => {
      const { engine } = world;
      assert.ok(engine.name.length > 0);
      assert.ok(engine.location.length > 0);
      assert.ok(engine.secret.length >= 32);
      assert.equal(engine.lastSequence, 0);
      assert.ok(engine.limits.groupsInFlight >= 1);
    },
  );

  promise("a closed engine refuses to work, and closing it again does nothing", async (world) => {
    const { engine } = world;
    const call = world.call();
    await engine.close();
    await engine.close();
    await assert.rejects(async () => engine.commit([{ kind: "open", call }]));
  });
});
