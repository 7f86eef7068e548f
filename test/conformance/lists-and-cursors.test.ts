// Lists: newest first, complete page by page, and filtered exactly.
import assert from "node:assert/strict";
import type { Engine, JobQuery } from "../../src/core/engine.ts";
import type { JobRecord } from "../../src/core/job.ts";
import { promises } from "./promises.ts";
import { DONE, type World } from "./world.ts";

promises("lists and cursors", (promise) => {
  promise("jobs are listed newest first, each once, whatever the size of a page", async (world) => {
    const calls = Array.from({ length: 23 }, (_, n) => world.call({ operation: `op-${n % 3}` }));
    await world.engine.commit(calls.map((call) => ({ kind: "open", call })));
    const expected = calls.map(({ id }) => id).reverse();
    for (const limit of [1, 2, 7, 22, 23, 24, 100]) {
      assert.deepEqual(ids(await all(world.engine, { limit })), expected);
    }
  });

  promise("a page is full, unless it is the last, and the last says so", async (world) => {
    for (let n = 0; n < 4; n++) await world.opened();
    const first = await world.engine.list({ limit: 2 });
    assert.equal(first.items.length, 2);
    assert.ok(first.next !== null);
    const second = await world.engine.list({ limit: 2, cursor: first.next });
    assert.deepEqual([second.items.length, second.next], [2, null]);
    assert.deepEqual(await world.engine.list({ limit: 2, operation: "none" }), { items: [], next: null });
  });

  promise("a listed record is the whole record, as it is found", async (world) => {
    const { job, lease } = await world.running();
    const attempt = { number: 1, startedAt: 1, endedAt: 2, node: "a" };
    await world.settle(lease, DONE, { attempt, writes: [{ kind: "put", table: "t", key: "k", value: "1" }] });
    const { items } = await world.engine.list({ limit: 1 });
    assert.deepEqual(items, [await world.known(job.id)]);
  });

  promise("every filter keeps what it names, alone and with the others, over many pages", async (world) => {
    await variety(world);
    const everything = await all(world.engine, { limit: 100 });
    assert.equal(everything.length, 48);
    const times = [...new Set(everything.map(({ acceptedAt }) => acceptedAt))].sort(
      (one, other) => one - other,
    );
    const middle = times[Math.floor(times.length / 2)] ?? 0;
    const filters: readonly Omit<JobQuery, "limit">[] = [
      {},
      { status: "queued" },
      { status: "running" },
      { status: "succeeded" },
      { status: "failed" },
      { status: "cancelled" },
      { operation: "b" },
      { errorCode: "x" },
      { principal: "bob" },
      { principal: "" },
      { from: middle },
      { to: middle },
      { from: middle, to: middle },
      { from: middle, to: middle + 1 },
      { status: "failed", operation: "a", errorCode: "x", principal: "ann", from: 0, to: middle },
      { status: "queued", principal: "bob", operation: "b" },
      { errorCode: "none" },
    ];
    for (const filter of filters) {
      const expected = ids(everything.filter((record) => passes(record, filter)));
      for (const limit of [3, 100]) {
        assert.deepEqual(
          ids(await all(world.engine, { ...filter, limit })),
          expected,
          JSON.stringify(filter),
        );
      }
    }
  });

  promise("jobs that come while someone reads page by page do not shift the pages", async (world) => {
    const old = [];
    for (let n = 0; n < 6; n++) old.push((await world.opened()).id);
    const first = await world.engine.list({ limit: 3 });
    for (let n = 0; n < 3; n++) await world.opened();
    assert.ok(first.next !== null);
    const rest = await all(world.engine, { limit: 2, cursor: first.next });
    assert.deepEqual([...ids(first.items), ...ids(rest)], old.reverse());
  });

  promise("jobs that go while someone reads page by page do not shift the pages", async (world) => {
    const failed = [];
    for (let n = 0; n < 6; n++) failed.push((await world.failed()).id);
    const first = await world.engine.list({ limit: 3 });
    assert.ok(first.next !== null);
    // Also the one that the cursor stands on.
    for (const { id } of first.items) await world.commit({ kind: "purge", id });
    const rest = await all(world.engine, { limit: 2, cursor: first.next });
    assert.deepEqual(ids(rest), failed.slice(0, 3).reverse());
  });

  promise("a cursor that this store never gave is refused as malformed", async (world) => {
    await world.opened();
    const malformed = { code: "malformed-request", status: 400 };
    for (const cursor of ["no cursor at all", "", "-1", "1e3", "99999999999999999999", "' OR 1=1 --"]) {
      await assert.rejects(async () => world.engine.list({ limit: 1, cursor }), malformed, cursor);
      await assert.rejects(async () => world.engine.changes("ann", cursor, 1), malformed, cursor);
      await assert.rejects(async () => world.engine.audit(1, cursor), malformed, cursor);
    }
  });

  promise("finding is positional, with as many refs as anyone asks for", async (world) => {
    const calls = Array.from({ length: 700 }, () => world.call());
    await world.engine.commit(calls.map((call) => ({ kind: "open", call })));
    const refs = calls.flatMap(({ id }) => [
      { id, principal: "ann" },
      { id, principal: "bob" },
    ]);
    const found = await world.engine.find(refs);
    assert.deepEqual(
      found.map((record) => record?.id),
      calls.flatMap(({ id }) => [id, undefined]),
    );
    assert.deepEqual(await world.engine.find([]), []);
  });
});

async function all(engine: Engine, query: JobQuery): Promise<readonly JobRecord[]> {
  const records: JobRecord[] = [];
  for (let cursor = query.cursor ?? null, first = true; first || cursor !== null; first = false) {
    const page = await engine.list({ ...query, ...(cursor !== null && { cursor }) });
    records.push(...page.items);
    cursor = page.next;
  }
  return records;
}

/** Jobs of every status, two operations, three principals, two error codes, accepted over time. */
async function variety(world: World): Promise<void> {
  for (const operation of ["a", "b"]) {
    for (const principal of ["ann", "bob", ""]) {
      for (const code of ["x", "y"]) {
        const error = { type: "t", title: "t", status: 500, code };
        await world.failed({ operation, principal }, { kind: "failed", error });
        await world.settle((await world.running({ operation, principal })).lease);
        await world.running({ operation, principal });
        const { id } = await world.opened({ operation, principal, delayMs: code === "x" ? 0 : 1_000_000 });
        if (code === "x") await world.commit({ kind: "cancel", ref: { id, principal } });
        world.clock.advance(10);
      }
    }
  }
}

function passes(
  record: JobRecord,
  { status, operation, errorCode, principal, from, to }: Omit<JobQuery, "limit">,
): boolean {
  return (
    (status === undefined || record.status === status) &&
    (operation === undefined || record.operation === operation) &&
    (errorCode === undefined || record.errorCode === errorCode) &&
    (principal === undefined || record.principal === principal) &&
    record.acceptedAt >= (from ?? 0) &&
    record.acceptedAt < (to ?? Number.POSITIVE_INFINITY)
  );
}

const ids = (records: readonly JobRecord[]) => records.map(({ id }) => id);
