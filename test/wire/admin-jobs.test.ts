// docs/wire.md §7: jobs, dead letters and the audit, as an operator sees them.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import {
  type AuditEntry,
  type DeadLetters,
  type Job,
  type OneJob,
  Operator,
  type Page,
} from "./support/admin.ts";
import type { Answer } from "./support/client.ts";
import {
  accepted,
  answered,
  finalReceipt,
  judgeReceipt,
  receiptOf,
  receiptWhen,
  refused,
} from "./support/judge.ts";
import { fresh, Lab } from "./support/lab.ts";
import { times } from "./support/wait.ts";

const lab = await Lab.start();
const { client } = lab;
const operator = new Operator(lab.server);
after(() => lab.stop());

const count = (answer: Answer): number => answered<{ count: number }>(answer).count;

async function failedJob(operation: string, tag = fresh()): Promise<string> {
  const { id } = accepted(await lab.act(operation, tag, ["problem", "ok"]));
  assert.equal((await finalReceipt(client, id)).status, "failed");
  return id;
}

suite("§7 jobs", () => {
  test("§7 the list has newest first, inputs, and pages by a cursor that misses none", async () => {
    const tags = times(7).map(() => fresh());
    for (const tag of tags) accepted(await lab.act("shaped-event", tag, ["ok"]));
    const seen: string[] = [];
    let next: string | null = "";
    while (next !== null) {
      const page: Page<Job> = await operator.list(
        `jobs?operation=shaped-event&limit=3&cursor=${encodeURIComponent(next)}`,
      );
      assert.ok(page.items.length <= 3);
      seen.push(...page.items.map(({ input }) => input.tag));
      next = page.next;
    }
    assert.deepEqual(seen, tags.toReversed());
    const [latest] = (await operator.list<Job>("jobs?limit=1")).items;
    const { principal, input: _, cancelRequested, ...receipt } = latest as Job;
    judgeReceipt(receipt);
    assert.equal(typeof principal, "string");
    assert.equal(cancelRequested, false);
  });

  test("§7 the list is filtered by status, error code and time", async () => {
    const id = await failedJob("shaped-event");
    const { acceptedAt } = await receiptOf(client, id);
    const later = new Date(Date.parse(acceptedAt) + 1).toISOString();
    const has = async (query: string) =>
      (await operator.list<Job>(`jobs?operation=shaped-event&${query}`)).items.some((job) => job.id === id);
    assert.deepEqual(
      await Promise.all(
        ["status=failed", "status=succeeded", "errorCode=short-and-stout", "errorCode=handler-failed"].map(
          has,
        ),
      ),
      [true, false, true, false],
    );
    assert.deepEqual(
      await Promise.all([`from=${acceptedAt}`, `from=${later}`, `to=${later}`, `to=${acceptedAt}`].map(has)),
      [true, false, true, false],
    );
  });

  test("§7 a job has every attempt, its effects and its trace", async () => {
    const tag = fresh();
    const { id } = accepted(await lab.act("wide-event", tag, ["throw", "insert"]));
    await finalReceipt(client, id);
    const job = answered<OneJob>(await operator.get(`jobs/${id}`));
    assert.deepEqual(
      job.attempts.map(({ number, error }) => [number, error?.code]),
      [
        [1, "handler-failed"],
        [2, undefined],
      ],
    );
    for (const { start, end, node } of job.attempts) {
      assert.ok(Date.parse(end) >= Date.parse(start));
      assert.ok(node.length > 0);
    }
    assert.equal(job.effects.length, 1);
    assert.ok("traceId" in job && "origin" in job);
    assert.deepEqual(job.input, { tag, plan: ["throw", "insert"] });
    refused(await operator.get(`jobs/${"x".repeat(46)}`), 404, "unknown-receipt");
  });

  test("§7 a job says that a cancel was asked for while it runs on, by id and in the list", async () => {
    const tag = fresh();
    const { id } = accepted(await lab.act("wide-event", tag, ["deaf"]));
    await lab.atWork(tag);
    const asked = async () => {
      const { items } = await operator.list<Job>("jobs?operation=wide-event");
      const job = answered<OneJob>(await operator.get(`jobs/${id}`));
      return [job.cancelRequested, items.find((item) => item.id === id)?.cancelRequested];
    };
    assert.deepEqual(await asked(), [false, false]);
    assert.equal((await client.cancel(id)).status, 202);
    assert.deepEqual(await asked(), [true, true]);
    await lab.release(tag);
    assert.equal((await finalReceipt(client, id)).status, "succeeded");
    assert.deepEqual(await asked(), [false, false]);
  });

  test("§7 calls that were answered at once are not listed", async () => {
    answered(await lab.act("plain", fresh(), ["ok"], { "idempotency-key": fresh("key") }));
    assert.deepEqual((await operator.list<Job>("jobs?operation=plain")).items, []);
  });

  test("§7 an odd query is 422 with its pointer", async () => {
    for (const [query, pointer] of [
      ["limit=0", "/limit"],
      ["limit=501", "/limit"],
      ["limit=x", "/limit"],
      ["from=yesterday", "/from"],
      ["to=x", "/to"],
      ["status=lost", "/status"],
      ["cursor=x", "/cursor"],
      ["sort=id", "/sort"],
      ["limit=1&limit=2", "/limit"],
    ] as const) {
      const { errors } = refused(await operator.get(`jobs?${query}`), 422, "invalid-input");
      assert.equal(errors?.[0]?.pointer, pointer, query);
    }
    for (const query of ["", "limit=", "limit=500", "status=", "cursor="])
      answered(await operator.get(`jobs?${query}`));
  });
});

