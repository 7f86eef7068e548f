// What the memory engine has of its own: its options, and that a long queue costs a claim nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Duration } from "../../src/core/duration.ts";
import type { Change, Engine } from "../../src/core/engine.ts";
import { Ids } from "../../src/core/ids.ts";
import { type MemoryOptions, memory } from "../../src/engines/memory/index.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { TestClock } from "../support/test-clock.ts";

test("retention is as configured", async () => {
  const { engine, clock, open } = await start({ retention: { succeeded: "2h", failed: "3h" } });
  await engine.commit([open(0), open(0)]);
  const [claimed] = await engine.commit([claim("t", 2)]);
  assert.ok(claimed?.kind === "claimed");
  const [one, other] = claimed.claims;
  assert.ok(one && other);
  const effects = { reads: [], writes: [], sends: [] };
  const error = { type: "t", title: "t", status: 500, code: "c" };
  await engine.commit([
    {
      kind: "settle",
      settlement: { lease: one.lease, verdict: { kind: "succeeded", output: "1" }, ...effects },
    },
    { kind: "settle", settlement: { lease: other.lease, verdict: { kind: "failed", error }, ...effects } },
  ]);
  const pruned = [];
  for (let hour = 1; hour <= 3; hour++) {
    clock.advance(3_600_000);
    pruned.push((await engine.sweep(10)).pruned);
  }
  assert.deepEqual(pruned, [0, 1, 1]);
});

test("a retention that is no duration is refused when the engine is configured, by name", () => {
  assert.throws(() => memory({ retention: { failed: "soon" as Duration } }), {
    code: "configuration",
    message: /^memory\(\)\.retention\.failed is "soon"/,
  });
});

test("each open is an empty store of its own", async () => {
  const one = await start();
  await one.engine.commit([one.open(0)]);
  const other = await start();
  assert.deepEqual((await other.engine.list({ limit: 1 })).items, []);
});

test("a claim from a hundred thousand waiting jobs takes no longer than one from a few", async () => {
  const { engine, open } = await start();
  const few = await millisecondsOf(engine, 200);
  await engine.commit(Array.from({ length: 100_000 }, (_, n) => open(n % 3)));
  await engine.commit([claim("first", 1)]);
  const many = await millisecondsOf(engine, 200);
  // A scan of all of them would be a thousand times slower; the bound leaves room for a busy machine.
  assert.ok(many < 50 * Math.max(few, 1), `200 claims took ${many} ms, and ${few} ms while nothing waited`);
});

async function millisecondsOf(engine: Engine, claims: number): Promise<number> {
  const start = performance.now();
  for (let n = 0; n < claims; n++) await engine.commit([claim(`${start}-${n}`, 1)]);
  return performance.now() - start;
}

function claim(token: string, limit: number): Change {
  return { kind: "claim", queues: [{ operation: "work", limit }], token, leaseMs: 1_000 };
}

async function start(options?: MemoryOptions) {
  const clock = new TestClock();
  const ids = new Ids(clock, new SeededRandom(1));
  const engine = await memory(options).open({ clock, random: new SeededRandom(2), onFatal: assert.fail });
  const open = (delayMs: number): Change => {
    const details = { origin: "http" };
    const call = {
      ...ids.mint(),
      operation: "work",
      principal: "ann",
      input: "{}",
      inputVersion: 1,
      delayMs,
      details,
    };
    return { kind: "open", call: { ...call, maxAttempts: 3, start: "queued" } };
  };
  return { engine, clock, open };
}
