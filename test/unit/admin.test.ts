// What an operator is shown: lists, jobs, dead letters, figures.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY_MS, ids, type Told, world } from "../support/admin-world.ts";
import { requestOf } from "../support/door-exchange.ts";

test("each path knows its methods, and nothing else is there", async () => {
  const { admin, ask } = await world().then((made) => ({ admin: made.admin, ask: made.ask.bind(made) }));
  for (const list of [
    "operations",
    "resources",
    "jobs",
    "dead-letters",
    "audit",
    "nodes",
    "scale",
    "reports",
  ])
    assert.equal(admin.allow([list]), "GET, HEAD, OPTIONS");
  assert.equal(admin.allow(["live"]), "GET, OPTIONS");
  assert.equal(admin.allow(["jobs", "some-id"]), "GET, HEAD, DELETE, OPTIONS");
  assert.equal(admin.allow(["jobs", "redrive"]), "POST, OPTIONS");
  assert.equal(admin.allow(["jobs", "purge"]), "POST, OPTIONS");
  assert.equal(admin.allow(["operations", "work"]), "GET, HEAD, PATCH, OPTIONS");
  assert.equal(admin.allow(["reports", "some.json"]), "GET, HEAD, OPTIONS");
  assert.equal(admin.allow(["resources", "db"]), "PATCH, OPTIONS");
  for (const rest of [
    [],
    [""],
    ["nothing"],
    ["jobs", ""],
    ["jobs", "id", "more"],
    ["audit", "x"],
    ["live", "x"],
  ])
    assert.equal(admin.allow(rest), undefined, rest.join("/"));
  assert.equal((await ask("GET", "/nothing")).body["code"], "not-found");
});

test("jobs are listed newest first, with principal and the input as it was sent", async () => {
  const made = await world();
  const first = await made.failed({ principal: "bob" });
  const second = await made.queued({ input: '{"price":1.10}' });
  const reply = await made.admin.handle(requestOf("GET", "/admin/jobs"), ["jobs"], "GET");
  assert.match(reply.body, /"input":\{"price":1\.10\}/);
  assert.ok(reply.headers.includes("no-store"));
  const items = await made.items("/jobs");
  assert.deepEqual(ids(items), [second.id, first.id]);
  const [, last] = items;
  assert.deepEqual([last?.["principal"], last?.["status"]], ["bob", "failed"]);
  assert.equal((last?.["error"] as Told | undefined)?.["code"], "handler-failed");
});

test("jobs are found by each filter", async () => {
  const made = await world();
  const one = await made.failed({}, "no-stock");
  made.clock.advance(DAY_MS);
  const other = await made.queued({ operation: "alone", principal: "bob" });
  const found = async (query: string) => ids(await made.items(`/jobs?${query}`));
  assert.deepEqual(await found("status=failed"), [one.id]);
  assert.deepEqual(await found("operation=alone"), [other.id]);
  assert.deepEqual(await found("errorCode=no-stock"), [one.id]);
  assert.deepEqual(await found("principal=bob"), [other.id]);
  assert.deepEqual(await found("from=2026-01-02T00:00:00Z"), [other.id]);
  assert.deepEqual(await found("from=2026-01-02T01:00:00%2B02:00"), [other.id]);
  assert.deepEqual(await found("to=2026-01-02T00:00:00.000Z"), [one.id]);
  assert.deepEqual(await found("status=&operation="), [other.id, one.id]);
});

test("pages follow each other by their cursor", async () => {
  const made = await world();
  const jobs = [await made.queued(), await made.queued(), await made.queued()];
  const { body } = await made.ask("GET", "/jobs?limit=2");
  assert.deepEqual(ids(body["items"] as Told[]), [jobs[2]?.id, jobs[1]?.id]);
  const rest = await made.ask("GET", `/jobs?limit=2&cursor=${body["next"]}`);
  assert.deepEqual([ids(rest.body["items"] as Told[]), rest.body["next"]], [[jobs[0]?.id], null]);

  const { body: page } = await made.ask("GET", "/operations?limit=1");
  assert.deepEqual((page["items"] as Told[])[0]?.["name"], "alone");
  const more = await made.ask("GET", `/operations?limit=1&cursor=${page["next"]}`);
  assert.deepEqual([(more.body["items"] as Told[])[0]?.["name"], more.body["next"]], ["work", null]);
});