suite("§7 dead letters", () => {
  test("§7 are failed jobs by operation and error code; redrive by ids runs one again, attempts from 0", async () => {
    const id = await failedJob("wide-event");
    const before = await receiptOf(client, id);
    const groups = (await operator.list<DeadLetters>("dead-letters")).items;
    const group = groups.find(
      ({ operation, errorCode }) => `${operation} ${errorCode}` === "wide-event short-and-stout",
    );
    assert.ok(group && group.count >= 1 && group.firstSeen <= group.lastSeen);
    assert.equal(count(await operator.post("jobs/redrive", { ids: [id, "unknown"] })), 1);
    const final = await receiptWhen(client, id, "succeeded", ({ status }) => status === "succeeded");
    assert.equal(final.attempt, 1);
    assert.ok(final.revision > before.revision, "revisions never restart");
    assert.equal(count(await operator.post("jobs/redrive", { ids: [id] })), 0);
  });

  test("§1, §7 a key whose job is redriven answers its receipt again, then its output", async () => {
    const tag = fresh();
    const key = { "idempotency-key": fresh("key") };
    const ask = () => lab.act("wide-event", tag, ["problem", "hold"], key);
    const { id } = accepted(await ask());
    await finalReceipt(client, id);
    refused(await ask(), 418, "short-and-stout");
    await operator.post("jobs/redrive", { ids: [id] });
    assert.equal(accepted(await ask()).id, id);
    await lab.release(tag);
    await finalReceipt(client, id);
    assert.equal(answered<{ id: string }>(await ask()).id, id);
  });

  test("§7 redrive by filter, at a rate, lets them come due one after the other", async () => {
    const ids = await Promise.all(times(6).map(() => failedJob("small-event")));
    const began = performance.now();
    const filter = { operation: "small-event", errorCode: "short-and-stout", rate: "4/s" };
    assert.equal(count(await operator.post("jobs/redrive", filter)), 6);
    for (const id of ids) await receiptWhen(client, id, "succeeded", ({ status }) => status === "succeeded");
    const tookMs = performance.now() - began;
    assert.ok(tookMs > 1_000 && tookMs < 8_000, `${tookMs} ms`);
  });

  test("§7 purge takes failed ones by ids or filter, and none by an empty filter", async () => {
    const ids: string[] = [];
    // One after another: more than two at once would not be taken.
    for (const _ of times(3)) ids.push(await failedJob("bounded-event"));
    refused(await operator.post("jobs/purge", {}), 422, "invalid-input");
    assert.equal(count(await operator.post("jobs/purge", { ids: ids.slice(0, 1) })), 1);
    refused(await client.receipt(ids[0] ?? ""), 404, "unknown-receipt");
    assert.equal(count(await operator.post("jobs/purge", { operation: "bounded-event" })), 2);
    for (const id of ids) refused(await client.receipt(id), 404, "unknown-receipt");
  });

  test("§7 odd bodies are 422", async () => {
    for (const body of [
      { ids: "x" },
      { ids: [7] },
      { rate: "fast" },
      { all: true },
      { ids: times(1_001).map(String) },
    ]) {
      refused(await operator.post("jobs/redrive", body), 422, "invalid-input");
    }
  });
});

test("§7 the audit says who changed what, newest first", async () => {
  answered(await operator.patch("operations/look", { concurrency: 5 }));
  const id = await failedJob("wide-event");
  await operator.post("jobs/redrive", { ids: [id] });
  const [newest, next] = (await operator.list<AuditEntry>("audit?limit=2")).items;
  assert.deepEqual([newest?.action, newest?.target], ["redrive", "jobs"]);
  assert.deepEqual([next?.action, next?.target], ["set", "operations/look"]);
  for (const entry of [newest, next]) {
    assert.ok((entry?.by ?? "").length > 0);
    assert.ok(Date.parse(entry?.at ?? "") > 0);
  }
});
