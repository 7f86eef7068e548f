/** The app's own tables on SQLite: how they come to be, what statements may touch, and what becomes of one that fails. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite, type TestContext, test } from "node:test";
import { operation } from "../../src/core/operation.ts";
import { OWN_TABLES } from "../../src/engines/sqlite/guard.ts";
import { sqlite } from "../../src/engines/sqlite/index.ts";
import { anything } from "../support/schemas.ts";
import { World } from "../support/small-world.ts";
import { hostOf, newFolder } from "../support/sqlite.ts";

const SEATS =
  "CREATE TABLE seats (id TEXT PRIMARY KEY, taken_by TEXT, price INTEGER CHECK (price >= 0)) STRICT";
const GUESTS =
  "CREATE TABLE guests (name TEXT, seat TEXT REFERENCES seats (id) DEFERRABLE INITIALLY DEFERRED) STRICT";
const ONCE = "CREATE TABLE once (n INTEGER UNIQUE ON CONFLICT ROLLBACK) STRICT";

type Run = { readonly text: string; readonly params?: unknown[]; readonly options?: object };

/** Runs whatever statements it is called with. */
const run = operation<typeof anything>(
  { name: "run", input: anything, flow: "request", limits: { concurrency: 100 } },
  (input, { write }) => {
    for (const { text, params, options } of input as unknown as readonly Run[]) {
      write.sql(text, params as never, options as never);
    }
    return "done";
  },
);

async function started(t: TestContext, folder = newFolder(t), migrations = [SEATS, GUESTS, ONCE]) {
  const world = await World.start({ operations: [run] }, sqlite(folder, { migrations }));
  t.after(() => world.app.close());
  const rows = (text: string) => {
    const database = new DatabaseSync(join(folder, "spillway.db"), { readOnly: true });
    const found = database.prepare(text).all();
    database.close();
    return found.map((row) => ({ ...row }));
  };
  return { world, rows, run: (...statements: Run[]) => world.call("run", statements) };
}

const seat = (id: string, price = 5): Run => ({
  text: "INSERT INTO seats (id, price) VALUES ($1, $2)",
  params: [id, price],
});

