// Positions: whatever one change of a commit runs into, its neighbours are answered and applied as if it were not there.
import assert from "node:assert/strict";
import type { Answer, Change } from "../../src/core/engine.ts";
import { promises } from "./promises.ts";
import { DONE, keyed, LEASE_MS, put, type World } from "./world.ts";

const GOOD = 50;
/** What no handler can write. Engines keep text without looking at it, so it is found when something is added to it. */
const BROKEN = { kind: "put", table: "things", key: "broken", value: "no JSON" } as const;

type Bad = {
  readonly name: string;
  /** What must be there for the change to be refused. */
  prepare(world: World): Promise<Change>;
  readonly answer: Answer["kind"];
};

const bad: readonly Bad[] = [
  {
    name: "a stale settlement",
    answer: "stale",
    prepare: async (world) => settle(world, { id: world.call().id, token: world.token() }, [put("harm", 1)]),
  },
  {
    name: "a stale extension",
    answer: "stale",
    async prepare(world) {
      const { lease } = await world.running({ operation: "bad" });
      return { kind: "extend", lease: { ...lease, token: world.token() }, leaseMs: LEASE_MS };
    },
  },
  {
    name: "a conflict on a read",
    answer: "conflict",
    async prepare(world) {
      const { lease } = await world.running({ operation: "bad" });
      const reads = [{ table: "things", key: "never", version: 99 }];
      const sends = [world.call({ operation: "harm" })];
      return {
        kind: "settle",
        settlement: world.settlement(lease, DONE, { reads, writes: [put("harm", 1)], sends }),
      };
    },
  },
  {
    name: "a failed condition behind a write that holds",
    answer: "conflict",
    async prepare(world) {
      await world.write([put("taken", 1)]);
      const { lease } = await world.running({ operation: "bad" });
      return settle(world, lease, [
        put("harm", 1),
        { kind: "insert", table: "things", key: "taken", value: "2" },
      ]);
    },
  },
  {
    name: "a key with another input",
    answer: "mismatch",
    async prepare(world) {
      await world.opened({ operation: "kept", ...keyed("k", "one") });
      return { kind: "open", call: world.call({ operation: "harm", ...keyed("k", "two") }) };
    },
  },
  {
    name: "a cancel of nothing",
    answer: "unknown",
    prepare: async (world) => ({ kind: "cancel", ref: { id: world.call().id, principal: "ann" } }),
  },
  {
    name: "a redrive of nothing",
    answer: "unknown",
    prepare: async (world) => ({ kind: "redrive", id: world.call().id, delayMs: 0 }),
  },
  {
    name: "a purge of nothing",
    answer: "unknown",
    prepare: async () => ({ kind: "purge", id: "nothing" }),
  },
  {
    name: "a change that nobody expected, such as adding to what is no JSON,",
    answer: "refused",
    async prepare(world) {
      await world.write([BROKEN]);
      const { lease } = await world.running({ operation: "bad" });
      const writes = [
        put("harm", 1),
        { kind: "add", table: "things", key: "broken", fields: { n: 1 } } as const,
      ];
      const sends = [world.call({ operation: "harm" })];
      return { kind: "settle", settlement: world.settlement(lease, DONE, { writes, sends }) };
    },
  },
];

