/** Changes that PostgreSQL cannot take, and connections that break where it is asked: no harm to any other. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import type { Engine } from "../../src/core/engine.ts";
import { Ids } from "../../src/core/ids.ts";
import { systemRandom } from "../../src/core/random.ts";
import { postgres } from "../../src/engines/postgres/index.ts";
import { newCall, writesAlone } from "../support/calls.ts";
import { BreakingProxy } from "./support/breaking-proxy.ts";
import { cluster, dropSchema, missingCluster, newSchema } from "./support/cluster.ts";

const ids = new Ids(systemClock(), systemRandom());

suite("a change that PostgreSQL cannot take", { skip: missingCluster() }, () => {
  test("is refused alone, wherever it stands in its group", async (t) => {
    const engine = await opened(t, await emptySchema(t));
    // Longer than an index can hold.
    const broken = newCall(ids, { principal: systemRandom().hex(4_000) });
    const calls = [...Array.from({ length: 40 }, () => newCall(ids)), broken, newCall(ids)];
    const answers = await engine.commit(calls.map((call) => ({ kind: "open", call })));
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      calls.map((call) => (call === broken ? "refused" : "opened")),
    );
    const found = await engine.find(calls.map(({ id, principal }) => ({ id, principal })));
    assert.deepEqual(
      found.map((job) => job?.status),
      calls.map((call) => (call === broken ? undefined : "queued")),
    );
  });

  test("is none where it names what nobody has", async (t) => {
    const engine = await opened(t, await emptySchema(t));
    const id = "a\0b";
    const answers = await engine.commit([
      { kind: "cancel", ref: { id, principal: "ann" } },
      { kind: "redrive", id, delayMs: 0 },
      { kind: "purge", id },
    ]);
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      ["unknown", "unknown", "unknown"],
    );
  });

  test("is not one in a schema with a name of quotes", async (t) => {
    const engine = await opened(t, await emptySchema(t, `it's ${newSchema()}`));
    const put = { table: "rows", key: "one", kind: "put", value: "1" } as const;
    const [answer] = await engine.commit([writesAlone(ids, [put])]);
    assert.equal(answer?.kind, "applied");
  });
});

suite("a connection that breaks", { skip: missingCluster() }, () => {
  test("while jobs are looked at ends nothing but that look", async (t) => {
    const at = await emptySchema(t);
    const proxy = await BreakingProxy.start(at.url);
    t.after(() => proxy.close());
    const engine = await opened(t, { ...at, url: proxy.url });
    const call = newCall(ids, { start: { token: "t", leaseMs: 30_000, ifLost: "queue" } });
    const held = proxy.hold("spillway_lock");
    const answered = engine.commit([{ kind: "open", call }]);
    await held;
    proxy.away();
    await proxy.back();
    assert.equal((await answered)[0]?.kind, "opened");
  });

  test("in the packet that welcomes it is none: who needs one makes another", async (t) => {
    const at = await emptySchema(t);
    const proxy = await BreakingProxy.start(at.url);
    t.after(() => proxy.close());
    const engine = await opened(t, { ...at, url: proxy.url });
    proxy.away();
    proxy.sendsAway = true;
    await proxy.back();
    const answered = Array.from({ length: 8 }, () => engine.commit([{ kind: "open", call: newCall(ids) }]));
    while (proxy.sentAway < 8) await engine.figures().catch(() => {});
    proxy.sendsAway = false;
    for (const answers of await Promise.all(answered)) assert.equal(answers[0]?.kind, "opened");
    await engine.figures();
  });
});

async function emptySchema(t: TestContext, schema = newSchema()) {
  const on = await cluster();
  t.after(() => dropSchema(on, schema));
  return { url: on.url, schema };
}

async function opened(t: TestContext, { url, schema }: { readonly url: string; readonly schema: string }) {
  const host = { clock: systemClock(), random: systemRandom(), onFatal: assert.fail };
  const engine: Engine = await postgres(url, { schema, listen: false }).open(host);
  t.after(() => engine.close());
  return engine;
}
