// What a page of a list costs the store, counted and not timed: how many statements, along which index, and that
// none of them looks at more rows than a step has, whatever is asked and however much is kept.
import assert from "node:assert/strict";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { suite, type TestContext, test } from "node:test";
import type { Change, Claim, Engine, JobQuery } from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import { JOB_STATUSES } from "../../src/core/job.ts";
import { Lists } from "../../src/engines/sqlite/lists.ts";
import { ROWS_A_STEP } from "../../src/engines/sqlite/steps.ts";
import { clock, newFolder, open, opened } from "../support/sqlite.ts";

const JOBS = 3 * ROWS_A_STEP;

suite("a page of jobs", () => {
  test("is two statements and a count, along an index, without sorting, whatever is asked", async (t) => {
    const { lists, asked, explained } = await fullStore(t);
    for (const query of everyQuery()) {
      asked.length = 0;
      lists.page({ ...query, limit: 100 });
      assert.ok(asked.length <= 3, `${JSON.stringify(query)} took ${asked.length} statements`);
      for (const plan of explained()) {
        assert.doesNotMatch(plan, /TEMP B-TREE/, JSON.stringify(query));
        // A table is read from a place on, not from its beginning.
        assert.doesNotMatch(plan, /SCAN (?:j|s)\b/, JSON.stringify(query));
      }
    }
  });

  test("looks at a step's rows and no more, and says where to go on", async (t) => {
    const { lists } = await fullStore(t);
    const first = lists.page({ operation: "rare", limit: 100 });
    assert.deepEqual(first.items, []);
    let pages = 1;
    let { next } = first;
    let found = 0;
    for (; next !== null; pages++) {
      const page = lists.page({ operation: "rare", limit: 100, cursor: next });
      found += page.items.length;
      next = page.next;
    }
    assert.deepEqual([found, pages], [3, Math.ceil((JOBS + 3) / ROWS_A_STEP)]);
  });

  test("finds what has an index in one page, however old it is", async (t) => {
    const { lists } = await fullStore(t);
    const queries: readonly Omit<JobQuery, "limit">[] = [
      { principal: "carol" },
      { status: "failed", operation: "rare", errorCode: "odd" },
      { status: "cancelled" },
      { to: clock.now() - 3_600_000 },
    ];
    const found = queries.map((query) => {
      const { items, next } = lists.page({ ...query, limit: 100 });
      return [items.length, next];
    });
    assert.deepEqual(found, [
      [3, null],
      [1, null],
      [1, null],
      [0, null],
    ]);
  });
});

/** Three old jobs of a rare operation: failed, cancelled and queued; many others since. */
async function fullStore(t: TestContext) {
  const folder = newFolder(t);
  const engine = await opened(t, folder);
  const rare = { operation: "rare", principal: "carol" };
  await engine.commit([open(rare)]);
  await engine.commit((await claimed(engine, "rare")).map(failed));
  const [answer] = await engine.commit([open(rare)]);
  assert.ok(answer?.kind === "opened");
  await engine.commit([{ kind: "cancel", ref: { id: answer.job.id, principal: "carol" } }, open(rare)]);
  for (let jobs = 0; jobs < JOBS; jobs += 1_000)
    await engine.commit(Array.from({ length: 1_000 }, () => open({ principal: "" })));
  for (let turn = 0; turn < 2; turn++) await engine.commit((await claimed(engine, "work")).map(failed));
  const database = new DatabaseSync(`${folder}/spillway.db`, { readOnly: true });
  t.after(() => database.close());
  const asked: { readonly sql: string; readonly values: readonly SQLInputValue[] }[] = [];
  return { lists: new Lists(watched(database, asked)), asked, explained: () => asked.map(planIn(database)) };
}

type Asked = { readonly sql: string; readonly values: readonly SQLInputValue[] };

function watched(database: DatabaseSync, asked: Asked[]): DatabaseSync {
  const prepare = (sql: string): StatementSync => {
    const statement = database.prepare(sql);
    const noting =
      <R>(run: (...values: SQLInputValue[]) => R) =>
      (...values: SQLInputValue[]): R => {
        asked.push({ sql, values });
        return run(...values);
      };
    return {
      get: noting(statement.get.bind(statement)),
      all: noting(statement.all.bind(statement)),
      setReturnArrays: statement.setReturnArrays.bind(statement),
    } as unknown as StatementSync;
  };
  return { prepare } as unknown as DatabaseSync;
}

function planIn(database: DatabaseSync) {
  return ({ sql, values }: Asked): string =>
    database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values)
      .map(({ detail }) => String(detail))
      .join("; ");
}

function everyQuery(): readonly Omit<JobQuery, "limit">[] {
  const now = clock.now();
  const times = [{}, { from: now - 1_000 }, { to: now }, { from: now - 1_000, to: now }];
  const all = <K extends string, V>(name: K, values: readonly V[]) => [
    {},
    ...values.map((value) => ({ [name]: value })),
  ];
  return all("status", JOB_STATUSES).flatMap((status) =>
    all("operation", ["work", "rare", "none"]).flatMap((operation) =>
      all("errorCode", ["odd", "none"]).flatMap((errorCode) =>
        all("principal", ["carol", "none"]).flatMap((principal) =>
          times.map((time) => ({ ...status, ...operation, ...errorCode, ...principal, ...time })),
        ),
      ),
    ),
  );
}

async function claimed(engine: Engine, operation: string): Promise<readonly Claim[]> {
  const queues = [{ operation, limit: 1_100 }];
  const token = `token-${operation}-${performance.now()}`;
  const [answer] = await engine.commit([{ kind: "claim", queues, token, leaseMs: 3_600_000 }]);
  assert.ok(answer?.kind === "claimed");
  return answer.claims;
}

function failed({ lease, job }: Claim): Change {
  const error = { ...problem("handler-failed"), code: job.operation === "rare" ? "odd" : "handler-failed" };
  const verdict = { kind: "failed", error } as const;
  const attempt = { number: 1, startedAt: 1, endedAt: 2, node: "n" };
  return {
    kind: "settle",
    settlement: { lease, claimed: job, verdict, attempt, reads: [], writes: [], sends: [] },
  };
}
