/** What the SQLite engine promises about keys beyond what every engine does: however many came, each is known. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { suite, type TestContext, test } from "node:test";
import { ADMIN, type Engine, type NewCall } from "../../src/core/engine.ts";
import { GENERATION_KEYS, hashOf, KeyIndex } from "../../src/engines/sqlite/key-index.ts";
import { KeyLookup } from "../../src/engines/sqlite/key-lookup.ts";
import { Keys } from "../../src/engines/sqlite/keys.ts";
import { inArrays } from "../../src/engines/sqlite/rows.ts";
import { migrate } from "../../src/engines/sqlite/schema.ts";
import { call, newFolder, open, opened } from "../support/sqlite.ts";

const GROUP = 1_000;
/** The index in memory was full three times, and the log's first keys are among the older ones. */
const MANY = Math.ceil((3.5 * GENERATION_KEYS) / GROUP) * GROUP;

suite("keys", () => {
  test("of any number are all known, to those who write and to those who read, before and after a restart", async (t) => {
    const folder = newFolder(t);
    const first = await opened(t, folder);
    for (let n = 0; n < MANY; n += GROUP) {
      const group = Array.from({ length: GROUP }, (_, place) => keyed(n + place));
      const answers = await first.commit(group.map((one) => ({ kind: "open", call: one })));
      assert.ok(answers.every(({ kind }) => kind === "opened"));
    }
    await assertKnown(first);
    await first.close();
    await assertKnown(await opened(t, folder));
  });

  test("of a group that was refused are free, and those before it are not", async (t) => {
    const engine = await opened(t, newFolder(t), { maxPages: 60 });
    await engine.commit([{ kind: "open", call: keyed(1) }]);
    const tooMuch = open({ input: JSON.stringify("x".repeat(300_000)) });
    const refused = await engine.commit([{ kind: "open", call: keyed(2) }, tooMuch]);
    assert.deepEqual(
      refused.map(({ kind }) => kind),
      ["refused", "refused"],
    );
    const answers = await engine.commit([keyed(2), keyed(1)].map((one) => ({ kind: "open", call: one })));
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      ["opened", "existing"],
    );
  });

  test("are all known after a restart, however often groups failed while they moved to the older ones", (t) => {
    const database = memoryStore(t);
    const keys = new Keys(database);
    const insert = database.prepare(
      "INSERT INTO jobs VALUES (?, ?, 'a', '', 1, 0, 0, NULL, 'f', 1, '{}', '{}')",
    );
    const groups = 95;
    for (let group = 0; group < groups; group++) {
      transact(database, keys, () => {
        for (let n = group * GROUP + 1; n <= (group + 1) * GROUP; n++) {
          insert.run(n, idOf(n));
          keys.add(idOf(n), n);
        }
      });
      database.exec("BEGIN");
      keys.write();
      database.exec("ROLLBACK");
      keys.rolledBack();
    }
    assert.ok(logged(database) < 2.1 * GENERATION_KEYS, `${logged(database)} in the log`);
    const lookup = new KeyLookup(database, new Keys(database).index);
    const row = inArrays(database.prepare("SELECT sequence, id FROM jobs WHERE sequence = ?"));
    for (let n = 1; n <= groups * GROUP; n++) assert.equal(lookup.find(idOf(n), row)?.[0], n);
  });

  test("of groups that were refused lead nowhere, and never reach the older ones", (t) => {
    const database = memoryStore(t);
    const keys = new Keys(database);
    for (let n = 1; n <= GENERATION_KEYS; n++) {
      database.exec("BEGIN");
      keys.add(idOf(n), n);
      keys.write();
      database.exec("ROLLBACK");
      keys.rolledBack();
    }
    assert.deepEqual(keys.index.candidates(hashOf(idOf(1))), []);
    transact(database, keys, () => keys.add(idOf(0), 0));
    for (let moved = 0; moved < GENERATION_KEYS; moved += GROUP) {
      transact(database, keys, () => {
        for (let n = 1; n <= GROUP; n++) keys.add(idOf(-moved - n), GENERATION_KEYS + moved + n);
      });
    }
    assert.deepEqual(database.prepare("SELECT sequence FROM keys").all(), [{ __proto__: null, sequence: 0 }]);
  });

  test("do not fill the log for ever where a store is opened more often than its index is full", (t) => {
    const database = memoryStore(t);
    let n = 0;
    for (let start = 0; start < 20; start++) {
      const keys = new Keys(database);
      for (let group = 0; group < 5; group++) {
        transact(database, keys, () => {
          for (let left = GROUP; left > 0; left--) keys.add(idOf(++n), n);
        });
        transact(database, keys, () => {
          for (let gone = n - GROUP + 1; gone <= n; gone++) keys.remove(idOf(gone), gone);
        });
      }
    }
    assert.ok(logged(database) < 2.1 * GENERATION_KEYS, `${logged(database)} in the log`);
    assert.equal(database.prepare("SELECT count(*) AS n FROM keys").get()?.["n"], 0, "nobody is left");
  });

  test("that are removed while they move are not among the older ones", (t) => {
    const database = memoryStore(t);
    const keys = new Keys(database);
    transact(database, keys, () => {
      for (let n = 1; n <= GENERATION_KEYS; n++) keys.add(idOf(n), n);
    });
    transact(database, keys, () => {
      for (let n = 1; n <= GENERATION_KEYS; n++) keys.remove(idOf(n), n);
    });
    assert.equal(database.prepare("SELECT count(*) AS n FROM keys").get()?.["n"], 0);
  });

  test("whose hashes are alike lead to both, until one is forgotten", () => {
    const index = new KeyIndex();
    index.put(0, 7, 100);
    index.put(1, 7, 200);
    index.put(0, 7 + 65_536, 300);
    assert.deepEqual(index.candidates(7), [100, 200]);
    index.forget(7, 100);
    assert.deepEqual(index.candidates(7), [200]);
    assert.deepEqual(index.candidates(7 + 65_536), [300], "what stood behind it is still found");
    assert.deepEqual(new KeyIndex(index.memory).candidates(7), [200], "the other side sees the same");
  });
});

function keyed(n: number): NewCall {
  return call({ id: idOf(n), fingerprint: "f" });
}

function idOf(n: number): string {
  return createHash("sha256").update(`${n}`).digest("base64url");
}

function memoryStore(t: TestContext): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  t.after(() => database.close());
  migrate(database, "a test", "secret");
  return database;
}

function transact(database: DatabaseSync, keys: Keys, work: () => void): void {
  database.exec("BEGIN");
  work();
  keys.write();
  database.exec("COMMIT");
  keys.committed();
}

function logged(database: DatabaseSync): number {
  return Number(database.prepare("SELECT count(*) AS n FROM key_log").get()?.["n"]);
}

async function assertKnown(engine: Engine): Promise<void> {
  const some = Array.from({ length: 200 }, (_, n) => Math.floor((n * (MANY - 1)) / 199));
  const calls = some.map(keyed);
  const found = await engine.find(calls.map(({ id }) => ({ id, principal: ADMIN })));
  assert.deepEqual(
    found.map((record) => record?.id),
    calls.map(({ id }) => id),
  );
  const again = await engine.commit(calls.map((one) => ({ kind: "open", call: one })));
  assert.deepEqual(new Set(again.map(({ kind }) => kind)), new Set(["existing"]));
  assert.deepEqual(await engine.find([{ id: keyed(MANY).id, principal: ADMIN }]), [undefined]);
}
