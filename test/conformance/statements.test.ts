// Statements on tables of the app's own: applied with the outcome or not at all, and none ever harms its neighbours.
import assert from "node:assert/strict";
import type { Answer, Change } from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import type { SqlValue, SqlWrite } from "../../src/core/sql.ts";
import { promises } from "./promises.ts";
import { DONE, FAILED, leaseOf, put, type World } from "./world.ts";

const GOOD = 30;

function sql(text: string, params: readonly SqlValue[] = [], more: Partial<SqlWrite> = {}): SqlWrite {
  return { text, params, ...more };
}

const seat = (world: World, id: string, n: SqlValue = 1): SqlWrite =>
  sql(`INSERT INTO ${world.table("seats")} (id, n) VALUES ($1, $2)`, [id, n]);

const seats = (world: World) => world.rows(`SELECT id, n FROM ${world.table("seats")} ORDER BY id`);

/** The statements of a settlement whose lease is held, with a write and a send beside them. */
async function harm(world: World, ...statements: SqlWrite[]): Promise<Change> {
  const { lease } = await world.running({ operation: "bad" });
  const effects = {
    sql: [seat(world, "harm"), ...statements],
    writes: [put("harm", 1)],
    sends: [world.call({ operation: "harm" })],
  };
  return { kind: "settle", settlement: world.settlement(lease, DONE, effects) };
}

type Bad = {
  readonly name: string;
  readonly answer: Answer["kind"];
  readonly statement: (world: World) => SqlWrite;
};

const bad: readonly Bad[] = [
  {
    name: "a statement that changes another number of rows",
    answer: "conflict",
    statement: (world) => sql(`DELETE FROM ${world.table("seats")} WHERE id = 'none'`, [], { expect: 1 }),
  },
  { name: "a key that is taken", answer: "conflict", statement: (world) => seat(world, "taken") },
  { name: "a check that does not hold", answer: "conflict", statement: (world) => seat(world, "a", -1) },
  {
    name: "nothing where something must be",
    answer: "conflict",
    statement: (world) => seat(world, "a", null),
  },
  {
    name: "a reference that leads nowhere at the end",
    answer: "conflict",
    statement: (world) => sql(`INSERT INTO ${world.table("guests")} VALUES ('ann', 'none')`),
  },
  {
    name: "a table that is not there",
    answer: "failed",
    statement: (world) => sql(`DELETE FROM ${world.table("none")}`),
  },
];

