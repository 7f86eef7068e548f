// Settlements: what each verdict makes of a job, and that only the holder of the lease may give one.
import assert from "node:assert/strict";
import { problem } from "../../src/core/errors.ts";
import { promises } from "./promises.ts";
import { applied, DONE, FAILED, LEASE_MS, put } from "./world.ts";

promises("settle and fence", (promise) => {
  promise("a success is final, with its output", async (world) => {
    const { job, lease } = await world.running();
    world.clock.advance(7);
    const settled = applied(await world.settle(lease, { kind: "succeeded", output: '{"x":[1]}' }));
    assert.deepEqual(
      [
        settled.status,
        settled.output,
        settled.revision,
        settled.attempt,
        settled.updatedAt,
        settled.leaseUntil,
      ],
      ["succeeded", '{"x":[1]}', job.revision + 1, 1, world.clock.now(), undefined],
    );
    assert.equal((await world.known(job.id)).output, '{"x":[1]}');
    assert.deepEqual(await world.claim(), []);
  });

  promise("a failure is final, with its problem and its code", async (world) => {
    const { job, lease } = await world.running();
    const error = problem("handler-failed", "It broke.", { pointer: "/a", list: [1] });
    await world.settle(lease, { kind: "failed", error });
    const record = await world.known(job.id);
    assert.deepEqual(
      [record.status, record.errorCode, record.output],
      ["failed", "handler-failed", undefined],
    );
    assert.deepEqual(JSON.parse(record.error ?? ""), error);
    assert.deepEqual(await world.claim(), []);
  });

  promise("attempts are kept one after another, as they were told", async (world) => {
    const { job, lease } = await world.running();
    const first = { number: 1, startedAt: 10, endedAt: 20, node: "a", error: { code: "x", detail: "why" } };
    await world.settle(
      lease,
      { kind: "queued", delayMs: 0, error: problem("handler-failed"), spent: true },
      { attempt: first },
    );
    const [again] = await world.claim();
    assert.ok(again);
    assert.deepEqual((await world.known(job.id)).attempts, [first]);
    const second = { number: 2, startedAt: 30, endedAt: 40, node: "b" };
    await world.settle(again.lease, DONE, { attempt: second });
    assert.deepEqual((await world.known(job.id)).attempts, [first, second]);
  });

  promise("a settlement with another token is stale, and nothing of it is applied", async (world) => {
    const { job, lease } = await world.running();
    const before = await world.known(job.id);
    const answer = await world.settle({ id: lease.id, token: world.token() }, DONE, {
      writes: [put("a", 1)],
      sends: [world.call({ operation: "sent" })],
      attempt: { number: 1, startedAt: 1, endedAt: 2, node: "a" },
    });
    assert.deepEqual(answer, { kind: "stale" });
    assert.deepEqual(await world.known(job.id), before);
    assert.equal(await world.value("things", "a"), undefined);
    assert.deepEqual(await world.claim(1, "sent"), []);
  });

  promise("the token of an earlier attempt no longer settles anything", async (world) => {
    const { lease } = await world.running();
    await world.settle(lease, { kind: "released", delayMs: 0 });
    const [again] = await world.claim();
    assert.ok(again);
    assert.deepEqual(await world.settle(lease, DONE, { writes: [put("a", 1)] }), { kind: "stale" });
    assert.equal(await world.value("things", "a"), undefined);
    assert.equal((await world.settle(again.lease)).kind, "applied");
  });

  promise("after a redrive, the token that settled the job before is no longer good", async (world) => {
    const { lease, job } = await world.running();
    await world.settle(lease, FAILED);
    await world.commit({ kind: "redrive", id: job.id, delayMs: 0 });
    assert.deepEqual(await world.settle(lease, DONE), { kind: "stale" });
    const [again] = await world.claim();
    assert.ok(again);
    assert.deepEqual(await world.settle(lease, DONE), { kind: "stale" });
    assert.notEqual(again.lease.token, lease.token);
  });

  promise("a settlement of a job that nobody knows is stale", async (world) => {
    assert.deepEqual(await world.settle({ id: world.call().id, token: world.token() }), { kind: "stale" });
  });

  promise(
    "of two settlements for one lease in one commit, the first is applied and the second changes nothing",
    async (world) => {
      const { job, lease } = await world.running();
      const settle = (output: string, value: number) =>
        ({
          kind: "settle",
          settlement: world.settlement(lease, { kind: "succeeded", output }, { writes: [put("a", value)] }),
        }) as const;
      await world.engine.commit([settle("1", 1), settle("2", 2)]);
      assert.equal((await world.known(job.id)).output, "1");
      assert.equal(await world.value("things", "a"), 1);
    },
  );

  promise("a job may be settled after its lease ran out, as long as nobody took it back", async (world) => {
    const { job, lease } = await world.running();
    world.clock.advance(10 * LEASE_MS);
    assert.equal((await world.settle(lease)).kind, "applied");
    assert.equal((await world.known(job.id)).status, "succeeded");
    assert.deepEqual((await world.engine.sweep(10)).rescued, []);
  });

  promise("a claim may be settled in the commit that follows another of the same job", async (world) => {
    const { lease } = await world.running();
    const token = world.token();
    const [released, claimed] = await world.engine.commit([
      { kind: "settle", settlement: world.settlement(lease, { kind: "released", delayMs: 0 }) },
      { kind: "claim", queues: [{ operation: "work", limit: 1 }], token, leaseMs: LEASE_MS },
    ]);
    assert.equal(released?.kind, "applied");
    assert.ok(claimed?.kind === "claimed" && claimed.claims[0]);
    assert.equal(claimed.claims[0].job.attempt, 1);
    assert.equal((await world.settle(claimed.claims[0].lease)).kind, "applied");
  });

  promise("payloads come back to the byte, whatever text they are", async (world) => {
    const output = JSON.stringify({
      text: "\u2028 \u0000 😀 ñ \"'; DROP TABLE jobs; --",
      deep: [[[{}]]],
      n: -0.5e-7,
    });
    const { job, lease } = await world.running({ input: output });
    await world.settle(
      lease,
      { kind: "succeeded", output },
      { writes: [{ kind: "put", table: "things", key: "'☃\n", value: output }] },
    );
    const record = await world.known(job.id);
    assert.deepEqual([record.input, record.output], [output, output]);
    const [item] = await world.engine.read([{ table: "things", key: "'☃\n" }]);
    assert.equal(item?.value, output);
  });
});