promises("positions", (promise) => {
  for (const { name, prepare, answer } of bad) {
    for (const [where, place] of [
      ["first", 0],
      ["in the middle", GOOD / 2],
      ["last", GOOD],
    ] as const) {
      promise(`${name} ${where} among ${GOOD} good changes harms none of them`, async (world) => {
        const change = await prepare(world);
        const good = await goodChanges(world);
        const answers = await world.engine.commit(good.changes.toSpliced(place, 0, change));
        assert.equal(answers.length, GOOD + 1);
        assert.equal(answers[place]?.kind, answer);
        await good.assertApplied(answers.toSpliced(place, 1));
        await assertHarmless(world);
      });
    }
  }

  promise("a refused change is named as our fault, and its lease is still held", async (world) => {
    await world.write([BROKEN]);
    const { lease, job } = await world.running();
    const before = await world.known(job.id);
    const writes = [{ kind: "add", table: "things", key: "broken", fields: { n: 1 } } as const];
    const answer = await world.settle(lease, DONE, { writes });
    assert.ok(answer.kind === "refused");
    assert.equal(answer.code, "internal");
    assert.deepEqual(await world.known(job.id), before);
    assert.equal((await world.settle(lease)).kind, "applied");
  });

  promise("every refusal at once, side by side, is answered each by itself", async (world) => {
    const changes: Change[] = [];
    for (const { prepare } of bad) changes.push(await prepare(world));
    const answers = await world.engine.commit(changes);
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      bad.map(({ answer }) => answer),
    );
    await assertHarmless(world);
  });
});

function settle(
  world: World,
  lease: { id: string; token: string },
  writes: Parameters<World["write"]>[0],
): Change {
  return { kind: "settle", settlement: world.settlement(lease, DONE, { writes }) };
}

async function assertHarmless(world: World): Promise<void> {
  assert.equal(await world.value("things", "harm"), undefined);
  assert.deepEqual(await world.claim(10, "harm"), []);
}

/** Opens, settlements with effects, extensions, cancels and more by turns: 50 in all, each of which must succeed. */
async function goodChanges(world: World) {
  const failed = await world.failed({ operation: "dead" });
  const calls = Array.from({ length: 30 }, () => world.call({ operation: "good" }));
  await world.engine.commit(calls.map((call) => ({ kind: "open", call })));
  const claims = await world.claim(20, "good");
  // Not every queue hands out first what came first.
  const taken = new Set(claims.map(({ lease }) => lease.id));
  const waiting = calls.filter(({ id }) => !taken.has(id)).slice(0, 9);
  const opened = Array.from({ length: 18 }, () => world.call({ operation: "fresh" }));
  const settles = claims
    .slice(0, 18)
    .map(({ lease }, n): Change => settle(world, lease, [put(`good-${n}`, n)]));
  const changes: readonly Change[] = [
    ...opened.flatMap((call, n): Change[] => [{ kind: "open", call }, settles[n] as Change]),
    ...waiting.map(({ id }): Change => ({ kind: "cancel", ref: { id, principal: "ann" } })),
    ...claims.slice(18).map(({ lease }): Change => ({ kind: "extend", lease, leaseMs: 2 * LEASE_MS })),
    { kind: "redrive", id: failed.id, delayMs: 0 },
    { kind: "set", setting: { scope: "operation", name: "good", paused: true, concurrency: null } },
    { kind: "claim", queues: [{ operation: "fresh", limit: 5 }], token: world.token(), leaseMs: LEASE_MS },
  ];
  assert.equal(changes.length, GOOD);
  const expected = [
    ...opened.flatMap(() => ["opened", "applied"]),
    ...waiting.map(() => "cancelled"),
    "held",
    "held",
    "applied",
    "done",
    "claimed",
  ];

  async function assertApplied(answers: readonly Answer[]): Promise<void> {
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      expected,
    );
    for (const [n, answer] of answers.slice(0, 36).entries()) {
      assert.equal(
        "job" in answer && answer.job?.id,
        n % 2 === 0 ? opened[n / 2]?.id : claims[(n - 1) / 2]?.job.id,
      );
    }
    const last = answers.at(-1);
    assert.equal(last?.kind === "claimed" && last.claims.length, 5);
    for (let n = 0; n < 18; n++) assert.equal(await world.value("things", `good-${n}`), n);
    for (const { id } of waiting) assert.equal((await world.known(id)).status, "cancelled");
    for (const { id } of opened) assert.ok(await world.record(id));
    assert.equal((await world.known(failed.id)).status, "queued");
    assert.equal((await world.engine.settings()).length, 1);
  }
  return { changes, assertApplied };
}
