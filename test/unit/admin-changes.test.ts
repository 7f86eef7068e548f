// What an operator changes: settings, redrive, purge.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ids, world } from "../support/admin-world.ts";

test("a PATCH is in force at once, kept, written to the audit, and answers the entry", async () => {
  const made = await world();
  const paused = await made.ask("PATCH", "/resources/db", { paused: true });
  assert.deepEqual([paused.status, paused.body["name"], paused.body["paused"]], [200, "db", true]);
  assert.deepEqual(made.runtime.gate.take("work", "call"), { kind: "paused" });
  const limited = await made.ask("PATCH", "/resources/db", { concurrency: 7 });
  assert.deepEqual(
    [limited.body["paused"], limited.body["concurrency"], limited.body["declared"]],
    [true, 7, 4],
  );
  assert.deepEqual(await made.engine.settings(), [
    { scope: "resource", name: "db", paused: true, concurrency: 7 },
  ]);
  const back = await made.ask("PATCH", "/resources/db", { concurrency: null, paused: false });
  assert.deepEqual([back.body["paused"], back.body["concurrency"]], [false, 4]);
  const own = await made.ask("PATCH", "/operations/work", { concurrency: 1 });
  assert.deepEqual([own.body["concurrency"], own.body["limit"], own.body["flow"]], [1, 1, "spill"]);
  const audit = await made.items("/audit");
  assert.deepEqual(audit[0], {
    at: "2026-01-01T00:00:00.000Z",
    by: "admin",
    action: "set",
    target: "operations/work",
    detail: { concurrency: 1 },
  });
  assert.deepEqual(audit.map(({ detail }) => detail).slice(1), [
    { paused: false, concurrency: null },
    { concurrency: 7 },
    { paused: true },
  ]);
});

test("two patches at once both count", async () => {
  const made = await world();
  await Promise.all([
    made.ask("PATCH", "/operations/work", { paused: true }),
    made.ask("PATCH", "/operations/work", { concurrency: 3 }),
  ]);
  assert.deepEqual(await made.engine.settings(), [
    { scope: "operation", name: "work", paused: true, concurrency: 3 },
  ]);
});

test("a PATCH alters what it names, and answers with what another node set beside it", async () => {
  const made = await world();
  const resource = { scope: "resource", name: "db" } as const;
  await made.engine.commit([{ kind: "set", setting: { ...resource, paused: true, concurrency: 9 } }]);
  const { body } = await made.ask("PATCH", "/resources/db", { concurrency: 7 });
  assert.deepEqual([body["paused"], body["concurrency"]], [true, 7]);
  assert.equal(made.runtime.gate.isPaused("work"), true);
  assert.deepEqual(await made.engine.settings(), [{ ...resource, paused: true, concurrency: 7 }]);
  assert.deepEqual(
    (await made.items("/audit")).map(({ detail }) => detail),
    [{ concurrency: 7 }],
  );
});

test("a PATCH that says nothing, too much or nonsense changes nothing", async () => {
  const made = await world();
  const pointers = (body: unknown) => made.pointers("PATCH", "/operations/work", body);
  assert.deepEqual(await pointers({}), [""]);
  assert.deepEqual(await pointers([]), [""]);
  assert.deepEqual(await pointers({ paused: "yes", concurrency: 0 }), ["/paused", "/concurrency"]);
  assert.deepEqual(await pointers({ paused: true, "lim/it": 1 }), ["/lim~1it"]);
  for (const concurrency of [1.5, 100_001, "4"])
    assert.deepEqual(await pointers({ concurrency }), ["/concurrency"]);
  const patch = async (name: string, body: unknown) => (await made.ask("PATCH", name, body)).body["code"];
  assert.equal(await patch("/operations/none", { paused: true }), "unknown-operation");
  assert.equal(await patch("/resources/none", { paused: true }), "not-found");
  assert.equal(await patch("/operations/work", "{"), "malformed-json");
  assert.equal(await patch("/operations/work", `"${"x".repeat(1024 * 1024)}"`), "too-large");
  assert.equal(await patch("/operations/work", undefined), "unsupported-media-type");
  assert.deepEqual([await made.engine.settings(), await made.items("/audit")], [[], []]);
});

test("redrive by ids counts those that were really failed, once", async () => {
  const made = await world();
  const failed = await made.failed();
  const queued = await made.queued();
  const { body } = await made.ask("POST", "/jobs/redrive", {
    ids: [failed.id, queued.id, "none", failed.id],
  });
  assert.deepEqual(body, { count: 1 });
  assert.deepEqual(ids(await made.items("/jobs?status=failed")), []);
  const [entry] = await made.items("/audit");
  assert.deepEqual(
    [entry?.["action"], entry?.["target"], entry?.["detail"]],
    ["redrive", "jobs", { count: 1, ids: [failed.id] }],
  );
});

test("redrive by filter reaches every page, and leaves the others", async () => {
  const made = await world();
  for (let i = 0; i < 250; i++) await made.failed();
  const other = await made.failed({}, "no-stock");
  const filter = { operation: "work", errorCode: "handler-failed" };
  assert.deepEqual((await made.ask("POST", "/jobs/redrive", filter)).body, { count: 250 });
  assert.deepEqual(ids(await made.items("/jobs?status=failed")), [other.id]);
  assert.deepEqual((await made.items("/audit"))[0]?.["detail"], { count: 250, ...filter });
  assert.deepEqual((await made.ask("POST", "/jobs/redrive", {})).body, { count: 1 });
});

