// What a call and a job cost the main thread, counted and not timed: promises, timers and bytes do not depend on how
// fast or how busy a machine is. Budgets have room for another V8, not for another promise. docs/performance.md tells
// what each of them takes.
import assert from "node:assert/strict";
import { createHook } from "node:async_hooks";
import { suite, type TestContext, test } from "node:test";
import { getHeapStatistics } from "node:v8";
import * as z from "zod";
import { type RunningApp, spillway } from "../../src/app/app.ts";
import { operation } from "../../src/core/operation.ts";
import type { DoorRequest, Reply } from "../../src/door/exchange.ts";
import { sqlite } from "../../src/engines/sqlite/index.ts";
import { newFolder } from "../support/sqlite.ts";

const TOKEN = "the-administrator-of-this-test";
const WARM_UP = 2_000;
const MANY = 4_000;
/** As many as connections usually keep busy. */
const AT_ONCE = 64;
const INPUT = new TextEncoder().encode(JSON.stringify({ sku: "lamp", note: "x".repeat(160) }));

suite("to the main thread", () => {
  test("a call that is queued costs four promises, a share of its group's, and no timer", async (t) => {
    const rig = await Rig.open(t);
    await rig.accept(WARM_UP);
    const { promises, timers, bytes } = await counted(() => rig.accept(MANY));
    assert.ok(promises <= 5 * MANY, `${promises / MANY} promises a call`);
    assert.ok(timers <= MANY / 20, `${timers} timers for ${MANY} calls`);
    assert.ok(bytes === undefined || bytes <= 12_000 * MANY, `${bytes} bytes for ${MANY} calls`);
  });

  test("a job that returns at once costs no promise and no timer of its own", async (t) => {
    const rig = await Rig.open(t);
    await rig.accept(WARM_UP);
    await rig.drain(WARM_UP);
    await rig.pause(true);
    await rig.accept(MANY);
    const { promises, timers, bytes } = await counted(() => rig.drain(WARM_UP + MANY));
    assert.ok(promises <= MANY / 4, `${promises} promises for ${MANY} jobs`);
    assert.ok(timers <= MANY / 20, `${timers} timers for ${MANY} jobs`);
    assert.ok(bytes === undefined || bytes <= 11_000 * MANY, `${bytes} bytes for ${MANY} jobs`);
  });
});

/** An app with one queued operation on SQLite, paused, asked without a network. */
class Rig {
  readonly #app: RunningApp;
  readonly #ran: () => number;

  private constructor(app: RunningApp, ran: () => number) {
    this.#app = app;
    this.#ran = ran;
  }

  static async open(t: TestContext): Promise<Rig> {
    let ran = 0;
    const noop = operation(
      {
        name: "noop",
        input: z.object({ sku: z.string(), note: z.string() }),
        flow: "event",
        limits: { concurrency: 1_024 },
      },
      () => {
        ran++;
        return { ok: true };
      },
    );
    const app = await spillway({ operations: [noop], engine: sqlite(newFolder(t)) }).start({
      node: "test",
      adminToken: TOKEN,
      boundToLoopback: true,
      onFatal: (error) => assert.fail(error),
    });
    t.after(async () => {
      app.beginDrain();
      await app.finishWork(10_000);
      await app.close();
    });
    const rig = new Rig(app, () => ran);
    await rig.pause(true);
    return rig;
  }

  /** Calls one after another on each of some connections. */
  async accept(count: number): Promise<void> {
    let left = count;
    const connection = async () => {
      while (left-- > 0) assert.equal((await this.#ask("POST", "/operations/noop", INPUT)).status, 202);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, connection));
  }

  async pause(paused: boolean): Promise<void> {
    const body = new TextEncoder().encode(JSON.stringify({ paused }));
    assert.equal((await this.#ask("PATCH", "/admin/operations/noop", body)).status, 200);
  }

  /** Until so many have run since it was opened. */
  async drain(until: number): Promise<void> {
    await this.pause(false);
    while (this.#ran() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(this.#ran(), until);
  }

  #ask(method: string, path: string, bytes: Uint8Array): Promise<Reply> {
    const headers = { "content-type": "application/json", authorization: `Bearer ${TOKEN}` };
    const body: DoorRequest["body"] = (_limit, taken) => taken({ kind: "read", bytes });
    return this.#app.door.handle({ method, path, query: "", headers, fromLoopback: true, body });
  }
}

type Counts = {
  readonly promises: number;
  readonly timers: number;
  /** Of the heap; not every Node.js tells. */
  readonly bytes: number | undefined;
};

async function counted(work: () => Promise<void>): Promise<Counts> {
  let promises = 0;
  let timers = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === "PROMISE") promises++;
      else if (type === "Timeout" || type === "Immediate") timers++;
    },
  });
  const before = allocated();
  hook.enable();
  await work();
  hook.disable();
  const after = allocated();
  const bytes = before === undefined || after === undefined ? undefined : after - before;
  return { promises, timers, bytes };
}

/** Since V8 14. */
function allocated(): number | undefined {
  return (getHeapStatistics() as { readonly total_allocated_bytes?: number }).total_allocated_bytes;
}
