// Cancelling: at once where it waits, by asking where it runs, too late where it ended.
import assert from "node:assert/strict";
import { ADMIN, type Verdict } from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import { promises } from "./promises.ts";
import { applied, DONE, FAILED, LEASE_MS, type World } from "./world.ts";

const cancel = (world: World, id: string, principal: string | typeof ADMIN = "ann") =>
  world.commit({ kind: "cancel", ref: { id, principal } });

promises("cancel", (promise) => {
  promise("a queued job is cancelled for good, and never runs", async (world) => {
    const { id } = await world.opened();
    const answer = await cancel(world, id);
    assert.ok(answer.kind === "cancelled");
    assert.deepEqual([answer.job.status, answer.job.revision], ["cancelled", 2]);
    assert.deepEqual(await world.claim(), []);
    assert.equal((await world.known(id)).status, "cancelled");
  });

  promise("cancelling again answers the same and changes nothing", async (world) => {
    const { id } = await world.opened();
    assert.deepEqual(await cancel(world, id), await cancel(world, id));
    const { job } = await world.running();
    assert.deepEqual(await cancel(world, job.id), await cancel(world, job.id));
  });

  promise("a running job is asked to stop, and its next heartbeat says so", async (world) => {
    const { job, lease } = await world.running();
    const before = await world.commit({ kind: "extend", lease, leaseMs: LEASE_MS });
    assert.ok(before.kind === "held" && !before.cancelRequested);
    const answer = await cancel(world, job.id);
    assert.ok(answer.kind === "requested");
    assert.deepEqual(
      [answer.job.status, answer.job.cancelRequested, answer.job.revision],
      ["running", true, job.revision + 1],
    );
    const after = await world.commit({ kind: "extend", lease, leaseMs: LEASE_MS });
    assert.ok(after.kind === "held" && after.cancelRequested);
  });

  promise("a job that was asked to stop and succeeds all the same is succeeded", async (world) => {
    const { job, lease } = await world.running();
    await cancel(world, job.id);
    const settled = applied(await world.settle(lease, DONE));
    assert.deepEqual([settled.status, settled.cancelRequested], ["succeeded", false]);
  });

  const ends: readonly Verdict[] = [
    FAILED,
    { kind: "queued", delayMs: 0, error: problem("handler-failed"), spent: true },
    { kind: "queued", delayMs: 0, error: problem("saturated"), spent: false },
    { kind: "released", delayMs: 0 },
    { kind: "cancelled" },
  ];
  for (const verdict of ends) {
    const how = verdict.kind === "queued" ? (verdict.spent ? "retried" : "throttled") : verdict.kind;
    promise(`a job that was asked to stop and would be ${how} is cancelled`, async (world) => {
      const { job, lease } = await world.running();
      await cancel(world, job.id);
      assert.equal(applied(await world.settle(lease, verdict)).status, "cancelled");
      assert.deepEqual(await world.claim(), []);
    });
  }

  promise("a job that was asked to stop and is lost is cancelled, not run again", async (world) => {
    const { job } = await world.running();
    await cancel(world, job.id);
    world.clock.advance(LEASE_MS);
    const { rescued } = await world.engine.sweep(10);
    assert.deepEqual(
      rescued.map(({ id, status }) => [id, status]),
      [[job.id, "cancelled"]],
    );
  });

  promise("what succeeded or failed cannot be cancelled any more", async (world) => {
    const { job, lease } = await world.running();
    const done = applied(await world.settle(lease));
    assert.deepEqual(await cancel(world, job.id), { kind: "final", job: done });
    const failed = await world.failed();
    assert.deepEqual(await cancel(world, failed.id), { kind: "final", job: failed });
  });

  promise("another principal's job cannot be told from none; the admin may cancel any", async (world) => {
    const { id } = await world.opened();
    assert.deepEqual(await cancel(world, id, "bob"), { kind: "unknown" });
    assert.deepEqual(await cancel(world, "nothing"), { kind: "unknown" });
    assert.equal((await world.known(id)).status, "queued");
    assert.equal((await cancel(world, id, ADMIN)).kind, "cancelled");
  });

  promise("a job that waits for its retry is cancelled at once", async (world) => {
    const { job, lease } = await world.running();
    await world.settle(lease, { kind: "released", delayMs: 100 });
    assert.equal((await cancel(world, job.id)).kind, "cancelled");
    world.clock.advance(100);
    assert.deepEqual(await world.claim(), []);
  });
});
