// Slots that several processes share: who finds none elsewhere is told what it would be told here.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { EngineSource } from "../../src/core/engine.ts";
import { type Operation, operation } from "../../src/core/operation.ts";
import type { Shares } from "../../src/core/share.ts";
import { retentionOf } from "../../src/core/store-defaults.ts";
import { MemoryEngine } from "../../src/engines/memory/engine.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { altered } from "../support/altered-engine.ts";
import { DoorRig, gist } from "../support/door-rig.ts";
import { anything } from "../support/schemas.ts";

/** So many, of all operations together, for whoever opens this source. */
class Counted implements Shares {
  free: number;
  readonly asked: [operation: string, forMs: number][] = [];
  broken = false;

  constructor(free: number) {
    this.free = free;
  }

  async take(name: string, forMs: number) {
    this.asked.push([name, forMs]);
    if (this.broken) throw new Error("ECONNRESET");
    if (this.free === 0) return undefined;
    this.free--;
    return { release: () => void this.free++ };
  }
}

const withShares = (shares: Shares, source = memory()): EngineSource =>
  altered(source, (engine) => Object.assign(engine, { shares }));

function rigOf(shares: Shares, operations: readonly Operation[]): Promise<DoorRig> {
  return DoorRig.start({ operations }, withShares(shares));
}

const held = () => Promise.withResolvers<number>();

suite("a call that is run at once where slots are shared", () => {
  test("holds a share until its handler has ended", async () => {
    const shares = new Counted(1);
    const end = held();
    const rig = await rigOf(shares, [
      operation({ name: "r", flow: "request", input: anything }, () => end.promise),
    ]);
    const first = rig.call("r");
    await rig.settle();
    assert.equal(shares.free, 0);
    assert.equal(gist(await rig.call("r")), "503 saturated");
    end.resolve(1);
    assert.equal((await first).status, 200);
    assert.equal(shares.free, 1);
  });

  test("holds it while a handler goes on that has outlived its timeout", async () => {
    const shares = new Counted(1);
    const end = held();
    const rig = await rigOf(shares, [
      operation({ name: "r", flow: "request", input: anything, timeout: "1s" }, () => end.promise),
    ]);
    const first = rig.call("r");
    await rig.settle();
    await rig.clock.run(1_000);
    assert.equal(gist(await first), "504 handler-timeout");
    assert.equal(shares.free, 0);
    end.resolve(1);
    await rig.settle();
    assert.equal(shares.free, 1);
  });

  test("asks for it for as long as such a handler keeps its slot here", async () => {
    const shares = new Counted(1);
    const rig = await rigOf(shares, [
      operation({ name: "r", flow: "request", input: anything, timeout: "28s" }, () => held().promise),
    ]);
    const call = rig.call("r");
    await rig.settle();
    const [[, forMs] = ["", 0]] = shares.asked;
    await rig.clock.run(28_000);
    assert.equal(gist(await call), "504 handler-timeout");
    await rig.clock.run(29_999);
    assert.equal(shares.free, 0);
    await rig.clock.run(1);
    assert.equal(shares.free, 1);
    assert.ok(forMs >= 58_000, `asked for ${forMs} ms`);
  });

  test("is queued where none is free, if it may be", async () => {
    const rig = await rigOf(new Counted(0), [
      operation({ name: "s", flow: "spill", input: anything }, () => 1),
      operation({ name: "r", flow: "request", input: anything }, () => 1),
    ]);
    assert.equal(gist(await rig.call("s")), "202 queued");
    assert.equal(gist(await rig.call("r")), "503 saturated");
  });

  test("takes no share when there is no slot here, or when it is an event", async () => {
    const shares = new Counted(5);
    const limits = { concurrency: 1 };
    const end = held();
    const rig = await rigOf(shares, [
      operation({ name: "r", flow: "request", input: anything, limits }, () => end.promise),
      operation({ name: "e", flow: "event", input: anything }, () => 1),
    ]);
    const first = rig.call("r");
    assert.equal(gist(await rig.call("r")), "503 saturated");
    assert.equal(gist(await rig.call("e")), "202 queued");
    assert.deepEqual(
      shares.asked.map(([name]) => name),
      ["r"],
    );
    end.resolve(1);
    await first;
  });

  test("gives its slot here back when no share is free, and its share when its key was used before", async () => {
    const shares = new Counted(0);
    const limits = { concurrency: 1 };
    const rig = await rigOf(shares, [
      operation({ name: "r", flow: "request", input: anything, limits }, () => 1),
    ]);
    assert.equal(gist(await rig.call("r")), "503 saturated");
    shares.free = 1;
    const key = { "idempotency-key": "k" };
    const both = await Promise.all([rig.call("r", {}, key), rig.call("r", {}, key)]);
    assert.equal(both.filter(({ status }) => status === 200).length, 1);
    assert.equal(shares.free, 1);
    assert.equal((await rig.call("r")).status, 200);
  });

  test("has none where the store cannot tell, and the log says why", async () => {
    const shares = new Counted(1);
    shares.broken = true;
    const rig = await rigOf(shares, [operation({ name: "s", flow: "spill", input: anything }, () => 1)]);
    assert.equal(gist(await rig.call("s")), "202 queued");
    assert.match(String(rig.errors[0]), /ECONNRESET/);
  });
});

test("a call whose node is still asking for a slot when it begins to drain is not begun there", async () => {
  const source = memory();
  const limits = { ...source.limits, singleOwner: false };
  const asked = Promise.withResolvers<void>();
  const open: EngineSource["open"] = async (host) => {
    const engine = new MemoryEngine(host, limits, retentionOf(undefined, "the test"));
    const share = engine.share.bind(engine);
    engine.share = async (request) => {
      if (request.limits.length > 0) await asked.promise;
      return share(request);
    };
    return engine;
  };
  let begun = 0;
  const handler = () => ++begun;
  const rig = await DoorRig.start(
    {
      operations: [
        operation({ name: "r", flow: "request", input: anything }, handler),
        operation({ name: "s", flow: "spill", input: anything }, handler),
      ],
    },
    { ...source, limits, open },
  );
  const calls = [rig.call("r"), rig.call("s")];
  await rig.clock.run(100);
  const finished = rig.app.finishWork(1_000);
  asked.resolve();
  await rig.clock.run(1_000);
  assert.deepEqual((await Promise.all(calls)).map(gist), ["503 draining", "202 queued"]);
  assert.equal(begun, 0);
  await finished;
});
