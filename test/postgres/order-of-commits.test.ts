// The stream of a principal's changes: nothing is skipped, although transactions come into sight out of order.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Cursor } from "../../src/core/engine.ts";
import { ChangeStream } from "../../src/engines/postgres/changes.ts";
import { alignOrder } from "../../src/engines/postgres/order.ts";
import { type BareStore, bareStore } from "./support/bare-store.ts";
import { missingPostgres } from "./support/installation.ts";

suite("the order of commits", { skip: missingPostgres() }, () => {
  test("a transaction that is held holds back all that began after it, and then nothing is skipped", async () => {
    await using store = await bareStore();
    const { reader } = follower(store);
    const [early, late, other] = [await store.session(), await store.session(), await store.session()];
    await store.insert(other, "before", "ann");
    assert.deepEqual(await reader.more(), ["before"]);

    await early.query("BEGIN");
    await store.insert(early, "held", "ann");
    await store.insert(late, "later-1", "ann");
    await late.query("BEGIN");
    await store.insert(late, "later-2", "ann");
    await late.query("COMMIT");
    assert.deepEqual(await reader.more(), [], "what is committed after it is not told before it");

    await early.query("COMMIT");
    assert.deepEqual(await reader.more(), ["held", "later-1", "later-2"]);
    assert.deepEqual(await reader.more(), []);
  });

  test("whoever looks a moment too early is answered when the one before it is committed", async () => {
    await using store = await bareStore();
    const { reader } = follower(store);
    const [early, late] = [await store.session(), await store.session()];
    await early.query("BEGIN");
    await store.insert(early, "held", "ann");
    await store.insert(late, "later", "ann");
    const told = reader.more();
    await early.query("COMMIT");
    assert.deepEqual(await told, ["held", "later"]);
  });

  test("what is rolled back holds nothing back for longer than it lasts", async () => {
    await using store = await bareStore();
    const { reader } = follower(store);
    const [early, late] = [await store.session(), await store.session()];
    await early.query("BEGIN");
    await store.insert(early, "never", "ann");
    await store.insert(late, "later", "ann");
    assert.deepEqual(await reader.more(), []);
    await early.query("ROLLBACK");
    assert.deepEqual(await reader.more(), ["later"]);
  });

  test("a reader that goes on from any cursor while many write at once is told of every job once", async () => {
    await using store = await bareStore();
    const { reader } = follower(store);
    const writers = await Promise.all(Array.from({ length: 6 }, () => store.session()));
    const told: string[] = [];
    let writing = writers.length;
    const written = writers.map(async (session, writer) => {
      for (let n = 0; n < 25; n++) {
        await session.query("BEGIN");
        for (let job = 0; job < 1 + ((n + writer) % 3); job++)
          await store.insert(session, `${writer}-${n}-${job}`, "ann");
        await session.query(n % 7 === writer ? "ROLLBACK" : "COMMIT");
      }
      writing--;
    });
    while (writing > 0) told.push(...(await reader.more(3)));
    await Promise.all(written);
    for (let more = await reader.more(3); more.length > 0; more = await reader.more(3)) told.push(...more);
    const session = await store.session();
    const { rows } = await session.query(`SELECT id FROM ${store.settings.schema}.jobs ORDER BY id`);
    assert.deepEqual(told.toSorted(), rows.map(({ id }) => id).toSorted());
  });

  test("a store that is opened in another cluster goes on behind every change that came along", async () => {
    await using store = await bareStore();
    const { reader } = follower(store);
    const { connections, settings } = store;
    const session = await store.session();
    await alignOrder(connections, settings.schema);
    await store.insert(session, "before", "ann");
    assert.deepEqual(await reader.more(), ["before"]);
    const offset = async () => {
      const { rows } = await session.query(`SELECT xid_offset FROM ${settings.schema}.store`);
      return Number(rows[0]?.xid_offset);
    };
    assert.equal(await offset(), 0);

    // As in a store that was restored here, and came from a cluster that has begun far more transactions.
    await session.query(`UPDATE ${settings.schema}.store SET system_id = '1'`);
    await session.query(`UPDATE ${settings.schema}.live SET change = change + 1000000`);
    const came = follower(store).reader;
    assert.deepEqual(await came.more(), [], "it cannot be told yet whether it comes after what is under way");
    await alignOrder(connections, settings.schema);
    const moved = await offset();
    assert.ok(moved > 1_000_000);
    assert.deepEqual(await came.more(), ["before"]);
    await store.insert(session, "after", "ann");
    assert.deepEqual(await came.more(), ["after"]);
    await alignOrder(connections, settings.schema);
    assert.equal(await offset(), moved, "once");
  });

  test("a cursor that is none is refused as malformed", async () => {
    await using store = await bareStore();
    const { stream } = follower(store);
    for (const cursor of ["", "1", "1.", ".1", "1.2.3", "9223372036854775808.0", "1.2147483648", "1.-1"])
      await assert.rejects(stream.after("ann", cursor, 1), { code: "malformed-request" }, cursor);
  });
});

function follower({ connections, settings }: BareStore) {
  const stream = new ChangeStream(connections, settings.schema);
  let cursor: Cursor | undefined;
  const more = async (limit = 100) => {
    const { jobs, next } = await stream.after("ann", cursor, limit);
    cursor = next;
    return jobs.map(({ job }) => job.id);
  };
  return { stream, reader: { more } };
}