test("a redrive that the store cuts short is refused, and the audit has what was done", async () => {
  const made = await world();
  for (let i = 0; i < 120; i++) await made.failed();
  let left = 110;
  made.refuses = ({ kind }) => kind === "redrive" && left-- <= 0;
  const { status, body } = await made.ask("POST", "/jobs/redrive", { operation: "work" });
  assert.deepEqual([status, body["code"]], [503, "storage-unavailable"]);
  assert.deepEqual((await made.items("/audit"))[0]?.["detail"], { count: 110, operation: "work" });
  assert.equal((await made.items("/jobs?status=failed")).length, 10);
});

test("a PATCH that the store refuses is not in force", async () => {
  const made = await world();
  made.refuses = ({ kind }) => kind === "set";
  assert.equal((await made.ask("PATCH", "/resources/db", { paused: true })).status, 503);
  assert.equal(made.runtime.gate.isPaused("work"), false);
});

test("§9 a limit that was divided beforehand is not changed by a PATCH, and a pause is", async () => {
  const made = await world();
  Object.assign(made.engine, { shares: { take: async () => undefined } });
  const { status, body } = await made.ask("PATCH", "/resources/db", { concurrency: 1, paused: true });
  assert.deepEqual([status, body["code"]], [501, "not-on-this-deployment"]);
  assert.deepEqual([await made.engine.settings(), await made.items("/audit")], [[], []]);
  assert.equal((await made.ask("PATCH", "/resources/db", { concurrency: null, paused: true })).status, 200);
});

test("nothing is changed that the audit could not take", async () => {
  const made = await world();
  const queued = await made.queued();
  made.refuses = ({ kind }) => kind === "audit";
  const codes = [
    await made.ask("PATCH", "/resources/db", { paused: true }),
    await made.ask("DELETE", `/jobs/${queued.id}`),
  ].map(({ status, body }) => [status, body["code"]]);
  assert.deepEqual(codes, [
    [503, "storage-unavailable"],
    [503, "storage-unavailable"],
  ]);
  assert.deepEqual([await made.engine.settings(), made.runtime.gate.isPaused("work")], [[], false]);
  assert.deepEqual(ids(await made.items("/jobs?status=queued")), [queued.id]);
});

test("a rate spreads a redrive over time, the oldest first", async () => {
  const made = await world();
  const jobs = [await made.failed(), await made.failed(), await made.failed()];
  const { body } = await made.ask("POST", "/jobs/redrive", { operation: "work", rate: "50/s" });
  assert.deepEqual(body, { count: 3 });
  const due = (await made.engine.list({ limit: 10 })).items.map(({ id, availableAt }) => [
    id,
    availableAt - made.clock.now(),
  ]);
  assert.deepEqual(due, [
    [jobs[2]?.id, 40],
    [jobs[1]?.id, 20],
    [jobs[0]?.id, 0],
  ]);
  const [entry] = await made.items("/audit");
  assert.deepEqual(entry?.["detail"], { count: 3, operation: "work", rate: "50/s" });
});

test("a redrive that is not understood changes nothing", async () => {
  const made = await world();
  await made.failed();
  await made.failed();
  const pointers = (body: unknown) => made.pointers("POST", "/jobs/redrive", body);
  assert.deepEqual(await pointers({ rate: "fast" }), ["/rate"]);
  assert.deepEqual(await pointers({ rate: "0.0001/h" }), ["/rate"]);
  assert.deepEqual(await pointers({ ids: ["a"], operation: "work" }), ["/ids"]);
  assert.deepEqual(await pointers({ ids: [1] }), ["/ids"]);
  assert.deepEqual(await pointers({ ids: Array.from({ length: 1_001 }, String) }), ["/ids"]);
  assert.deepEqual(await pointers({ operation: "", errorcode: "x" }), ["/errorcode", "/operation"]);
  assert.equal((await made.items("/jobs?status=failed")).length, 2);
  assert.deepEqual(await made.items("/audit"), []);
});

test("purge removes failed jobs for good, and wants to be told which", async () => {
  const made = await world();
  const failed = await made.failed();
  const queued = await made.queued();
  assert.deepEqual(await made.pointers("POST", "/jobs/purge", {}), [""]);
  assert.deepEqual(await made.pointers("POST", "/jobs/purge", { rate: "1/s", operation: "work" }), ["/rate"]);
  const { body } = await made.ask("POST", "/jobs/purge", { operation: "work" });
  assert.deepEqual(body, { count: 1 });
  assert.equal((await made.ask("GET", `/jobs/${failed.id}`)).status, 404);
  assert.deepEqual(ids(await made.items("/jobs")), [queued.id]);
  assert.deepEqual((await made.items("/audit"))[0]?.["detail"], { count: 1, operation: "work" });
});

test("anyone's job can be cancelled, once, and the audit says so", async () => {
  const made = await world();
  const queued = await made.queued({ principal: "bob" });
  const gone = await made.ask("DELETE", `/jobs/${queued.id}`);
  assert.deepEqual([gone.status, gone.body["id"], gone.body["status"]], [200, queued.id, "cancelled"]);
  const failed = await made.failed();
  assert.equal((await made.ask("DELETE", `/jobs/${failed.id}`)).body["code"], "already-final");
  assert.equal((await made.ask("DELETE", "/jobs/none")).body["code"], "unknown-receipt");
  assert.deepEqual(
    (await made.items("/audit")).map(({ action, target, detail }) => [action, target, detail]),
    [["cancel", `jobs/${queued.id}`, { operation: "work", status: "queued" }]],
  );
  made.refuses = ({ kind }) => kind === "cancel";
  const kept = await made.queued();
  assert.equal((await made.ask("DELETE", `/jobs/${kept.id}`)).body["code"], "storage-unavailable");
});
