/** Two engines on one schema, as two nodes have it: whatever both want at once, one of them has it, and both are told. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import type {
  Answer,
  Change,
  Claim,
  Engine,
  EngineHost,
  NewCall,
  Settlement,
} from "../../src/core/engine.ts";
import { ADMIN } from "../../src/core/engine.ts";
import { Ids } from "../../src/core/ids.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { ItemWrite } from "../../src/core/table.ts";
import { postgres } from "../../src/engines/postgres/index.ts";
import { newCall, writesAlone } from "../support/calls.ts";
import { until } from "../wire/support/wait.ts";
import { BreakingProxy } from "./support/breaking-proxy.ts";
import { cluster, dropSchema, missingCluster, newSchema } from "./support/cluster.ts";

const ids = new Ids(systemClock(), systemRandom());
const LEASE_MS = 30_000;

suite("two engines on one schema", { skip: missingCluster() }, () => {
  test("make one job of a key that both open", async (t) => {
    const both = await two(t);
    for (let round = 0; round < 30; round++) {
      const [first, second] = await at(both, (n) =>
        opens({ ...newCall(ids), ...key(`k${round}`), sequence: n + 1 }),
      );
      assert.deepEqual([kind(first), kind(second)].sort(), ["existing", "opened"]);
    }
    assert.equal((await both[0].figures())[0]?.queued, 30);
  });

  test("claim no job twice, and all of them", async (t) => {
    const both = await two(t);
    await both[0].commit(Array.from({ length: 300 }, () => opens(newCall(ids))));
    const taken: string[] = [];
    await Promise.all(
      both.map(async (engine) => {
        for (;;) {
          const claims = await claimed(engine, 17);
          if (claims.length === 0) return;
          taken.push(...claims.map(({ job }) => job.id));
        }
      }),
    );
    assert.deepEqual([taken.length, new Set(taken).size], [300, 300]);
  });

  test("end a job once that one settles while the other cancels it", async (t) => {
    const both = await two(t);
    for (let round = 0; round < 30; round++) {
      await both[0].commit([opens(newCall(ids))]);
      const [claim] = await claimed(both[0], 1);
      assert.ok(claim);
      const ref = { id: claim.job.id, principal: ADMIN };
      const changes: readonly Change[] = [succeeds(claim), { kind: "cancel", ref }];
      const [settled, cancelled] = await at(both, (n) => changes[n] as Change);
      assert.equal(kind(settled), "applied");
      assert.ok(["final", "requested"].includes(kind(cancelled)), kind(cancelled));
      assert.equal((await both[1].find([ref]))[0]?.status, "succeeded");
    }
    assert.deepEqual(await both[0].figures(), []);
  });

  test("tell each other of an outcome that was told too early once more when it is there", async (t) => {
    const heard: string[] = [];
    const [teller, hearer] = await two(t, (topic, name) => heard.push(`${topic} ${name}`));
    await teller.commit([opens(newCall(ids))]);
    const [claim] = await claimed(teller, 1);
    assert.ok(claim);
    await hearer.commit([{ kind: "cancel", ref: { id: claim.job.id, principal: ADMIN } }]);
    const receipt = `receipt ${claim.job.id}`;
    await until("what the claim told is heard", () => heard.includes(receipt));
    // By then the telling itself is over too: beside one nothing is told early.
    await teller.find([{ id: claim.job.id, principal: ADMIN }]);
    heard.length = 0;
    // Its row is not as it was claimed, so that its commit finds nothing, and the next one ends it.
    assert.equal(kind((await teller.commit([succeeds(claim)]))[0]), "applied");
    await until("it is heard twice", () => heard.filter((said) => said === receipt).length === 2);
  });

  test("let one of them settle a lease that both have", async (t) => {
    const both = await two(t);
    await both[0].commit([opens(newCall(ids))]);
    const [claim] = await claimed(both[0], 1);
    assert.ok(claim);
    const write: ItemWrite = { kind: "add", table: "things", key: "once", fields: { n: 1 } };
    const settles = succeeds(claim, { writes: [write] });
    const answers = await at(both, () => settles);
    assert.deepEqual(answers.map(kind), ["applied", "applied"]);
    assert.equal(await value(both[1], "once"), '{"n":1}');
  });

  test("lose none of a thousand additions to one item", async (t) => {
    const both = await two(t);
    const adds = () => writesAlone(ids, [{ kind: "add", table: "things", key: "hot", fields: { n: 1 } }]);
    await Promise.all(
      both.map(async (engine) => {
        for (let group = 0; group < 50; group++) {
          const answers = await engine.commit(Array.from({ length: 10 }, adds));
          assert.ok(answers.every(({ kind: what }) => what === "applied"));
        }
      }),
    );
    assert.equal(await value(both[0], "hot"), '{"n":1000}');
  });

  test("never both write where each found nothing of the other's", async (t) => {
    const both = await two(t);
    for (let round = 0; round < 30; round++) {
      const names = [`left${round}`, `right${round}`];
      const answers = await at(both, (n) => {
        const own: ItemWrite = { kind: "put", table: "things", key: String(names[n]), value: "1" };
        return writesAlone(ids, [own], [{ table: "things", key: String(names[1 - n]), version: 0 }]);
      });
      assert.deepEqual(answers.map(kind).sort(), ["applied", "conflict"]);
    }
  });

  test("answer groups that name the same jobs and items the other way round", async (t) => {
    const both = await two(t);
    for (let round = 0; round < 10; round++) {
      await both[0].commit(Array.from({ length: 20 }, () => opens(newCall(ids))));
      const claims = await claimed(both[0], 20);
      const settles = claims.map((claim) => succeeds(claim));
      const cancels: readonly Change[] = claims
        .map(({ job }): Change => ({ kind: "cancel", ref: { id: job.id, principal: ADMIN } }))
        .reverse();
      const answers = await Promise.all([both[0].commit(settles), both[1].commit(cancels)]);
      assert.ok(answers.flat().every(({ kind: what }) => what !== "refused"));
    }
    assert.deepEqual(await both[0].figures(), []);
  });
});

suite("an engine whose commit nobody answered", { skip: missingCluster() }, () => {
  for (const loss of ["the commit", "its answer"] as const) {
    test(`has opened its calls once when ${loss} was lost`, async (t) => {
      const { engine, proxy } = await behindProxy(t);
      proxy.lose(loss, "spillway_open");
      const answers = await engine.commit(Array.from({ length: 20 }, () => opens(newCall(ids))));
      assert.deepEqual([proxy.lost, new Set(answers.map(kind))], [1, new Set(["opened"])]);
      assert.equal((await engine.figures())[0]?.queued, 20);
    });

    test(`has what it claimed when ${loss} was lost`, async (t) => {
      const { engine, proxy } = await behindProxy(t);
      await engine.commit(Array.from({ length: 20 }, () => opens(newCall(ids))));
      proxy.lose(loss, "spillway_claim");
      const claims = await claimed(engine, 12);
      assert.deepEqual([proxy.lost, claims.length], [1, 12]);
      const [figures] = await engine.figures();
      assert.deepEqual([figures?.queued, figures?.running], [8, 12]);
    });

    test(`has settled its jobs once when ${loss} was lost`, async (t) => {
      const { engine, proxy } = await behindProxy(t);
      await engine.commit(Array.from({ length: 12 }, () => opens(newCall(ids))));
      const claims = await claimed(engine, 12);
      proxy.lose(loss, "spillway_succeed");
      const answers = await engine.commit(claims.map((claim) => succeeds(claim)));
      assert.deepEqual([proxy.lost, new Set(answers.map(kind))], [1, new Set(["applied"])]);
      assert.deepEqual(await engine.figures(), []);
    });
  }
});

type Both = readonly [Engine, Engine];

const host = () => ({ clock: systemClock(), random: systemRandom(), onFatal: assert.fail });

/** The second hears the first, where it says what it is to do then. */
async function two(t: TestContext, hint?: EngineHost["hint"]): Promise<Both> {
  const [on, schema] = [await cluster(), newSchema()];
  const open = (hears: EngineHost["hint"]) =>
    postgres(on.url, { schema, ...(!hears && { listen: false }) }).open({
      ...host(),
      ...(hears && { hint: hears }),
    });
  const both = [await open(undefined), await open(hint)] as const;
  t.after(async () => {
    await Promise.all(both.map((engine) => engine.close()));
    await dropSchema(on, schema);
  });
  return both;
}

