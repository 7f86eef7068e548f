/**
 * A group whose COMMIT was sent and not answered: what it did is done once, whatever else it was sent with, and nobody
 * is told that nothing was kept while that is not known.
 */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { Client } from "pg";
import { systemClock } from "../../src/core/clock.ts";
import type { Claim, Engine } from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import { Ids } from "../../src/core/ids.ts";
import type { JobId } from "../../src/core/job.ts";
import { systemRandom } from "../../src/core/random.ts";
import { postgres } from "../../src/engines/postgres/index.ts";
import { newCall, writesAlone } from "../support/calls.ts";
import { BreakingProxy, type Loss } from "./support/breaking-proxy.ts";
import { cluster, dropSchema, missingCluster, newSchema } from "./support/cluster.ts";

const KEY = { table: "counters", key: "one" };
const ids = new Ids(systemClock(), systemRandom());

suite("a commit that nobody answered", { skip: missingCluster() }, () => {
  for (const loss of ["the commit", "its answer"] satisfies Loss[]) {
    test(`is applied once, also of a call that leaves no record, when ${loss} is lost`, async (t) => {
      const { engine, proxy } = await behindProxy(t);
      proxy.lose(loss, "spillway_write_items");
      const [answer] = await engine.commit([adds(1)]);
      assert.equal(proxy.lost, 1);
      assert.equal(answer?.kind, "applied");
      assert.deepEqual(await count(engine), { n: 1 });
    });
  }

  test("is not refused as one that kept nothing while the database is away", async (t) => {
    const { engine, proxy } = await behindProxy(t);
    const call = newCall(ids);
    proxy.lose("its answer", "spillway_open");
    proxy.onLost = () => proxy.away();
    const answered = engine.commit([{ kind: "open", call }]);
    await unavailable(engine, 2);
    await proxy.back();
    const [answer] = await answered;
    assert.equal(answer?.kind, "opened");
    assert.equal((await engine.find([{ id: call.id, principal: "ann" }]))[0]?.status, "queued");
  });
});

suite("slots of a limit", { skip: missingCluster() }, () => {
  test("are not granted by an answer whose commit fails", async (t) => {
    const { engine, schema, url } = await behindProxy(t);
    const client = new Client(url);
    await client.connect();
    await client.query(`CREATE FUNCTION "${schema}".fails() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE 'no room' USING ERRCODE = 'disk_full'; END $$;
      CREATE CONSTRAINT TRIGGER late AFTER INSERT ON "${schema}".grants DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION "${schema}".fails()`);
    await client.end();
    const wanted = { inUse: 0, keep: 0, calls: 1, jobs: 0, spare: 0 };
    const asked = engine.share?.({
      node: { id: "one", host: "here", role: "all", startedAt: 0 },
      number: 1,
      forMs: 5_000,
      limits: [{ scope: "operation", name: "work", concurrency: 1, ...wanted }],
      report: "{}",
    });
    await assert.rejects(asked ?? Promise.resolve(), { code: "storage-unavailable" });
  });
});

suite("a dead letter that two nodes want", { skip: missingCluster() }, () => {
  test("is there, and is run, when one runs it again before the other has thrown it away", async (t) => {
    const { engine, proxy, schema, url } = await behindProxy(t);
    const host = { clock: systemClock(), random: systemRandom(), onFatal: assert.fail };
    const other = await postgres(url, { schema, listen: false }).open(host);
    t.after(() => other.close());
    const id = await deadLetter(engine);
    const held = proxy.hold("spillway_revive");
    const purged = engine.commit([{ kind: "purge", id }]);
    const release = await held;
    const [redriven] = await other.commit([{ kind: "redrive", id, delayMs: 0 }]);
    assert.equal(redriven?.kind, "applied");
    release();
    assert.equal((await purged)[0]?.kind, "unknown");
    assert.equal((await claimed(other))[0]?.job.id, id);
  });
});

async function deadLetter(engine: Engine): Promise<JobId> {
  await engine.commit([{ kind: "open", call: newCall(ids) }]);
  const [claim] = await claimed(engine);
  assert.ok(claim);
  const verdict = { kind: "failed", error: problem("handler-failed", "It broke.") } as const;
  const settlement = { lease: claim.lease, claimed: claim.job, verdict, reads: [], writes: [], sends: [] };
  const [answer] = await engine.commit([{ kind: "settle", settlement }]);
  assert.equal(answer?.kind, "applied");
  return claim.job.id;
}

async function claimed(engine: Engine): Promise<readonly Claim[]> {
  const queues = [{ operation: "work", limit: 1 }];
  const token = ids.mint().id;
  const [answer] = await engine.commit([{ kind: "claim", queues, token, leaseMs: 30_000 }]);
  assert.ok(answer?.kind === "claimed");
  return answer.claims;
}

const adds = (by: number) => writesAlone(ids, [{ ...KEY, kind: "add", fields: { n: by } }]);

/** Until whoever reads was told so many times; each has waited for a while. */
async function unavailable(engine: Engine, times: number): Promise<void> {
  for (let told = 0; told < times; )
    await engine.read([KEY]).catch((error) => {
      assert.equal(error.code, "storage-unavailable");
      told++;
    });
}

async function count(engine: Engine): Promise<unknown> {
  const [item] = await engine.read([KEY]);
  return item && JSON.parse(item.value);
}

async function behindProxy(t: TestContext) {
  const on = await cluster();
  const schema = newSchema();
  const proxy = await BreakingProxy.start(on.url);
  const host = { clock: systemClock(), random: systemRandom(), onFatal: assert.fail };
  const engine = await postgres(proxy.url, { schema, listen: false }).open(host);
  t.after(async () => {
    await engine.close();
    proxy.close();
    await dropSchema(on, schema);
  });
  return { engine, proxy, schema, url: on.url };
}