test("a parameter that is unknown, repeated or unreadable is refused, all of them at once", async () => {
  const made = await world();
  const wrong = "/jobs?statu=failed&status=gone&from=yesterday&to=2026-02-30T00:00:00Z&limit=501&limit=2";
  assert.deepEqual(await made.pointers("GET", wrong), [
    "/statu",
    "/limit",
    "/status",
    "/from",
    "/to",
    "/limit",
  ]);
  assert.deepEqual(await made.pointers("GET", "/jobs?limit=0"), ["/limit"]);
  for (const list of ["jobs", "audit", "operations"])
    assert.deepEqual(await made.pointers("GET", `/${list}?cursor=nonsense`), ["/cursor"], list);
  assert.deepEqual(await made.pointers("GET", "/live?x=1"), ["/x"]);
  assert.deepEqual(await made.pointers("POST", "/jobs/purge?errorCode=x", { ids: [] }), ["/errorCode"]);
});

test("one job is shown with its attempts, effects, origin and trace", async () => {
  const made = await world();
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  const job = await made.failed({ details: { origin: "http", traceparent } });
  const { status, body } = await made.ask("GET", `/jobs/${job.id}`);
  assert.equal(status, 200);
  assert.deepEqual([body["id"], body["origin"], body["traceId"]], [job.id, "http", "a".repeat(32)]);
  assert.deepEqual(body["attempts"], [
    {
      number: 1,
      start: "2026-01-01T00:00:00.000Z",
      end: "2026-01-01T00:00:00.005Z",
      node: "here",
      error: { code: "handler-failed" },
    },
  ]);
  assert.deepEqual([body["effects"], body["input"], body["principal"]], [[], { n: 1 }, "ann"]);
});

test("an unknown job is unknown, and so is a call that was answered at once", async () => {
  const made = await world();
  const start = { token: "t", leaseMs: 1_000, ifLost: "forget" } as const;
  const { id } = await made.queued({ start, fingerprint: "f" });
  for (const unknown of ["none", id]) {
    const { status, body } = await made.ask("GET", `/jobs/${unknown}`);
    assert.deepEqual([status, body["code"]], [404, "unknown-receipt"]);
  }
});

test("operations show their limits, slots, queues and rates", async () => {
  const made = await world();
  await made.queued();
  await made.queued({ delayMs: DAY_MS });
  await made.queued({ operation: "gone", delayMs: DAY_MS });
  made.clock.advance(1_500);
  made.runtime.gate.take("work", "call");
  made.runtime.meters.get("work")?.count("accepted", 3);
  made.runtime.meters.get("work")?.count("accepted");
  const [alone, gone, work] = await made.items("/operations");
  assert.deepEqual(
    [alone?.["flow"], alone?.["concurrency"], alone?.["limit"], alone?.["resources"], alone?.["queued"]],
    ["event", 2, 2, [], 0],
  );
  assert.deepEqual(gone, {
    name: "gone",
    unserved: true,
    queued: 1,
    waiting: 0,
    running: 0,
    failed: 0,
    oldestAgeMs: null,
  });
  assert.deepEqual(
    [work?.["concurrency"], work?.["limit"], work?.["resources"], work?.["inUse"], work?.["peak"]],
    [null, 4, ["db"], 1, 1],
  );
  assert.deepEqual([work?.["queued"], work?.["waiting"], work?.["oldestAgeMs"]], [2, 2, 1_500]);
  assert.equal((work?.["rates"] as Told | undefined)?.["acceptedPerSecond"], 0.4);
  made.clock.advance(60_000);
  const [later] = await made.items("/resources");
  const nothing = { answered: 0, refused: 0, succeeded: 0, failed: 0, retried: 0 };
  assert.deepEqual(later?.["totals"], { ...nothing, accepted: 4 }, "totals are never forgotten");
  assert.equal((later?.["rates"] as Told | undefined)?.["acceptedPerSecond"], 0);
});

test("an operation tells what a call of it takes, where its schema can say", async () => {
  const made = await world();
  const { status, body } = await made.ask("GET", "/operations/alone");
  assert.deepEqual([status, body["name"], body["limit"]], [200, "alone", 2]);
  assert.deepEqual(
    [body["route"], body["idempotency"], body["backlog"], body["timeoutMs"], body["inputBytes"]],
    [null, "optional", null, 30_000, 262_144],
  );
  assert.deepEqual(body["retry"], { maxAttempts: 5, baseMs: 500, capMs: 60_000 });
  assert.equal(body["inputSchema"], null, "a schema that speaks no JSON Schema");
  await made.queued({ operation: "gone" });
  assert.equal((await made.ask("GET", "/operations/gone")).body["unserved"], true);
  assert.equal((await made.ask("GET", "/operations/none")).body["code"], "unknown-operation");
});