promises(
  "statements on tables of the app's own",
  (promise) => {
    promise("they are applied in order with the outcome, and noted without their values", async (world) => {
      const { job, lease } = await world.running();
      const raised = `UPDATE ${world.table("seats")} SET n = n + $1 WHERE id = $2`;
      const answer = await world.settle(lease, DONE, {
        writes: [put("a", 1)],
        sql: [seat(world, "secret", 3), sql(raised, [4, "secret"], { expect: 1 })],
        sends: [world.call({ operation: "sent" })],
      });
      assert.equal(answer.kind, "applied");
      assert.deepEqual(await seats(world), [{ id: "secret", n: 7 }]);
      const { effects } = await world.known(job.id);
      assert.deepEqual(
        effects.map(({ kind }) => kind),
        ["put", "sql", "sql", "send"],
      );
      assert.doesNotMatch(JSON.stringify(effects), /secret/);
      assert.match(JSON.stringify(effects[2]), /UPDATE .*seats/);
    });

    promise("those of a call at once that was never opened are applied with its end", async (world) => {
      const born = world.callAtOnce("forget");
      const settlement = { ...world.settlement(leaseOf(born), DONE, { sql: [seat(world, "a")] }), born };
      assert.equal((await world.commit({ kind: "settle", settlement })).kind, "applied");
      assert.deepEqual(await seats(world), [{ id: "a", n: 1 }]);
    });

    promise("a settlement sent again runs them once", async (world) => {
      const { lease } = await world.running();
      const again = { sql: [seat(world, "a")] };
      assert.equal((await world.settle(lease, DONE, again)).kind, "applied");
      assert.equal((await world.settle(lease, DONE, again)).kind, "applied");
      assert.deepEqual(await seats(world), [{ id: "a", n: 1 }]);
    });

    promise("a settlement whose lease is lost, or what it read has changed, runs none", async (world) => {
      const { lease } = await world.running();
      const lost = { id: lease.id, token: world.token() };
      assert.equal((await world.settle(lost, DONE, { sql: [seat(world, "a")] })).kind, "stale");
      const reads = [{ table: "things", key: "never", version: 99 }];
      assert.equal((await world.settle(lease, DONE, { reads, sql: [seat(world, "a")] })).kind, "conflict");
      assert.deepEqual(await seats(world), []);
    });

    promise("each sees what the changes before it in its commit did", async (world) => {
      const [one, two] = [await world.running(), await world.running()];
      const raised = `UPDATE ${world.table("seats")} SET n = n + 1 WHERE id = 'a'`;
      const answers = await world.engine.commit([
        { kind: "settle", settlement: world.settlement(one.lease, DONE, { sql: [seat(world, "a")] }) },
        {
          kind: "settle",
          settlement: world.settlement(two.lease, DONE, { sql: [sql(raised, [], { expect: 1 })] }),
        },
      ]);
      assert.deepEqual(
        answers.map(({ kind }) => kind),
        ["applied", "applied"],
      );
      assert.deepEqual(await seats(world), [{ id: "a", n: 2 }]);
    });

    promise(
      "what they expect is counted: rows that are changed, and rows that a SELECT finds",
      async (world) => {
        const outcome = async (...statements: SqlWrite[]) => {
          const { lease } = await world.running();
          const { kind } = await world.settle(lease, DONE, { sql: statements });
          if (kind !== "applied") await world.settle(lease, FAILED);
          return kind;
        };
        const found = `SELECT id FROM ${world.table("seats")}`;
        assert.equal(await outcome(seat(world, "a"), seat(world, "b")), "applied");
        assert.equal(await outcome(sql(found, [], { expect: 2 })), "applied");
        assert.equal(await outcome(sql(found, [], { expect: { atLeast: 1 } })), "applied");
        assert.equal(await outcome(sql(found, [], { expect: 1 })), "conflict");
        assert.equal(await outcome(sql(found, [], { expect: { atLeast: 3 } })), "conflict");
        const kept = `INSERT INTO ${world.table("seats")} (id, n) VALUES ('a', 1) ON CONFLICT DO NOTHING`;
        assert.equal(await outcome(sql(kept, [], { expect: 0 })), "applied");
        const answering = `DELETE FROM ${world.table("seats")} RETURNING id`;
        assert.equal(await outcome(sql(answering, [], { expect: 2 })), "applied");
      },
    );

    promise("a conflict tells the problem given, and the constraint for operators", async (world) => {
      const given = problem("condition-failed", "The seat is taken.");
      await world.engine.commit([await harm(world)]);
      const { lease } = await world.running();
      const answer = await world.settle(lease, DONE, { sql: [{ ...seat(world, "harm"), problem: given }] });
      assert.ok(answer.kind === "conflict");
      const [condition] = answer.conditions;
      assert.ok(condition && "sql" in condition);
      assert.deepEqual(condition.problem, given);
      assert.match(condition.said, /seats/);
      assert.equal((await world.settle(lease)).kind, "applied", "the lease is still held");
    });

    promise("text of any kind, numbers and nothing are stored as they are given", async (world) => {
      const text = `it's "é" \\ $1 ? \u{1f600}\n;`;
      const { lease } = await world.running();
      const named = `INSERT INTO ${world.table("seats")} (id, n, name) VALUES ($1, $2, $3)`;
      const given = [sql(named, [text, 2 ** 31 - 1, null]), sql(named, ["b", 7n, text])];
      assert.equal((await world.settle(lease, DONE, { sql: given })).kind, "applied");
      assert.deepEqual(await world.rows(`SELECT id, n, name FROM ${world.table("seats")} ORDER BY id`), [
        { id: "b", n: 7, name: text },
        { id: text, n: 2 ** 31 - 1, name: null },
      ]);
    });

    for (const { name, answer, statement } of bad) {
      for (const [where, place] of [
        ["first", 0],
        ["in the middle", GOOD / 2],
        ["last", GOOD],
      ] as const) {
        promise(`${name} ${where} among ${GOOD} good changes harms none of them`, async (world) => {
          const good = await goodChanges(world);
          const change = await harm(world, statement(world), seat(world, "harm again"));
          const answers = await world.engine.commit(good.changes.toSpliced(place, 0, change));
          assert.equal(answers[place]?.kind, answer);
          await good.assertApplied(answers.toSpliced(place, 1));
          await assertHarmless(world);
          assert.ok(change.kind === "settle");
          assert.equal(
            (await world.settle(change.settlement.lease)).kind,
            "applied",
            "its lease is still held",
          );
        });
      }
    }

    promise("every failure at once, side by side, is answered each by itself", async (world) => {
      await taken(world);
      const changes: Change[] = [];
      for (const { statement } of bad) changes.push(await harm(world, statement(world)));
      const answers = await world.engine.commit(changes);
      assert.deepEqual(
        answers.map(({ kind }) => kind),
        bad.map(({ answer }) => answer),
      );
      await assertHarmless(world);
    });
  },
  "tables of the app's own",
);

async function taken(world: World): Promise<void> {
  const { lease } = await world.running();
  assert.equal((await world.settle(lease, DONE, { sql: [seat(world, "taken")] })).kind, "applied");
}

async function assertHarmless(world: World): Promise<void> {
  const found = (await seats(world)).filter((row) => "id" in row && String(row.id).startsWith("harm"));
  assert.deepEqual(found, []);
  assert.equal(await world.value("things", "harm"), undefined);
  assert.deepEqual(await world.claim(10, "harm"), []);
}

/** Calls that are queued, and settlements with statements and writes, by turns. */
async function goodChanges(world: World) {
  await taken(world);
  const calls = Array.from({ length: GOOD / 2 }, () => world.call({ operation: "good" }));
  await world.engine.commit(calls.map((call) => ({ kind: "open", call })));
  const claims = await world.claim(GOOD / 2, "good");
  const changes = claims.flatMap(({ lease }, n): Change[] => [
    { kind: "open", call: world.call({ operation: "fresh" }) },
    {
      kind: "settle",
      settlement: world.settlement(lease, DONE, {
        writes: [put(`good-${n}`, n)],
        ...(n % 3 !== 2 && { sql: [seat(world, `good-${n}`, n)] }),
      }),
    },
  ]);

  async function assertApplied(answers: readonly Answer[]): Promise<void> {
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      claims.flatMap(() => ["opened", "applied"]),
    );
    const kept = await seats(world);
    assert.equal(kept.length, 1 + claims.filter((_claim, n) => n % 3 !== 2).length);
    for (const [n] of claims.entries()) assert.equal(await world.value("things", `good-${n}`), n);
    assert.equal((await world.claim(GOOD, "fresh")).length, GOOD / 2);
  }
  return { changes, assertApplied };
}
