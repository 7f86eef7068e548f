// Behind a pooler that lends connections by the transaction: everything works, but nothing is heard, which is said.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import type { Engine, NewCall } from "../../src/core/engine.ts";
import { Ids } from "../../src/core/ids.ts";
import type { Topic } from "../../src/core/notifier.ts";
import { systemRandom } from "../../src/core/random.ts";
import { telling } from "../../src/engines/postgres/channel.ts";
import { type PostgresOptions, postgres } from "../../src/engines/postgres/index.ts";
import { until } from "../wire/support/wait.ts";
import { type Cluster, cluster, dropSchema, missingCluster, newSchema } from "./support/cluster.ts";
import { missingPooler, startPooler } from "./support/pooler.ts";

const clock = systemClock();
const random = systemRandom();
const ids = new Ids(clock, random);
const LEASE_MS = 30_000;

suite("behind a pooler in transaction mode", { skip: missingCluster() || missingPooler }, () => {
  const schema = newSchema();
  const engines: Engine[] = [];
  let on: Cluster;
  let pooler: Awaited<ReturnType<typeof startPooler>>;

  before(async () => {
    on = await cluster();
    pooler = await startPooler(Number(new URL(on.url).port));
  });
  after(async () => {
    for (const engine of engines) await engine.close();
    await pooler.remove();
    await dropSchema(on, schema);
  });

  async function open(
    options: PostgresOptions,
    hint?: (topic: Topic, name: string) => void,
  ): Promise<Engine> {
    const host = { clock, random, onFatal: assert.fail, ...(hint && { hint }) };
    const engine = await postgres(pooler.url, { schema, ...options }).open(host);
    engines.push(engine);
    return engine;
  }

  test("a job is queued, run and found, and that nothing is heard is said", async () => {
    const engine = await open({});
    assert.match(engine.notes?.join() ?? "", /LISTEN hears nothing here/);
    const calls = Array.from({ length: 20 }, () => call("deaf"));
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
    await deaf.commit([{ kind: "open", call: call("told") }]);
    await until("it is heard", () => heard.has("queue told") && heard.has("principal ann"));
  });
});

function call(operation: string): NewCall {
  return {
    ...ids.mint(),
    operation,
    principal: "ann",
    input: "null",
    inputVersion: 1,
    delayMs: 0,
    maxAttempts: 3,
    details: { origin: "http" },
    start: "queued",
  };
}