suite("statements on tables of the app's own, on sqlite", () => {
  test("are applied with the outcome, parameters of either spelling", async (t) => {
    const { run, rows } = await started(t);
    const taking = {
      text: "UPDATE seats SET taken_by = ? WHERE id = ?",
      params: ["ann", "a1"],
      options: { expect: 1 },
    };
    assert.equal((await run(seat("a1"), seat("a2"), taking)).status, 200);
    assert.deepEqual(rows("SELECT id, taken_by, price FROM seats ORDER BY id"), [
      { id: "a1", taken_by: "ann", price: 5 },
      { id: "a2", taken_by: null, price: 5 },
    ]);
  });

  test("whole numbers, fractions, big ones, truth, bytes and nothing are kept as what they are", async (t) => {
    const folder = newFolder(t);
    const kinds = operation({ name: "kinds", input: anything, flow: "request" }, (_input, { write }) => {
      const values = [7, 7.5, 2n ** 60n, true, new Uint8Array([1, 2]), null];
      for (const value of values) write.sql("INSERT INTO kinds VALUES (?)", [value]);
      return null;
    });
    const source = sqlite(folder, { migrations: ["CREATE TABLE kinds (value ANY) STRICT"] });
    const world = await World.start({ operations: [kinds] }, source);
    t.after(() => world.app.close());
    assert.equal((await world.call("kinds", 1)).status, 200);
    const database = new DatabaseSync(join(folder, "spillway.db"), { readOnly: true });
    t.after(() => database.close());
    const stored = database
      .prepare("SELECT typeof(value) AS kind, CAST(value AS TEXT) AS text FROM kinds")
      .all();
    assert.deepEqual(
      stored.map(({ kind, text }) => [kind, text]),
      [
        ["integer", "7"],
        ["real", "7.5"],
        ["integer", String(2n ** 60n)],
        ["integer", "1"],
        ["blob", "\u0001\u0002"],
        ["null", null],
      ],
    );
  });

  test("a number of rows that was not expected ends the call, and nothing of it is kept", async (t) => {
    const { run, rows } = await started(t);
    const taking = { text: "UPDATE seats SET taken_by = 'bob' WHERE id = 'none'", options: { expect: 1 } };
    const { status, body } = await run(seat("a1"), taking);
    assert.deepEqual([status, body["code"]], [409, "condition-failed"]);
    assert.deepEqual(rows("SELECT id FROM seats"), []);
  });

  test("a SELECT counts what it finds, and at least so many is enough", async (t) => {
    const { run } = await started(t);
    await run(seat("a1"), seat("a2"));
    const looking = (expect: unknown) => run({ text: "SELECT id FROM seats", options: { expect } });
    assert.equal((await looking(2)).status, 200);
    assert.equal((await looking({ atLeast: 1 })).status, 200);
    assert.equal((await looking({ atLeast: 3 })).status, 409);
  });

  test("the problem given is what a constraint that is violated answers", async (t) => {
    const { run } = await started(t);
    const problem = { type: "urn:seat", title: "Taken", status: 410, code: "seat-taken" };
    await run(seat("a1"));
    const { status, body } = await run({ ...seat("a1"), options: { problem } });
    assert.deepEqual([status, body["code"]], [410, "seat-taken"]);
  });

  for (const [what, statement] of [
    ["unique", seat("a1")],
    ["check", seat("a3", -1)],
    ["foreign key", { text: "INSERT INTO guests VALUES ('ann', 'none')" }],
    ["rolling back", { text: "INSERT INTO once VALUES (1)" }],
    ["or rolling back", { text: "INSERT OR ROLLBACK INTO seats (id) VALUES ('a1')" }],
  ] as const) {
    test(`a ${what} constraint ends its own call as condition-failed, none of those beside it`, async (t) => {
      const { run, rows } = await started(t);
      await run(seat("a1"), { text: "INSERT INTO once VALUES (1)" });
      const beside = Array.from({ length: 20 }, (_, n) => run(seat(`good-${n}`)));
      const bad = run(seat("harm"), statement, seat("harm too"));
      const others = await Promise.all([...beside, ...[20, 21].map((n) => run(seat(`good-${n}`)))]);
      const { status, body } = await bad;
      assert.deepEqual([status, body["code"]], [409, "condition-failed"]);
      assert.doesNotMatch(JSON.stringify(body), /seats|UNIQUE|CHECK|FOREIGN/);
      assert.deepEqual([...new Set(others.map((answer) => answer.status))], [200]);
      assert.equal(rows("SELECT id FROM seats WHERE id LIKE 'good-%'").length, 22);
      assert.deepEqual(rows("SELECT id FROM seats WHERE id LIKE 'harm%'"), []);
    });
  }

  test("another error of a statement fails the attempt, and that is tried again by its policy", async (t) => {
    const retry = { maxAttempts: 3, base: "1s", cap: "1s" } as const;
    const broken = operation(
      { name: "broken", input: anything, flow: "event", retry },
      (_input, { write, attempt }) =>
        write.sql("INSERT INTO seats (id) VALUES (json($1))", [attempt < 3 ? "{" : "[1]"]),
    );
    const source = sqlite(newFolder(t), { migrations: [SEATS] });
    const world = await World.start({ operations: [broken] }, source);
    t.after(() => world.app.close());
    const { body } = await world.call("broken", 1);
    await settled(world, body["id"], "succeeded");
    assert.deepEqual(
      world.errors.map(String),
      Array(2).fill(
        "Error: A statement of it failed: malformed JSON (SQLite result code 1): INSERT INTO seats (id) VALUES (json($1))",
      ),
    );
  });

  for (const [what, text, said] of [
    ["a table of Spillway's", "DELETE FROM jobs", /may not touch jobs/],
    ["a read of Spillway's", "INSERT INTO seats (id) SELECT value FROM secret", /may not touch secret/],
    ["SQLite's own tables", "UPDATE sqlite_sequence SET seq = 0", /may not touch sqlite_sequence/],
    ["a second statement", "DELETE FROM seats; DELETE FROM guests", /more than one statement/],
    ["a table that is not there", "DELETE FROM nowhere", /no such table: nowhere/],
    ["the end of the transaction", "COMMIT", /cannot run/],
    ["a pragma behind a comment", "/* DELETE */ PRAGMA synchronous = OFF", /cannot run/],
    ["a table made", "CREATE TABLE more (n)", /cannot run/],
  ] as const) {
    test(`${what} is refused where it is called, once and for all`, async (t) => {
      const { run, world } = await started(t);
      const { status, body } = await run({ text });
      assert.deepEqual([status, body["code"]], [500, "handler-failed"]);
      assert.match(String(world.errors[0]), said);
    });
  }

  test("a trigger of the app's own reaches nothing of Spillway's", async (t) => {
    const reaching = "CREATE TRIGGER reach AFTER INSERT ON seats BEGIN DELETE FROM jobs; END";
    const { run, world } = await started(t, newFolder(t), [SEATS, reaching]);
    assert.equal((await run(seat("a1"))).status, 500);
    assert.match(String(world.errors[0]), /may not touch jobs/);
  });

  test("a column may be called as a table of Spillway's is", async (t) => {
    const { run, rows } = await started(t, newFolder(t), [
      "CREATE TABLE lists (items INTEGER, settings TEXT) STRICT",
      "INSERT INTO lists VALUES (1, 'a'); UPDATE lists SET items = items + 1, settings = NULL",
    ]);
    assert.equal((await run({ text: "UPDATE lists SET items = items + 1" })).status, 200);
    assert.deepEqual(rows("SELECT items FROM lists"), [{ items: 3 }]);
  });
});

