// docs/wire.md §7: nodes, the workers that are wanted, and metrics.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { Operator, type Page } from "./support/admin.ts";
import { accepted, answered, refused } from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { times, until } from "./support/wait.ts";

const lab = await Lab.start();
const operator = new Operator(lab.server);
after(() => lab.stop());

type Told = Readonly<Record<string, unknown>>;
type Scale = Told & { readonly workers: number; readonly working: number; readonly items: readonly Told[] };

async function scale(query = ""): Promise<Scale> {
  return answered(await operator.get(`scale${query}`)) as Scale;
}

suite("§7 nodes", () => {
  test("§7 the process that answers is one of them, with its members", async () => {
    const { items, next } = answered(await operator.get("nodes")) as Page<Told>;
    assert.equal(next, null);
    const [node] = items.filter(({ self }) => self);
    assert.ok(node);
    assert.deepEqual(Object.keys(node).toSorted(), [
      ...["host", "id", "lost", "operations", "resources", "role", "seenAt", "self", "startedAt"],
    ]);
    assert.deepEqual([node["role"], node["lost"]], ["all", false]);
    for (const time of ["startedAt", "seenAt"]) assert.ok(Date.parse(String(node[time])) > 0);
  });

  test("§7 what runs in it is in its slots", async () => {
    await using _ = await lab.occupy("pair", 2);
    const { items } = answered(await operator.get("nodes")) as Page<Told>;
    const resources = items[0]?.["resources"] as readonly Told[];
    assert.deepEqual(
      resources.filter(({ name }) => name === "two"),
      [{ name: "two", inUse: 2 }],
    );
    const operations = items[0]?.["operations"] as readonly Told[];
    const [pair] = operations.filter(({ name }) => name === "pair-event");
    assert.deepEqual(Object.keys(pair ?? {}).toSorted(), [
      ...["answeredPerSecond", "arrivalsPerSecond", "inUse", "name", "refusedPerSecond", "runMs"],
      "runsPerSecond",
    ]);
  });

  test("§7 calls that it answered at once or refused are in its rates", async () => {
    const rates = async () => {
      const { items } = answered(await operator.get("nodes")) as Page<Told>;
      const operations = items[0]?.["operations"] as readonly Told[];
      const found = operations.find(({ name }) => name === "one-request");
      return [found?.["answeredPerSecond"], found?.["refusedPerSecond"]];
    };
    {
      await using _ = await lab.occupy("one");
      refused(await lab.act("one-request", fresh(), ["ok"]), 503, "saturated");
      assert.ok(Number((await rates())[1]) > 0);
    }
    answered(await lab.act("one-request", fresh(), ["ok"]));
    assert.ok(Number((await rates())[0]) > 0);
  });
});

suite("§7 the workers that are wanted", () => {
  test("§7 the answer has its members, of the operations that are queued", async () => {
    const told = await scale();
    assert.deepEqual(Object.keys(told).toSorted(), ["at", "items", "within", "workers", "working"]);
    assert.deepEqual([told["within"], told.working], [60, 1]);
    const members = [
      ...["arrivalsPerSecond", "limit", "name", "oldestAgeMs", "paused", "perWorker", "runMs", "running"],
      ...["slots", "waiting", "workers"],
    ];
    for (const item of told.items) assert.deepEqual(Object.keys(item).toSorted(), members);
    assert.ok(told.items.some(({ name }) => name === "pair-event"));
    assert.ok(!told.items.some(({ name }) => name === "pair-request"));
  });

  test("§7 one is wanted while something waits, and none when nothing does", async () => {
    assert.equal((await scale("?operation=pair-event")).workers, 0);
    {
      await using _ = await lab.occupy("pair", 2);
      const calls = times(3).map(async () => accepted(await lab.act("pair-event", fresh(), ["ok"])));
      await Promise.all(calls);
      const told = await until("three wait", async () => {
        const found = await scale("?operation=pair-event&within=5m&slots=4");
        return found.items[0]?.["waiting"] === 3 && found;
      });
      assert.equal(told["within"], 300);
      assert.equal(told.items.length, 1);
      assert.equal(told.items[0]?.["perWorker"], 4);
      assert.ok(told.workers >= 1);
    }
    await until("nothing is wanted", async () => {
      const { items } = await scale("?operation=pair-event");
      return items[0]?.["waiting"] === 0 && items[0]["running"] === 0;
    });
  });

  test("§7 what cannot be read is refused, and an operation that is not there", async () => {
    for (const [query, pointer] of [
      ["within=soon", "/within"],
      ["within=0s", "/within"],
      ["within=25h", "/within"],
      ["slots=0", "/slots"],
      ["slots=1.5", "/slots"],
      ["until=60s", "/until"],
    ] as const) {
      const problem = refused(await operator.get(`scale?${query}`), 422, "invalid-input");
      assert.deepEqual(
        problem.errors?.map((error) => error.pointer),
        [pointer],
        query,
      );
    }
    refused(await operator.get("scale?operation=nobody"), 404, "unknown-operation");
  });
});

suite("§7 metrics", () => {
  test("§7 are Prometheus text that needs no token, each gauge with its type", async () => {
    const reply = await lab.client.get("/metrics");
    assert.equal(reply.status, 200);
    assert.equal(reply.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    const text = reply.text;
    for (const line of text.trimEnd().split("\n"))
      assert.match(
        line,
        /^(?:# (?:HELP|TYPE) spillway_\w+ .+|spillway_\w+(?:\{\w+="[\w.-]+"\})? \d+(?:\.\d+)?)$/,
      );
    for (const gauge of [
      "jobs_queued",
      "jobs_running",
      "jobs_failed",
      "oldest_job_age_seconds",
      "workers_wanted",
    ]) {
      assert.match(text, new RegExp(`# TYPE spillway_${gauge} gauge\n`));
      assert.match(text, new RegExp(`\nspillway_${gauge}\\{operation="pair-event"\\} `));
    }
    assert.match(text, /\nspillway_nodes\{role="all"\} 1\n/);
    assert.match(text, /\nspillway_workers_wanted_in_all \d+\n/);
  });
});
