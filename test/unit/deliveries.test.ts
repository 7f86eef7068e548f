// Jobs that are handed to an app rather than looked for: what becomes of each, and what it costs.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type AppHost, type RunningApp, spillway } from "../../src/app/app.ts";
import type { Claim, Engine } from "../../src/core/engine.ts";
import { type Context, type Operation, operation } from "../../src/core/operation.ts";
import { memory } from "../../src/engines/memory/index.ts";
import type { Deliveries } from "../../src/worker/deliveries.ts";
import { altered } from "../support/altered-engine.ts";
import { anything } from "../support/schemas.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { TestClock } from "../support/test-clock.ts";

class Rig {
  readonly clock = new TestClock();
  readonly errors: unknown[] = [];
  readonly engine: Engine;
  readonly app: RunningApp;
  readonly #ids: { count: number } = { count: 0 };

  private constructor(engine: Engine, app: RunningApp) {
    this.engine = engine;
    this.app = app;
  }

  static async start(operations: readonly Operation[], more: Partial<AppHost> = {}) {
    const clock = new TestClock();
    const errors: unknown[] = [];
    const opened = Promise.withResolvers<Engine>();
    const engine = altered(memory(), opened.resolve);
    const app = await spillway({ operations, engine }).start({
      node: "test",
      adminToken: undefined,
      boundToLoopback: false,
      onFatal: assert.fail,
      onError: (error) => errors.push(error),
      clock,
      random: new SeededRandom(1),
      timeLeftMs: () => 10_000,
      ...more,
    });
    return Object.assign(new Rig(await opened.promise, app), { clock, errors });
  }

  get deliveries(): Deliveries {
    return this.app.deliveries as Deliveries;
  }

  /** Queued and claimed, as a message of it leads to. */
  async claim(name = "work"): Promise<Claim> {
    const id = `job-${++this.#ids.count}`;
    const call = {
      id,
      sequence: this.#ids.count,
      operation: name,
      principal: "",
      input: "{}",
      inputVersion: 1,
      delayMs: 0,
      maxAttempts: 5,
      details: { origin: "http" },
      start: "queued",
    } as const;
    const queues = [{ operation: name, limit: 1 }];
    const [, answer] = await this.engine.commit([
      { kind: "open", call },
      { kind: "claim", queues, token: id, leaseMs: 60_000 },
    ]);
    assert.ok(answer?.kind === "claimed" && answer.claims[0]);
    return answer.claims[0];
  }

  async state({ lease: { id } }: Claim) {
    const [job] = await this.engine.find([{ id, principal: "" }]);
    assert.ok(job);
    return { status: job.status, attempt: job.attempt, inMs: job.availableAt - this.clock.now() };
  }
}

const work = (handler: (input: unknown, context: Context) => unknown, limits = { concurrency: 10 }) =>
  operation({ name: "work", flow: "event", input: anything, timeout: "5s", limits }, handler);

