/** Apps on one PostgreSQL, at which operators set halves of one setting: neither undoes the other's. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type RunningApp, spillway } from "../../src/app/app.ts";
import { operation } from "../../src/core/operation.ts";
import { postgres } from "../../src/engines/postgres/index.ts";
import { anything } from "../support/schemas.ts";
import { until } from "../wire/support/wait.ts";
import { type Cluster, cluster, dropSchema, missingCluster, newSchema } from "./support/cluster.ts";

const ROUNDS = 25;
const PATH = "/admin/operations/work";

type Entry = { readonly paused: boolean; readonly concurrency: number };

suite("§7 halves of one setting, at two nodes at once", { skip: missingCluster(), timeout: 60_000 }, () => {
  const schema = newSchema();
  const apps: RunningApp[] = [];
  let on: Cluster;

  before(async () => {
    on = await cluster();
    for (const node of ["one", "two"]) {
      const work = operation({ name: "work", input: anything }, () => null);
      const app = await spillway({ operations: [work], engine: postgres(on.url, { schema }) }).start({
        ...{ node, role: "all", adminToken: undefined, boundToLoopback: true },
        onFatal: assert.fail,
      });
      apps.push(app);
    }
  });
  after(async () => {
    for (const app of apps) {
      app.beginDrain();
      await app.finishWork(5_000);
      await app.close();
    }
    await dropSchema(on, schema);
  });

  test("§7 both count, each answer has its own, and both nodes come to have the whole", async () => {
    const [one, two] = apps as [RunningApp, RunningApp];
    for (let round = 1; round <= ROUNDS; round++) {
      const whole = { paused: round % 2 === 1, concurrency: round };
      const [pause, limit] = await Promise.all([
        patched(one, { paused: whole.paused }),
        patched(two, { concurrency: round }),
      ]);
      assert.equal(pause.paused, whole.paused);
      assert.equal(limit.concurrency, round);
      // Whoever was answered last has seen both.
      assert.ok(
        [pause, limit].some((entry) => isLike(entry, whole)),
        JSON.stringify([pause, limit]),
      );
      for (const app of apps)
        await until(`round ${round} is in force`, async () => isLike(await shown(app), whole));
    }
    const audit = JSON.parse(await asked(one, "GET", "/admin/audit")).items as readonly { detail: object }[];
    const said = audit.map(({ detail }) => Object.keys(detail).join());
    assert.equal(said.filter((names) => names === "paused").length, ROUNDS);
    assert.equal(said.filter((names) => names === "concurrency").length, ROUNDS);
  });
});

function isLike({ paused, concurrency }: Entry, whole: Entry): boolean {
  return paused === whole.paused && concurrency === whole.concurrency;
}

async function patched(app: RunningApp, change: Partial<Entry>): Promise<Entry> {
  return JSON.parse(await asked(app, "PATCH", PATH, JSON.stringify(change)));
}

async function shown(app: RunningApp): Promise<Entry> {
  return JSON.parse(await asked(app, "GET", PATH));
}

async function asked(app: RunningApp, method: string, path: string, body = ""): Promise<string> {
  const bytes = new TextEncoder().encode(body);
  const reply = await app.door.handle({
    ...{ method, path, query: "", fromLoopback: true },
    headers: { host: "localhost", "content-type": "application/json" },
    body: (_limit, taken) => taken({ kind: "read", bytes }),
  });
  assert.equal(reply.status, 200, reply.body);
  return reply.body;
}