async function behindProxy(t: TestContext) {
  const [on, schema] = [await cluster(), newSchema()];
  const proxy = await BreakingProxy.start(on.url);
  const engine = await postgres(proxy.url, { schema, listen: false }).open(host());
  t.after(async () => {
    await engine.close();
    proxy.close();
    await dropSchema(on, schema);
  });
  return { engine, proxy };
}

/** One change at each, at the same time. */
async function at(both: Both, change: (n: number) => Change): Promise<readonly Answer[]> {
  return (await Promise.all(both.map((engine, n) => engine.commit([change(n)])))).flat();
}

const key = (name: string) => ({ id: `key-${name}`, fingerprint: "same" });
const opens = (one: NewCall): Change => ({ kind: "open", call: one });
const kind = (answer: Answer | undefined): string => answer?.kind ?? "none";

async function claimed(engine: Engine, limit: number): Promise<readonly Claim[]> {
  const queues = [{ operation: "work", limit }];
  const [answer] = await engine.commit([{ kind: "claim", queues, token: ids.mint().id, leaseMs: LEASE_MS }]);
  assert.ok(answer?.kind === "claimed");
  return answer.claims;
}

function succeeds({ job, lease }: Claim, more: Partial<Settlement> = {}): Change {
  const verdict = { kind: "succeeded", output: "null" } as const;
  return {
    kind: "settle",
    settlement: { lease, claimed: job, verdict, reads: [], writes: [], sends: [], ...more },
  };
}

async function value(engine: Engine, name: string): Promise<string | undefined> {
  const [item] = await engine.read([{ table: "things", key: name }]);
  return item?.value;
}
