/** Calls that are queued in a transaction which the app has open already, and are there if that is committed. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { suite, type TestContext, test } from "node:test";
import { Client } from "pg";
import * as z from "zod";
import { operation } from "../../src/core/operation.ts";
import { anything } from "../support/schemas.ts";
import { missingCluster } from "./support/cluster.ts";
import { OwnWorld } from "./support/own-world.ts";

const ran: unknown[] = [];
const note = operation({ name: "note", input: anything, flow: "event" }, (input, { id, principal }) => {
  ran.push({ input, id, principal });
  return input;
});
const spilling = operation({ name: "spilling", input: anything }, (input) => input);
const keyed = operation(
  { name: "keyed", input: anything, flow: "event", idempotency: "required" },
  () => null,
);
const asked = operation({ name: "asked", input: anything, flow: "request" }, () => null);
const small = operation({ name: "small", input: anything, flow: "event", inputBytes: 10 }, () => null);
const positive = operation({ name: "positive", input: z.number().positive(), flow: "event" }, () => null);

async function started(t: TestContext): Promise<OwnWorld> {
  const world = await OwnWorld.prepare(t, "CREATE TABLE $.orders (id text PRIMARY KEY)");
  await world.start([note, spilling, keyed, asked, small, positive]);
  return world;
}

suite("a call that is queued in a transaction of the app's own", { skip: missingCluster() }, () => {
  test("is run once it is committed, together with what else was done in it", async (t) => {
    const world = await started(t);
    const { client, store } = world;
    await client.query("BEGIN");
    await world.query("INSERT INTO $.orders VALUES ('a')");
    const { id } = await store.enqueueIn(client, note, { order: "a" });
    assert.equal((await world.ask("GET", `/receipts/${id}`)).status, 404);
    await client.query("COMMIT");
    const receipt = await world.ended(id);
    assert.deepEqual([receipt["status"], receipt["output"]], ["succeeded", { order: "a" }]);
    const { rows } = await world.query("SELECT sum(jobs)::int AS left FROM $.counts");
    assert.deepEqual(rows, [{ left: 0 }]);
  });

  test("never was, if it is rolled back", async (t) => {
    const world = await started(t);
    const { client, store } = world;
    await client.query("BEGIN");
    const { id } = await store.enqueueIn(client, note, "gone");
    await client.query("ROLLBACK");
    assert.equal((await world.ask("GET", `/receipts/${id}`)).status, 404);
    for (const table of ["jobs", "live", "outcomes", "counts"]) {
      assert.deepEqual((await world.query(`SELECT * FROM $.${table}`)).rows, [], table);
    }
  });

  test("is told to workers by the commit", async (t) => {
    const world = await started(t);
    const listener = new Client({ connectionString: world.url });
    await listener.connect();
    t.after(() => listener.end());
    const { channelOf } = await import("../../src/engines/postgres/channel.ts");
    const heard: string[] = [];
    listener.on("notification", ({ payload }) => heard.push(payload ?? ""));
    await listener.query(`LISTEN ${channelOf(world.schema)}`);
    await world.client.query("BEGIN");
    await world.store.enqueueIn(world.client, note, 1);
    await world.store.enqueueIn(world.client, note, 2, { delay: "1h", principal: "ann" });
    await listener.query("SELECT 1");
    assert.deepEqual(
      heard.filter((payload) => payload.includes("note")),
      [],
    );
    await world.client.query("COMMIT");
    const [now, later] = await world.until(async () => {
      const told = heard.filter((payload) => payload.startsWith("\nqnote"));
      return told.length === 2 ? told : undefined;
    });
    assert.equal(now, "\nqnote 1 ");
    assert.match(later ?? "", /^\nqnote 0 \d{13}\n"?p?"ann"$/);
  });

  test("may be one of many in its transaction", async (t) => {
    const world = await started(t);
    const { client, store } = world;
    await client.query("BEGIN");
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      ids.push((await store.enqueueIn(client, n % 2 ? note : spilling, n, { principal: "ann" })).id);
    }
    await client.query("COMMIT");
    assert.equal(new Set(ids).size, 5);
    await world.until(async () => {
      const { rows } = await world.query("SELECT count(*)::int AS n FROM $.outcomes WHERE status = 2");
      return rows[0].n === 5 ? true : undefined;
    });
  });

  test("under a key it is one job with every other call under that key, whichever way it comes", async (t) => {
    const world = await started(t);
    const { client, store } = world;
    const first = await store.enqueueIn(client, note, { a: 1, b: 2 }, { key: "k" });
    const again = await store.enqueueIn(client, note, { b: 2, a: 1 }, { key: "k" });
    assert.equal(again.id, first.id);
    await world.ended(first.id);
    const called = await world.call("note", { a: 1, b: 2 }, { "idempotency-key": '"k"' });
    assert.deepEqual([called.status, called.header("idempotency-replayed")], [200, "true"]);
    assert.equal(called.header("content-location"), `/receipts/${first.id}`);
    assert.ok(ran.filter((run) => JSON.stringify(run).includes(first.id)).length === 1);
    const there = await world.call("note", "there", { "idempotency-key": '"other"' });
    const id = String(there.header("location")).split("/").at(-1);
    assert.equal((await store.enqueueIn(client, note, "there", { key: "other" })).id, id);
  });

  test("two transactions with one key wait for each other, and leave one job", async (t) => {
    const world = await started(t);
    const other = new Client({ connectionString: world.url });
    await other.connect();
    t.after(() => other.end());
    await Promise.all([world.client.query("BEGIN"), other.query("BEGIN")]);
    const one = await world.store.enqueueIn(world.client, note, 1, { key: "both", delay: "1h" });
    const two = world.store.enqueueIn(other, note, 1, { key: "both", delay: "1h" });
    await world.client.query("COMMIT");
    assert.equal((await two).id, one.id);
    await other.query("COMMIT");
    assert.equal((await world.query("SELECT count(*)::int AS n FROM $.jobs")).rows[0].n, 1);
    assert.equal((await world.query("SELECT sum(jobs)::int AS n FROM $.counts")).rows[0].n, 1);
  });

  test("belongs to the principal that is named", async (t) => {
    const world = await started(t);
    const { id } = await world.store.enqueueIn(world.client, note, "hers", { principal: "ann\u0001" });
    await world.until(async () => ran.find((run) => JSON.stringify(run).includes(id)));
    const run = ran.find((one) => JSON.stringify(one).includes(id)) as { principal: string };
    assert.equal(run.principal, "ann\u0001");
    assert.equal((await world.ask("GET", `/receipts/${id}`)).status, 404);
  });

  test("waits for as long as it is told to", async (t) => {
    const world = await started(t);
    const { id } = await world.store.enqueueIn(world.client, note, "later", { delay: "1h" });
    assert.equal((await world.ask("GET", `/receipts/${id}`)).body["status"], "queued");
  });

  test("goes by whatever has a query of that shape", async (t) => {
    const world = await started(t);
    const sent: string[] = [];
    const driver = {
      query: async (text: string, values: unknown[] = []) => {
        assert.ok(values.every((value) => value === null || typeof value === "string"));
        sent.push(text);
        return { rows: (await world.client.query(text, values)).rows };
      },
    };
    const { id } = await world.store.enqueueIn(driver, note, "by another", { key: "driver" });
    assert.equal((await world.ended(id))["status"], "succeeded");
    assert.equal(sent.length, 2);
  });

  test("what the door would refuse is refused, and the transaction goes on", async (t) => {
    const world = await started(t);
    const { client, store } = world;
    await client.query("BEGIN");
    await store.enqueueIn(client, note, 1, { key: "k" });
    // No text that repeats itself: PostgreSQL would shorten it, and its index take it.
    const longest = randomBytes(4_000).toString("hex");
    for (const [refused, code] of [
      [() => store.enqueueIn(client, note, 2, { key: "k" }), "idempotency-mismatch"],
      [() => store.enqueueIn(client, keyed, 1), "idempotency-required"],
      [() => store.enqueueIn(client, asked, 1), "configuration"],
      [() => store.enqueueIn(client, small, "much too long"), "too-large"],
      [() => store.enqueueIn(client, positive, -1 as never), "invalid-input"],
      [() => store.enqueueIn(client, note, 1, { key: "é" }), "malformed-header"],
      [() => store.enqueueIn(client, note, 1, { keys: "k" } as never), "configuration"],
      [() => store.enqueueIn(client, note, 1, { principal: longest }), "configuration"],
      [() => store.enqueueIn({} as never, note, 1), "configuration"],
    ] as const) {
      await assert.rejects(refused(), { code });
    }
    await client.query("COMMIT");
    assert.equal((await world.query("SELECT count(*)::int AS n FROM $.jobs")).rows[0].n, 1);
  });
});
