// What the door knows of how much waits: bounds that hold in a rush, and estimates that never harm an answer.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { EngineSource } from "../../src/core/engine.ts";
import { operation } from "../../src/core/operation.ts";
import type { Runtime, Store } from "../../src/core/runtime.ts";
import { Depths } from "../../src/door/depths.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { DoorRig, gist, headerOf } from "../support/door-rig.ts";
import { anything } from "../support/schemas.ts";

const event = (name: string, backlog?: number) =>
  operation({ name, flow: "event", input: anything, ...(backlog !== undefined && { backlog }) }, () => 1);
const queued = (items: readonly { readonly status: unknown }[]) =>
  items.filter(({ status }) => status === "queued").length;

suite("a backlog's bound", () => {
  test("holds for the calls of one batch", async () => {
    const rig = await DoorRig.start({ operations: [event("e", 10)] });
    await rig.pause("e");
    const items = await rig.batch(
      "e",
      Array.from({ length: 300 }, (_, i) => i),
    );
    assert.equal(queued(items), 10);
    assert.deepEqual(new Set(items.slice(10).map(({ code }) => code)), new Set(["backlog-full"]));
  });

  test("holds for calls that arrive while the store is asked how many wait", async () => {
    const rig = await DoorRig.start({ operations: [event("e", 10)] });
    await rig.pause("e");
    const figures = rig.engine.figures.bind(rig.engine);
    const late = Promise.withResolvers<void>();
    rig.engine.figures = async () => {
      const before = await figures();
      await late.promise;
      return before;
    };
    assert.equal(queued(await rig.batch("e", [1, 2, 3, 4, 5, 6])), 6);
    late.resolve();
    await rig.settle();
    assert.equal(queued(await rig.batch("e", [1, 2, 3, 4, 5, 6])), 4);
  });

  test("counts neither repeats nor what the store refused", async () => {
    const rig = await DoorRig.start({ operations: [event("e", 3)] });
    await rig.pause("e");
    rig.commit = async (changes) =>
      changes.map(() => ({ kind: "refused", code: "storage-unavailable", detail: "" }));
    assert.equal(gist(await rig.call("e")), "503 storage-unavailable");
    rig.commit = undefined;
    const key = { "idempotency-key": "k" };
    await Promise.all([rig.call("e", {}, key), rig.call("e", {}, key)]);
    assert.equal(queued(await rig.batch("e", [1, 2, 3])), 2);
  });
});

suite("a store that cannot say how much waits", () => {
  test("harms no call", async () => {
    const rig = await DoorRig.start({ operations: [event("e")] });
    await rig.pause("e");
    rig.engine.figures = () => Promise.reject(new Error("The figures cannot be read."));
    for (let i = 0; i < 3; i++) {
      assert.equal(gist(await rig.call("e")), "202 queued");
      await rig.clock.run(1_000);
    }
  });

  test("is reported once until it can again, and the last numbers stay", async () => {
    const rig = await DoorRig.start({ operations: [event("e")] });
    const reports: unknown[] = [];
    const { clock, engine } = rig;
    const runtime = { clock, onError: (error: unknown) => reports.push(error) } as unknown as Runtime;
    const depths = new Depths(runtime, { engine } as Store);
    const ask = async () => {
      await clock.run(1_000);
      depths.of("e");
      await rig.settle();
      return depths.of("e");
    };
    const answers = () => Promise.resolve([{ operation: "e", queued: 7, running: 0, failed: 0 }]);
    const fails = () => Promise.reject(new Error("The figures cannot be read."));
    engine.figures = answers;
    assert.equal(await ask(), 7);
    engine.figures = fails;
    for (let i = 0; i < 3; i++) assert.equal(await ask(), 7);
    assert.equal(reports.length, 1);
    engine.figures = answers;
    await ask();
    engine.figures = fails;
    await ask();
    assert.equal(reports.length, 2);
  });
});

suite("a store whose figures are dear", () => {
  test("is asked for the one queue that it is about, at most once in ten seconds", async () => {
    const rig = await DoorRig.start({ operations: [event("a", 10), event("b")] });
    await rig.pause("a");
    await rig.pause("b");
    const asked: string[] = [];
    rig.engine.figures = () => assert.fail("Its figures were asked for.");
    rig.engine.waiting = async (operation) => {
      asked.push(operation);
      return operation === "a" ? 10 : 0;
    };
    for (let i = 0; i < 3; i++) {
      assert.equal(gist(await rig.call("b")), "202 queued");
      await rig.clock.run(4_000);
    }
    assert.deepEqual(asked, ["b"]);
    assert.equal(gist(await rig.call("b")), "202 queued");
    assert.deepEqual(asked, ["b", "b"]);
    // Of a full backlog only what it says now counts.
    assert.equal(gist(await rig.call("a")), "202 queued");
    await rig.settle();
    assert.equal(gist(await rig.call("a")), "503 backlog-full");
    assert.deepEqual(asked, ["b", "b", "a", "a"]);
  });
});

suite("a job of an operation that is not registered", () => {
  test("can be read and cancelled", async () => {
    const source = memory();
    let store: ReturnType<EngineSource["open"]> | undefined;
    const shared: EngineSource = {
      ...source,
      open: (host) => {
        store ??= source.open(host);
        return store;
      },
    };
    const before = await DoorRig.start({ operations: [event("old")] }, shared);
    await before.pause("old");
    const { id } = JSON.parse((await before.call("old")).body);
    const after = await DoorRig.start({ operations: [event("new")] }, shared);
    const shown = await after.send("GET", `/receipts/${id}`);
    assert.equal(gist(shown), "200 queued");
    assert.equal(headerOf(shown, "retry-after"), "1");
    assert.equal(gist(await after.send("DELETE", `/receipts/${id}`)), "200 cancelled");
  });
});
