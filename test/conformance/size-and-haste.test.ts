// Size and haste: the largest things that the limits allow, and questions that are asked while a commit is under way.
import assert from "node:assert/strict";
import { ADMIN, type Change } from "../../src/core/engine.ts";
import type { ItemWrite } from "../../src/core/table.ts";
import { promises } from "./promises.ts";
import { DONE, LEASE_MS, put, type World } from "./world.ts";

promises("size and haste", (promise) => {
  promise("an input, an output and an item of the largest size come back whole", async (world) => {
    const { inputBytes, outputBytes, itemBytes } = world.engine.limits;
    const input = text(inputBytes, "é");
    const { job, lease } = await world.running({ input });
    const value = text(itemBytes, "a");
    const output = text(outputBytes, "😀");
    const writes: ItemWrite[] = [{ kind: "put", table: "things", key: "large", value }];
    await world.settle(lease, { kind: "succeeded", output }, { writes });
    const record = await world.known(job.id);
    assert.ok(record.input === input && record.output === output);
    assert.ok((await world.engine.read([{ table: "things", key: "large" }]))[0]?.value === value);
  });

  promise("as many effects as the limit allows are applied with one outcome", async (world) => {
    const { effects } = world.engine.limits;
    const { job, lease } = await world.running();
    const half = Math.floor(effects / 2);
    const writes = Array.from({ length: half }, (_, n) => put(`k${n}`, n));
    const sends = Array.from({ length: effects - half }, () => world.call({ operation: "sent" }));
    assert.equal((await world.settle(lease, DONE, { writes, sends })).kind, "applied");
    assert.equal((await world.known(job.id)).effects.length, effects);
    assert.equal((await world.engine.scan("things", "", effects)).length, half);
    assert.equal((await world.claim(effects, "sent")).length, effects - half);
  });

  promise("a commit of a thousand changes is answered each in its place", async (world) => {
    const calls = Array.from({ length: 1_000 }, (_, n) => world.call({ operation: `op-${n % 5}` }));
    const opened = await world.engine.commit(calls.map((call) => ({ kind: "open", call })));
    assert.deepEqual(
      opened.map((answer) => answer.kind === "opened" && answer.job.id),
      calls.map(({ id }) => id),
    );
    const claims = await claimAll(world, 200);
    const settles = claims.map(({ lease }, n): Change => {
      const writes = [
        put(`k${n % 10}`, n),
        { kind: "add", table: "sums", key: "all", fields: { n: 1 } } as const,
      ];
      return { kind: "settle", settlement: world.settlement(lease, DONE, { writes }) };
    });
    const settled = await world.engine.commit(settles);
    assert.ok(settled.every(({ kind }) => kind === "applied"));
    assert.deepEqual(await world.value("sums", "all"), { n: 1_000 });
  });

  promise(
    "whoever sees an outcome while its commit is under way sees what came with it too",
    async (world) => {
      for (let round = 0; round < 20; round++) {
        const { job, lease } = await world.running();
        const sent = world.call({ operation: "sent" });
        const settlement = world.settlement(lease, DONE, { sends: [sent], writes: [put("k", round)] });
        let committed = false;
        const commit = world.engine.commit([{ kind: "settle", settlement }]).then(() => (committed = true));
        while (!committed) {
          await turn();
          const [outcome] = await world.engine.find([{ id: job.id, principal: ADMIN }]);
          if (outcome?.status !== "succeeded") continue;
          assert.ok(await world.record(sent.id));
          assert.equal(await world.value("things", "k"), round);
        }
        await commit;
      }
    },
  );

  promise("what was answered is seen by every question asked afterwards", async (world) => {
    for (let round = 0; round < 20; round++) {
      const { job, lease } = await world.running();
      await world.settle(lease, DONE, { writes: [put("k", round)] });
      const [value, record, { items }, { jobs }] = await Promise.all([
        world.value("things", "k"),
        world.record(job.id),
        world.engine.list({ limit: 1 }),
        world.engine.changes("ann", undefined, 500),
      ]);
      assert.equal(value, round);
      for (const seen of [record, items[0], jobs.at(-1)?.job]) assert.equal(seen?.revision, 3);
    }
  });

  promise("no engine alters what it was given, nor hands out what can alter it", async (world) => {
    const call = world.call({ details: { origin: "http" } });
    const given = structuredClone(call);
    await world.commit({ kind: "open", call });
    await world.claim();
    assert.deepEqual(call, given);
    const first = await world.known(call.id);
    const copy = structuredClone(first);
    await world.commit({ kind: "cancel", ref: { id: call.id, principal: "ann" } });
    assert.deepEqual(first, copy);
  });
});

/** Lets other threads and the disk get a word in. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** JSON text of so many bytes, made of one character. */
function text(bytes: number, character: string): string {
  const count = Math.floor((bytes - 2) / Buffer.byteLength(character));
  return `"${character.repeat(count)}"`;
}

async function claimAll(world: World, limit: number) {
  const queues = Array.from({ length: 5 }, (_, n) => ({ operation: `op-${n}`, limit }));
  const answer = await world.commit({ kind: "claim", queues, token: world.token(), leaseMs: LEASE_MS });
  assert.ok(answer.kind === "claimed");
  return answer.claims;
}
