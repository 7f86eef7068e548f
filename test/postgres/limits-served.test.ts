/** Apps on one PostgreSQL, each with a door and a worker: what they run at once, called or queued, is one limit's. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type RunningApp, spillway } from "../../src/app/app.ts";
import { systemClock } from "../../src/core/clock.ts";
import { operation } from "../../src/core/operation.ts";
import { resource } from "../../src/core/resource.ts";
import type { Role } from "../../src/core/runtime.ts";
import { postgres } from "../../src/engines/postgres/index.ts";
import { requestOf } from "../support/door-exchange.ts";
import { anything } from "../support/schemas.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { type Cluster, cluster, dropSchema, missingCluster, newSchema } from "./support/cluster.ts";

const LIMIT = 6;
const clock = systemClock();
const pause = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));

suite("apps on one PostgreSQL", { skip: missingCluster(), timeout: 120_000 }, () => {
  const schema = newSchema();
  const apps: RunningApp[] = [];
  const random = new SeededRandom(9);
  let on: Cluster;
  let running = 0;
  let most = 0;
  const ranOn = new Map<string, number>();

  /** Its handlers count themselves, together with the other apps' in this process. */
  async function start(node: string, role: Role): Promise<RunningApp> {
    const db = resource("db", { concurrency: LIMIT });
    const run = async () => {
      running++;
      most = Math.max(most, running);
      ranOn.set(node, (ranOn.get(node) ?? 0) + 1);
      await pause(2 + random.integer(15));
      running--;
      return null;
    };
    const operations = (["request", "spill", "event"] as const).map((flow) =>
      operation({ name: flow, flow, input: anything, limits: db }, run),
    );
    const app = await spillway({ operations, engine: postgres(on.url, { schema }) }).start({
      ...{ node, machine: `machine of ${node}`, role, adminToken: undefined, boundToLoopback: true },
      onFatal: assert.fail,
    });
    apps.push(app);
    return app;
  }

  before(async () => {
    on = await cluster();
  });
  after(async () => {
    for (const app of apps) await stop(app);
    await dropSchema(on, schema);
  });

  test("run no more at once than the limit, whatever way it came, and lose nothing", async () => {
    const [one, two] = [await start("one", "gateway"), await start("two", "gateway")];
    await start("three", "worker");
    await start("four", "worker");
    const receipts: string[] = [];
    const calls: Promise<void>[] = [];
    for (let n = 0; n < 600; n++) {
      const app = random.chance(0.5) ? one : two;
      const flow = random.pick(["request", "spill", "event"]);
      calls.push(
        ask(app, "POST", `/operations/${flow}`, String(n)).then(({ status, body }) => {
          assert.ok([200, 202, 503].includes(status), body);
          if (status === 503) assert.equal(JSON.parse(body).code, "saturated");
          if (status === 202) receipts.push(JSON.parse(body).id);
        }),
      );
      if (n % 3 === 0) await pause(random.integer(6));
    }
    await Promise.all(calls);
    for (const id of receipts) {
      let status = "";
      while (status !== "succeeded") {
        assert.notEqual(status, "failed");
        status = JSON.parse((await ask(one, "GET", `/receipts/${id}`)).body).status;
        if (status !== "succeeded") await pause(20);
      }
    }
    assert.ok(most <= LIMIT, `${most} ran at once, of ${LIMIT}`);
    assert.equal(most, LIMIT);
    assert.ok(receipts.length > 100);
    assert.deepEqual([...ranOn.keys()].sort(), ["four", "one", "three", "two"]);
  });

  test("show one another, and how many workers are there", async () => {
    const [one] = apps as [RunningApp];
    const { items } = JSON.parse((await ask(one, "GET", "/admin/nodes")).body);
    assert.deepEqual(
      items.map(({ id, host, role, lost, self }: Record<string, unknown>) => [id, host, role, lost, self]),
      [
        ["four", "machine of four", "worker", false, false],
        ["one", "machine of one", "gateway", false, true],
        ["three", "machine of three", "worker", false, false],
        ["two", "machine of two", "gateway", false, false],
      ],
    );
    const scale = JSON.parse((await ask(one, "GET", "/admin/scale")).body);
    assert.equal(scale.working, 2);
    const metrics = (await ask(one, "GET", "/metrics")).body;
    assert.match(metrics, /\nspillway_nodes\{role="gateway"\} 2\nspillway_nodes\{role="worker"\} 2\n/);
  });

  test("are gone from the nodes when they have stopped, and another has their slots", async () => {
    const [one, two, ...workers] = apps as [RunningApp, RunningApp, ...RunningApp[]];
    for (const app of [two, ...workers]) await stop(app);
    apps.splice(1);
    const { items } = JSON.parse((await ask(one, "GET", "/admin/nodes")).body);
    assert.deepEqual(
      items.map(({ id }: Record<string, unknown>) => id),
      ["one"],
    );
    const all = await Promise.all([...Array(LIMIT)].map(() => ask(one, "POST", "/operations/request", "1")));
    assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([200]));
  });
});

async function stop(app: RunningApp): Promise<void> {
  app.beginDrain();
  await app.finishWork(5_000);
  await app.close();
}

async function ask(app: RunningApp, method: string, path: string, body = "") {
  return await app.door.handle(requestOf(method, path, { body }));
}
