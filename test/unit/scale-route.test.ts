// GET /admin/scale and GET /metrics: what they ask of the store, and whether one operation's figure is the same alone.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Gate } from "../../src/core/gate.ts";
import { Meter } from "../../src/core/meter.ts";
import { operation } from "../../src/core/operation.ts";
import { resource } from "../../src/core/resource.ts";
import type { Runtime } from "../../src/core/runtime.ts";
import { scaleOf } from "../../src/door/admin/scale.ts";
import { Metrics } from "../../src/door/metrics.ts";
import { world } from "../support/admin-world.ts";
import { DoorRig } from "../support/door-rig.ts";
import { anything } from "../support/schemas.ts";

/** Two operations with a minute's backlog each for all ten slots that they share; a run takes a second. */
async function sharing(): Promise<Runtime> {
  const { runtime, engine, clock } = await world();
  const limits = resource("shared", { concurrency: 10 });
  const operations = ["a", "b"].map((name) =>
    operation({ name, input: anything, flow: "event", limits }, () => null),
  );
  const figures = async () =>
    operations.map(({ spec }) => ({ operation: spec.name, queued: 600, running: 0, failed: 0, oldestAt: 0 }));
  const meters = new Map(operations.map(({ spec }) => [spec.name, new Meter(clock)]));
  for (const meter of meters.values()) meter.ran(1_000);
  const specs = operations.map(({ spec }) => spec);
  return {
    ...runtime,
    operations: new Map(operations.map((one) => [one.spec.name, one])),
    gate: new Gate(specs, clock),
    meters,
    store: runtime.store && { ...runtime.store, engine: Object.assign(Object.create(engine), { figures }) },
  };
}

describe("the workers that are wanted, as they are told", () => {
  test("are as many of an operation that is asked for alone as of it among all", async () => {
    const runtime = await sharing();
    const all = await scaleOf(runtime, 60_000, { slots: 1 });
    assert.deepEqual([all.workers, all.items.map(({ workers }) => workers)], [10, [5, 5]]);
    const alone = await scaleOf(runtime, 60_000, { slots: 1, operation: "b" });
    assert.deepEqual([alone.workers, alone.items.map(({ workers }) => workers)], [5, [5]]);
  });

  test("and all other metrics take one look at the store's figures", async () => {
    const made = await world();
    const { status } = await new Metrics(made.runtime).reply();
    assert.deepEqual([status, made.asked], [200, 1]);
  });

  test("go by how long runs really take, whatever is done to the clock meanwhile", async () => {
    const rig = await DoorRig.start({
      operations: [
        operation({ name: "slow", input: anything, flow: "spill" }, () => {
          return new Promise<null>((resolve) => rig.clock.after(400, () => resolve(null)));
        }),
      ],
    });
    const since = rig.clock.now();
    const call = rig.call("slow");
    await rig.settle();
    // As it is held back while the store's clock turns out to be behind.
    rig.clock.now = () => since + 200;
    await rig.clock.run(400);
    assert.equal((await call).status, 200);
    const { items } = JSON.parse((await rig.send("GET", "/admin/scale")).body);
    assert.equal(items[0].runMs, 400);
  });
});
