/** What may be a statement of the app's own, and what is refused where it is called. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { operation } from "../../src/core/operation.ts";
import { type SqlWrite, shortened, sqlWrite, unexpected } from "../../src/core/sql.ts";
import { memory } from "../../src/engines/memory/index.ts";
import { checkOneStatement } from "../../src/engines/postgres/one-statement.ts";
import { anything } from "../support/schemas.ts";
import { World } from "../support/small-world.ts";

const given =
  (...args: readonly unknown[]) =>
  () =>
    sqlWrite(...(args as Parameters<typeof sqlWrite>));

describe("a statement of the app's own", () => {
  for (const text of [
    "INSERT INTO seats VALUES ($1)",
    "  update seats set n = 1",
    "-- a comment; with a semicolon\nDELETE FROM seats",
    "/* DROP */ -- more\n SELECT 1",
    "WITH gone AS (DELETE FROM seats RETURNING *) SELECT * FROM gone",
    "MERGE INTO seats USING other ON true WHEN MATCHED THEN DELETE",
    "REPLACE INTO seats VALUES (1)",
  ]) {
    test(`may be ${JSON.stringify(text)}`, () => {
      assert.equal(sqlWrite(text).text, text);
    });
  }

  for (const text of [
    ...["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "START TRANSACTION", "ABORT"],
    ...[
      "SET ROLE x",
      "RESET ALL",
      "LISTEN a",
      "NOTIFY a",
      "COPY seats TO STDOUT",
      "PRAGMA synchronous = OFF",
    ],
    ...["ATTACH 'x' AS x", "DETACH x", "VACUUM", "CREATE TABLE x (n)", "DROP TABLE x", "ALTER TABLE x ADD y"],
    ...[
      "TRUNCATE x",
      "PREPARE TRANSACTION 'x'",
      "DO $$ BEGIN END $$",
      "CALL x()",
      "LOCK TABLE x",
      "",
      "  ",
      "-- ",
    ],
    ...[
      "/* SELECT */ COMMIT",
      "-- SELECT 1\nCOMMIT",
      "/* /* */ SELECT */ COMMIT",
      "; SELECT 1",
      "EXPLAIN SELECT 1",
    ],
  ]) {
    test(`is not ${JSON.stringify(text)}`, () => {
      assert.throws(given(text), { code: "configuration" });
    });
  }

  for (const [what, args, says] of [
    ["no text", [7], /got 7/],
    ["a text of a megabyte", ["SELECT 1".padEnd(1_000_000)], /1000000 characters/],
    ["parameters that are no list", ["SELECT 1", "one"], /got "one" for its parameters/],
    ["an object", ["SELECT 1", [1, { a: 1 }]], /got \{"a":1\} for its parameter 2.*JSON\.stringify/],
    ["a date", ["SELECT 1", [new Date(0)]], /parameter 1.*toISOString/],
    ["what is no number", ["SELECT 1", [Number.NaN]], /parameter 1/],
    ["nothing at all", ["SELECT 1", [undefined]], /parameter 1/],
    ["a misspelt option", ["SELECT 1", [], { expects: 1 }], /Did you mean expect/],
    ["half a row", ["SELECT 1", [], { expect: 0.5 }], /expects 0\.5/],
    ["fewer than no rows", ["SELECT 1", [], { expect: { atLeast: -1 } }], /expects \{"atLeast":-1\}/],
  ] as const) {
    test(`${what} is refused, with the value and the next step`, () => {
      assert.throws(given(...args), says);
    });
  }

  test("has its own copy of what it was given", () => {
    const bytes = new Uint8Array([1]);
    const params = ["a", bytes];
    const statement = sqlWrite("SELECT 1", params);
    params[0] = "b";
    bytes[0] = 2;
    assert.deepEqual(statement.params, ["a", new Uint8Array([1])]);
  });

  test("is shown in a line", () => {
    assert.equal(shortened("SELECT\n   1"), "SELECT 1");
    assert.equal(shortened(`SELECT ${"x".repeat(500)}`).length, 120);
  });

  test("says how many rows there were instead of how many", () => {
    const one: SqlWrite = { text: "DELETE FROM a", params: [], expect: 1 };
    assert.equal(unexpected(one, 1), undefined);
    assert.equal(unexpected(one, 2)?.said, "2 rows instead of 1: DELETE FROM a");
    assert.equal(
      unexpected({ ...one, expect: { atLeast: 3 } }, 2)?.said,
      "2 rows instead of at least 3: DELETE FROM a",
    );
  });

  test("on an engine that runs none it is a mistake, for good, and the engines that do are named", async () => {
    const own = operation({ name: "own", input: anything, retry: { maxAttempts: 3 } }, (_input, { write }) =>
      write.sql("DELETE FROM seats"),
    );
    const world = await World.start({ operations: [own] }, memory());
    const { status, body } = await world.call("own", 1);
    assert.deepEqual([status, body["code"]], [500, "handler-failed"]);
    assert.match(
      String(world.errors[0]),
      /write\.sql\(\) on memory.*sqlite\("\.\/data"\) or postgres\(url\)/,
    );
  });
});

describe("more than one statement, as PostgreSQL reads it,", () => {
  const check = (text: string) => () => checkOneStatement("write.sql()", text);
  for (const text of [
    "SELECT 1",
    "SELECT 1 ; -- the end",
    "SELECT 1;;  /* ; DELETE */ ",
    "SELECT ';' || $$ ; DELETE $$ || $a$ ; $$ ; $a$",
    `SELECT E'\\'; ' || 'it''s; ' AS "a;""b"`,
    "SELECT 1 /* ; /* ; */ ; */",
    "SELECT 1 -- ; DELETE",
    "SELECT a$1 FROM a WHERE b = $1",
  ]) {
    test(`is not ${JSON.stringify(text)}`, () => assert.doesNotThrow(check(text)));
  }
  for (const text of [
    "SELECT 1; DELETE FROM seats",
    "SELECT 1;;COMMIT",
    "SELECT ';'; COMMIT",
    "SELECT '\\'; COMMIT",
    "SELECT $$;$$; COMMIT",
    "SELECT 1 -- ;\n; COMMIT",
    "SELECT 1 /* ; */; /* ; */ COMMIT",
  ]) {
    test(`is ${JSON.stringify(text)}`, () => assert.throws(check(text), /more than one statement/));
  }
});