suite("migrations of the app's own tables", () => {
  const opening = (folder: string, migrations: readonly string[]) =>
    sqlite(folder, { migrations }).open(hostOf());

  test("are run once each, and later ones when they are added", async (t) => {
    const folder = newFolder(t);
    await (await opening(folder, [SEATS])).close();
    await (await opening(folder, [SEATS, GUESTS])).close();
    await (await opening(folder, [SEATS, GUESTS])).close();
    const database = new DatabaseSync(join(folder, "spillway.db"), { readOnly: true });
    t.after(() => database.close());
    const { n } = database.prepare("SELECT count(*) AS n FROM spillway_migrations").get() ?? {};
    assert.equal(n, 2);
  });

  test("one that was altered or left out after it was applied is refused", async (t) => {
    const folder = newFolder(t);
    await (await opening(folder, [SEATS, GUESTS])).close();
    await assert.rejects(opening(folder, [SEATS]), /migration 2, .*was not given it.*add others at the end/s);
    await assert.rejects(opening(folder, [SEATS, ONCE]), /Migration 2 .* was altered/);
    await (await opening(folder, [SEATS, GUESTS])).close();
  });

  test("one that fails leaves nothing behind, and the store is free", async (t) => {
    const folder = newFolder(t);
    for (const bad of [
      "CREATE TABLE half (n); CREATE TABLE",
      "DROP TABLE jobs",
      "COMMIT",
      "PRAGMA journal_mode = DELETE",
      "CREATE INDEX more ON states (status)",
      "ALTER TABLE items RENAME TO mine",
    ]) {
      await assert.rejects(opening(folder, [bad]), /Migration 1 of sqlite\(\) failed/, bad);
    }
    await (await opening(folder, ["CREATE TABLE half (n INTEGER)", "CREATE INDEX by_n ON half (n)"])).close();
  });

  test("what is Spillway's is known by name", async (t) => {
    const folder = newFolder(t);
    await (await opening(folder, [])).close();
    const database = new DatabaseSync(join(folder, "spillway.db"), { readOnly: true });
    t.after(() => database.close());
    const names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    for (const name of names.map((row) => String(row["name"]))) {
      assert.ok(OWN_TABLES.has(name) || /^(spillway|sqlite)_/.test(name), name);
    }
  });
});

/** The app's clock is turned, and its store's thread takes real time. */
async function settled(world: World, id: unknown, status: string): Promise<void> {
  for (const until = performance.now() + 20_000; performance.now() < until; ) {
    if ((await world.receiptAfter(1_000, id))["status"] === status) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`The job ${id} did not become ${status}.`);
}