test("reports are listed newest first, page by page, damaged ones too", async () => {
  const report = (name: string, day: number) => ({
    name,
    madeAt: `2026-01-0${day}T00:00:00.000Z`,
    damaged: "x",
  });
  const entries = [report("b", 1), report("c", 3), report("a", 2), report("d", 2)];
  const read = async (name: string) => (name === "a" ? '{"kind":"x"}' : undefined);
  const made = await world(true, { list: async () => entries, read });
  const { body } = await made.ask("GET", "/reports?limit=3");
  const names = (told: Told) => (told["items"] as Told[]).map(({ name }) => name);
  assert.deepEqual(names(body), ["c", "a", "d"]);
  assert.deepEqual(names((await made.ask("GET", `/reports?cursor=${body["next"]}`)).body), ["b"]);
  assert.deepEqual((await made.ask("GET", "/reports/a")).body, { kind: "x" });
  assert.deepEqual((await made.ask("GET", "/reports/b")).status, 404);
  assert.deepEqual(await (await world()).items("/reports"), [], "of a server without reports");
});

test("resources sum up the operations that name them", async () => {
  const made = await world();
  await made.queued();
  const [db, ...others] = await made.items("/resources");
  assert.deepEqual(others, []);
  assert.deepEqual(
    [db?.["name"], db?.["concurrency"], db?.["operations"], db?.["queued"], db?.["ratePerSecond"]],
    ["db", 4, ["work"], 1, 50],
  );
});

test("dead letters are grouped by operation and error code", async () => {
  const made = await world();
  await made.failed();
  made.clock.advance(1_000);
  await made.failed();
  await made.failed({ operation: "alone" }, "no-stock");
  const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
  assert.deepEqual(await made.items("/dead-letters"), [
    { operation: "alone", errorCode: "no-stock", count: 1, firstSeen: at(1_000), lastSeen: at(1_000) },
    { operation: "work", errorCode: "handler-failed", count: 2, firstSeen: at(0), lastSeen: at(1_000) },
  ]);
  assert.equal((await made.items("/dead-letters?limit=1")).length, 1);
});

test("without an engine there are no jobs, and a setting that cannot be kept is refused", async () => {
  const made = await world(false);
  for (const list of ["jobs", "dead-letters", "audit"]) assert.deepEqual(await made.items(`/${list}`), []);
  assert.equal((await made.items("/operations")).length, 2);
  assert.equal((await made.ask("GET", "/jobs/any")).body["code"], "unknown-receipt");
  for (const change of ["redrive", "purge"])
    assert.deepEqual((await made.ask("POST", `/jobs/${change}`, { ids: ["a"] })).body, { count: 0 });
  const { status, body } = await made.ask("PATCH", "/operations/work", { paused: true });
  assert.deepEqual([status, body["code"]], [503, "storage-unavailable"]);
  assert.equal(made.runtime.gate.isPaused("work"), false);
});

test("all live streams share one look a second, and none is taken when nobody watches", async () => {
  const made = await world();
  const [one, other] = [made.watch(), made.watch()];
  (await made.stream()).stream?.(one.sink);
  await made.clock.run(0);
  (await made.stream()).stream?.(other.sink);
  await made.clock.run(3_000);
  assert.deepEqual([one.events.length, other.events.length, made.asked], [4, 4, 4]);
  const data = JSON.parse(/^event: figures\ndata: (.*)\n\n$/.exec(one.events[0] ?? "")?.[1] ?? "") as Told;
  assert.deepEqual(Object.keys(data), ["at", "node", "startedAt", "operations", "resources"]);
  assert.deepEqual([data["node"], data["startedAt"]], ["here", "2026-01-01T00:00:00.000Z"]);
  one.close();
  await made.clock.run(1_000);
  assert.deepEqual([one.events.length, other.events.length], [4, 5]);
  other.close();
  await made.clock.run(5_000);
  assert.deepEqual([made.asked, made.clock.pending], [5, 0]);
});

test("a server that drains ends every live stream and opens no other", async () => {
  const made = await world();
  const watched = made.watch();
  (await made.stream()).stream?.(watched.sink);
  await made.clock.run(0);
  made.runtime.drain.begin();
  assert.deepEqual([watched.ended, made.clock.pending], [true, 0]);
  assert.equal((await made.ask("GET", "/live")).body["code"], "draining");
});

test("a live stream ends when the store cannot answer", async () => {
  const made = await world();
  const watched = made.watch();
  await made.engine.close();
  (await made.stream()).stream?.(watched.sink);
  await made.clock.run(0);
  assert.deepEqual([watched.ended, watched.events, made.clock.pending], [true, [], 0]);
});