suite("a job that is delivered", () => {
  test("is run, and its outcome kept", async () => {
    const rig = await Rig.start([work(() => 1)]);
    const claim = await rig.claim();
    await rig.deliveries.run(claim);
    assert.equal((await rig.state(claim)).status, "succeeded");
  });

  test("is run by nobody who was not handed it", async () => {
    let ran = 0;
    const rig = await Rig.start([work(() => ran++)]);
    const call = rig.app.door.handle({
      method: "POST",
      path: "/operations/work",
      query: "",
      headers: { "content-type": "application/json" },
      fromLoopback: false,
      body: (_limit, taken) => taken({ kind: "read", bytes: Buffer.from("{}") }),
    });
    await rig.clock.run(10_000);
    assert.equal((await call).status, 202);
    assert.equal(ran, 0);
  });

  test("is given back, and no attempt counts, when it could not end in the time that is left", async () => {
    let ran = 0;
    const rig = await Rig.start([work(() => ran++)], { timeLeftMs: () => 4_999 });
    const claim = await rig.claim();
    await rig.deliveries.run(claim);
    assert.deepEqual(await rig.state(claim), { status: "queued", attempt: 0, inMs: 0 });
    assert.equal(ran, 0);
  });

  test("waits for a slot, and is run when there is one", async () => {
    const ends: ((value: number) => void)[] = [];
    const limits = { concurrency: 1 };
    const rig = await Rig.start([work(() => new Promise((resolve) => ends.push(resolve)), limits)]);
    const claims = [await rig.claim(), await rig.claim()];
    const runs = claims.map((claim) => rig.deliveries.run(claim));
    await rig.clock.run(0);
    assert.equal(ends.length, 1);
    ends[0]?.(1);
    await runs[0];
    await rig.clock.run(0);
    assert.equal(ends.length, 2);
    ends[1]?.(1);
    await Promise.all(runs);
  });

  test("is one of so many at once, and counts for as long as its handler is at it", async () => {
    const ends: ((value: number) => void)[] = [];
    const handler = () => new Promise((resolve) => ends.push(resolve));
    const rig = await Rig.start([work(handler)], { parallel: 1, timeLeftMs: () => 60_000 });
    const claims = [await rig.claim(), await rig.claim()];
    const [first, second] = claims.map((claim) => rig.deliveries.run(claim));
    await rig.clock.run(5_000);
    await first;
    assert.equal((await rig.state(claims[0] as Claim)).status, "queued");
    assert.equal(ends.length, 1);
    ends[0]?.(1);
    await rig.clock.run(0);
    assert.equal(ends.length, 2);
    const all = rig.deliveries.ended();
    ends[1]?.(1);
    await Promise.all([second, all]);
  });

  test("is given back when it has waited for others until it could not end in time", async () => {
    const started = Date.UTC(2026, 0, 1);
    const clock = new TestClock(started);
    const timeLeftMs = () => Math.max(0, started + 12_000 - clock.now());
    const handler = () => new Promise(() => undefined);
    const rig = await Rig.start([work(handler)], { parallel: 1, clock, timeLeftMs });
    const claims = [await rig.claim(), await rig.claim()];
    const runs = claims.map((claim) => rig.deliveries.run(claim));
    await clock.run(6_999);
    assert.equal((await rig.state(claims[1] as Claim)).status, "running");
    await clock.run(1);
    await Promise.all(runs);
    const { status, attempt } = await rig.state(claims[1] as Claim);
    assert.deepEqual([status, attempt], ["queued", 0]);
  });

  test("of a paused operation comes later and later, and no attempt counts", async () => {
    let ran = 0;
    const rig = await Rig.start([work(() => ran++)]);
    const setting = { scope: "operation", name: "work", paused: true, concurrency: null } as const;
    await rig.engine.commit([{ kind: "set", setting }]);
    await rig.app.readSettings();
    const claims = [await rig.claim(), await rig.claim(), await rig.claim()];
    const delays: number[] = [];
    for (const [i, waitMs] of [0, 600_000, 86_400_000].entries()) {
      rig.clock.advance(waitMs);
      const claim = claims[i] as Claim;
      await rig.deliveries.run(claim);
      const { status, attempt, inMs } = await rig.state(claim);
      assert.deepEqual([status, attempt], ["queued", 0]);
      delays.push(inMs);
    }
    assert.deepEqual(delays, [30_000, 300_000, 960_000]);
    assert.equal(ran, 0);
  });

  test("of an operation that is not registered waits for a version that has it, and the log says so once", async () => {
    const rig = await Rig.start([work(() => 1)]);
    const claims = [await rig.claim("gone"), await rig.claim("gone")];
    for (const claim of claims) await rig.deliveries.run(claim);
    assert.deepEqual(await rig.state(claims[0] as Claim), { status: "queued", attempt: 0, inMs: 1_200_000 });
    assert.equal(rig.errors.length, 1);
    assert.match(String(rig.errors[0]), /"gone".*no such operation is registered/);
  });

  test("hears that it was cancelled elsewhere when its lease is extended", async () => {
    const stopped = Promise.withResolvers<never>();
    const listens = (_: unknown, { signal }: Context) => {
      signal.addEventListener("abort", () => stopped.reject(signal.reason));
      return stopped.promise;
    };
    const rig = await Rig.start([work(listens)]);
    const claim = await rig.claim();
    const run = rig.deliveries.run(claim);
    await rig.clock.run(0);
    await rig.engine.commit([{ kind: "cancel", ref: { id: claim.lease.id, principal: "" } }]);
    await rig.deliveries.extend(60_000);
    await run;
    await assert.rejects(stopped.promise, /cancelled/);
    assert.equal((await rig.state(claim)).status, "cancelled");
  });
});
