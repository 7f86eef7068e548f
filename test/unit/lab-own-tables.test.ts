/** A lane of an app with tables of its own on SQLite: they are made anew for it, and its statements are watched as ever. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { spillway } from "../../src/app/app.ts";
import { operation } from "../../src/core/operation.ts";
import { sqlite } from "../../src/engines/sqlite/index.ts";
import { LaneServer } from "../../src/lab/server/lane-server.ts";
import { anything } from "../support/schemas.ts";
import { newFolder } from "../support/sqlite.ts";

test("a lane has the tables of the app's migrations, and keeps statements from its own", async (t) => {
  const put = operation({ name: "put", input: anything }, (input, { write }) => write.sql(String(input)));
  const migrations = ["CREATE TABLE own (n INTEGER) STRICT"];
  const app = spillway({ operations: [put], engine: sqlite(newFolder(t), { migrations }) });
  const folder = newFolder(t);
  const asked = {
    kind: "serve",
    module: "",
    operation: "put",
    flow: "request",
    folder,
    adminToken: "a-token-of-the-test-0123456789",
  } as const;
  const lane = await LaneServer.start(app, asked);
  t.after(async () => {
    await lane.drain(1_000);
    await lane.finish();
  });
  const call = async (text: string) => {
    const body = JSON.stringify(text);
    const headers = { "content-type": "application/json" };
    const url = `http://127.0.0.1:${lane.port}/operations/put`;
    return (await fetch(url, { method: "POST", headers, body })).status;
  };
  assert.equal(await call("INSERT INTO own VALUES (7)"), 200);
  assert.equal(await call("DELETE FROM jobs"), 500);
  const database = new DatabaseSync(join(folder, "spillway.db"), { readOnly: true });
  t.after(() => database.close());
  assert.deepEqual({ ...database.prepare("SELECT n FROM own").get() }, { n: 7 });
});
