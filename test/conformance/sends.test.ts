// Sends: jobs that are opened by the very commit that ends the one which sent them.
import assert from "node:assert/strict";
import { promises } from "./promises.ts";
import { DONE, FAILED, keyed, put } from "./world.ts";

promises("sends", (promise) => {
  promise("what a settlement sends is queued with it, and noted on the record", async (world) => {
    const { job, lease } = await world.running();
    const sends = [
      world.call({ operation: "mail", input: '{"to":1}', principal: "ann", details: { origin: job.id } }),
      world.call({ operation: "mail", input: '{"to":2}', delayMs: 100 }),
    ];
    await world.settle(lease, DONE, { writes: [put("a", 1)], sends });
    const [first, ...none] = await world.claim(10, "mail");
    assert.deepEqual(none, []);
    assert.deepEqual([first?.job.id, first?.input, first?.job.attempt], [sends[0]?.id, '{"to":1}', 1]);
    assert.equal((await world.known(first?.job.id ?? "")).details.origin, job.id);
    world.clock.advance(100);
    assert.equal((await world.claim(10, "mail"))[0]?.job.id, sends[1]?.id);
    assert.deepEqual((await world.known(job.id)).effects, [
      { kind: "put", table: "things", key: "a" },
      ...sends.map(({ id, operation }) => ({ kind: "send", operation, id })),
    ]);
  });

  promise("a sent job is listed from its first moment, and its principal is told", async (world) => {
    const { lease } = await world.running();
    const { next } = await world.engine.changes("ann", undefined, 100);
    const sent = world.call({ operation: "mail" });
    await world.settle(lease, DONE, { sends: [sent] });
    const { items } = await world.engine.list({ operation: "mail", limit: 10 });
    assert.deepEqual([items[0]?.id, items[0]?.status, items[0]?.revision], [sent.id, "queued", 1]);
    const { jobs } = await world.engine.changes("ann", next, 100);
    assert.ok(jobs.some(({ job }) => job.id === sent.id));
  });

  promise("a stale or conflicting settlement sends nothing", async (world) => {
    const { lease } = await world.running();
    const sends = [world.call({ operation: "mail" })];
    await world.settle({ ...lease, token: world.token() }, DONE, { sends });
    await world.settle(lease, DONE, { sends, reads: [{ table: "things", key: "a", version: 7 }] });
    assert.deepEqual(await world.claim(10, "mail"), []);
    await world.settle(lease, FAILED);
    assert.deepEqual(await world.claim(10, "mail"), []);
  });

  promise("a settlement that is repeated sends nothing twice", async (world) => {
    const { lease } = await world.running();
    const sends = [world.call({ operation: "mail" })];
    await world.settle(lease, DONE, { sends });
    await world.settle(lease, DONE, { sends });
    assert.equal((await world.claim(10, "mail")).length, 1);
  });

  promise("a send under a key that is taken leaves that job as it is", async (world) => {
    const first = await world.opened({ operation: "mail", ...keyed("k") });
    const { lease } = await world.running();
    const sends = [
      world.call({ operation: "mail", ...keyed("k") }),
      world.call({ operation: "mail", ...keyed("k", "other") }),
    ];
    assert.equal((await world.settle(lease, DONE, { sends })).kind, "applied");
    const record = await world.known(first.id);
    assert.equal(record.revision, 1);
    assert.equal((await world.claim(10, "mail")).length, 1);
  });

  promise("a chain of sends runs to its end", async (world) => {
    await world.opened({ operation: "step" });
    for (let step = 1; step <= 20; step++) {
      const [claim] = await world.claim(1, "step");
      assert.ok(claim, `step ${step} is there`);
      await world.settle(claim.lease, DONE, step < 20 ? { sends: [world.call({ operation: "step" })] } : {});
    }
    assert.deepEqual(await world.claim(1, "step"), []);
    assert.equal(
      (await world.engine.list({ status: "succeeded", operation: "step", limit: 100 })).items.length,
      20,
    );
  });
});
