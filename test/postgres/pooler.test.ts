// Behind a pooler that lends connections by the transaction: everything works, but nothing is heard, which is said.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Client } from "pg";
import { systemClock } from "../../src/core/clock.ts";
import type { AnswerOf, Engine } from "../../src/core/engine.ts";
import { Ids } from "../../src/core/ids.ts";
import type { JobId } from "../../src/core/job.ts";
import type { Topic } from "../../src/core/notifier.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { LimitAsk, ShareRequest } from "../../src/core/share.ts";
import { telling } from "../../src/engines/postgres/channel.ts";
import { type PostgresOptions, postgres } from "../../src/engines/postgres/index.ts";
import { newCall } from "../support/calls.ts";
import { until } from "../wire/support/wait.ts";
import { type Cluster, cluster, dropSchema, missingCluster, newSchema } from "./support/cluster.ts";
import { missingPooler, type Pooler, startPooler } from "./support/pooler.ts";

const clock = systemClock();
const random = systemRandom();
const ids = new Ids(clock, random);
const LEASE_MS = 30_000;

suite("behind a pooler in transaction mode", { skip: missingCluster() || missingPooler }, () => {
  const schema = newSchema();
  const engines: Engine[] = [];
  let on: Cluster;
  let pooler: Pooler;
  /** With one connection, so that all meet there. */
  let narrow: Pooler;

  before(async () => {
    on = await cluster();
    const port = Number(new URL(on.url).port);
    [pooler, narrow] = await Promise.all([startPooler(port), startPooler(port, 1)]);
  });
  after(async () => {
    for (const engine of engines) await engine.close();
    await Promise.all([pooler.remove(), narrow.remove()]);
    await dropSchema(on, schema);
  });

  async function open(
    options: PostgresOptions,
    hint?: (topic: Topic, name: string) => void,
    { url } = pooler,
  ): Promise<Engine> {
    const host = { clock, random, onFatal: assert.fail, ...(hint && { hint }) };
    const engine = await postgres(url, { schema, ...options }).open(host);
    engines.push(engine);
    return engine;
  }

  test("a job is queued, run and found, and that nothing is heard is said", async () => {
    const engine = await open({}, undefined, narrow);
    assert.match(engine.notes?.join() ?? "", /LISTEN hears nothing here/);
    const client = new Client(narrow.url);
    await client.connect();
    assert.deepEqual((await client.query("SELECT pg_listening_channels()")).rows, [], "others would hear it");
    await client.end();
    const calls = Array.from({ length: 20 }, () => newCall(ids, { operation: "deaf" }));
    await engine.commit(calls.map((one) => ({ kind: "open", call: one })));
    const queues = [{ operation: "deaf", limit: 50 }];
    const [claimed] = await engine.commit([
      { kind: "claim", queues, token: ids.mint().id, leaseMs: LEASE_MS },
    ]);
    assert.ok(claimed?.kind === "claimed" && claimed.claims.length === 20);
    const answers = await engine.commit(
      claimed.claims.map(({ lease, job }) => ({
        kind: "settle",
        settlement: {
          ...{ lease, claimed: job, verdict: { kind: "succeeded", output: "1" } as const },
          ...{ reads: [], writes: [], sends: [] },
        },
      })),
    );
    assert.deepEqual(new Set(answers.map(({ kind }) => kind)), new Set(["applied"]));
    const found = await engine.find(calls.map(({ id }) => ({ id, principal: "ann" })));
    assert.deepEqual(new Set(found.map((record) => record?.status)), new Set(["succeeded"]));
  });

  test("a node with a URL that leads straight to the server hears, also of those who cannot", async () => {
    const heard = new Set<string>();
    const direct = await open({ listen: on.url }, (topic, name) => heard.add(`${topic} ${name}`));
    assert.deepEqual(direct.notes, []);
    const deaf = await open({ listen: false });
    assert.deepEqual(deaf.notes, []);
    // As it is on some connections, and by chance not on those that were used so far.
    await pooler.take(telling("", [])[0].name ?? "");
    await deaf.commit([{ kind: "open", call: newCall(ids, { operation: "told" }) }]);
    await until("it is heard", () => heard.has("queue told") && heard.has("principal ann"));
  });

  test("a transaction of a handler's own is committed where the names of its statements are taken, or gone", async () => {
    // The first meets the names that groups have left behind, the second none of those that it made itself.
    for (const meets of ["taken", "gone"]) {
      const engine = await open({ listen: false }, undefined, narrow);
      const calls = [1, 2].map(() => newCall(ids, { operation: "own", start: HELD }));
      await engine.commit(calls.map((one) => ({ kind: "open", call: one })));
      if (meets === "gone") await narrow.renew();
      for (const { id } of calls) {
        const first = await endedIn(engine, id);
        // As when others got in its way: its handler runs again.
        if (first.kind === "conflict") assert.equal((await endedIn(engine, id)).kind, "applied");
        else assert.equal(first.kind, "applied");
        await narrow.renew();
      }
    }
  });

  test("changes go on in their order where the pooler leads to another server from now on", async () => {
    const other = newSchema();
    const client = new Client(on.url);
    await client.connect();
    try {
      await open({ listen: false, schema: other });
      // As in the store of one that was promoted: other numbers of transactions belong to another life.
      await client.query(`UPDATE "${other}".store SET system_id = '1'`);
      await until("what is changed from now on stands behind all before", async () => {
        const { rows } = await client.query(`SELECT xid_offset FROM "${other}".store`);
        return Number(rows[0].xid_offset) > 0;
      });
    } finally {
      await client.end();
      await dropSchema(on, other);
    }
  });

  test("a node holds slots of its own store, whatever others behind the pooler have asked of theirs", async () => {
    const other = newSchema();
    try {
      const [one, two] = [
        await open({ listen: false }, undefined, narrow),
        await open({ listen: false, schema: other }, undefined, narrow),
      ];
      const ask = (engine: Engine, node: string, number: number) => engine.share?.(asking(node, number));
      await ask(one, "of one", 1);
      await narrow.renew();
      await ask(two, "of the other", 1);
      await ask(one, "of one", 2);
      assert.deepEqual(
        (await one.nodes?.())?.map(({ id }) => id),
        ["of one"],
      );
      assert.deepEqual(
        (await two.nodes?.())?.map(({ id }) => id),
        ["of the other"],
      );
    } finally {
      await dropSchema(on, other);
    }
  });
});

const HELD = { token: "held", leaseMs: LEASE_MS, ifLost: "queue" } as const;
const DONE = { verdict: { kind: "succeeded", output: "1" }, reads: [], writes: [], sends: [] } as const;

async function endedIn(engine: Engine, id: JobId): Promise<AnswerOf<"settle">> {
  const transaction = engine.begin?.(5_000);
  assert.ok(transaction);
  await transaction.query("SELECT 1", []);
  return transaction.settle({ lease: { id, token: HELD.token }, ...DONE });
}

function asking(id: string, number: number): ShareRequest {
  const limits: readonly LimitAsk[] = [
    {
      scope: "operation",
      name: "own",
      concurrency: 4,
      ...{ inUse: 0, keep: 0, calls: 1, jobs: 1, spare: 0 },
    },
  ];
  return {
    node: { id, host: "here", role: "worker", startedAt: 0 },
    number,
    forMs: 5_000,
    limits,
    report: "{}",
  };
}
