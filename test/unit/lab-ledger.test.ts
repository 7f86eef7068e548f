// The ledger of effects sees what it is there for: a write that was lost, one that was made twice, a job sent twice.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Answer, Change, NewCall, Settlement } from "../../src/core/engine.ts";
import type { Job } from "../../src/core/job.ts";
import type { ItemWrite } from "../../src/core/table.ts";
import { Ledger } from "../../src/lab/server/ledger.ts";

const insert = (key: string): ItemWrite => ({
  kind: "insert",
  table: "orders",
  key,
  value: `{"key":"${key}"}`,
});
const add = (by: number): ItemWrite => ({
  kind: "add",
  table: "counters",
  key: "all",
  fields: { orders: by },
});
const sent = (id: string) => ({ id, input: "{}" }) as NewCall;

function settled(id: string, writes: readonly ItemWrite[], sends: readonly NewCall[] = []): Change {
  const settlement: Settlement = {
    lease: { id, token: `token of ${id}` },
    claimed: { operation: "place" } as Job,
    verdict: { kind: "succeeded", output: "null" },
    reads: [],
    writes,
    sends,
  };
  return { kind: "settle", settlement };
}

const applied = (job?: Partial<Job>): Answer => ({ kind: "applied", ...(job && { job: job as Job }) });
const item = (table: string, key: string, value: string) => ({ table, key, value, version: 1 });

/** Three orders of one write, one addition and one send each. */
function ledgerOfThree(): Ledger {
  const ledger = new Ledger("place");
  for (const id of ["a", "b", "c"])
    ledger.committed([settled(id, [insert(id), add(1)], [sent(`sent by ${id}`)])], [applied()]);
  return ledger;
}

function found(ledger: Ledger, { orders = ["a", "b", "c"], total = 3, sends = ["a", "b", "c"] } = {}) {
  for (const key of orders) ledger.found(item("orders", key, `{"key":"${key}"}`));
  ledger.found(item("counters", "all", `{"orders":${total}}`));
  for (const id of sends) ledger.foundSent(`sent by ${id}`);
  ledger.foundAll();
  const { expected, counted, strangers } = ledger;
  return { expected, counted, strangers };
}

suite("the ledger of effects", () => {
  test("counts every write and send once where the store holds what was acknowledged", () => {
    assert.deepEqual(found(ledgerOfThree()), { expected: 9, counted: 9, strangers: 0 });
  });

  test("misses a row that is not there", () => {
    assert.deepEqual(found(ledgerOfThree(), { orders: ["a", "c"] }), {
      expected: 9,
      counted: 8,
      strangers: 0,
    });
  });

  test("takes no addition for done where the sum is another", () => {
    assert.equal(found(ledgerOfThree(), { total: 2 }).counted, 6);
    assert.equal(found(ledgerOfThree(), { total: 4 }).counted, 6);
  });

  test("misses a job that was not sent, and finds one that was sent twice to be a stranger", () => {
    assert.equal(found(ledgerOfThree(), { sends: ["a", "b"] }).counted, 8);
    assert.deepEqual(found(ledgerOfThree(), { sends: ["a", "b", "c", "c"] }), {
      expected: 9,
      counted: 9,
      strangers: 1,
    });
  });

  test("finds a row of an outcome that nobody was told of to be a stranger", () => {
    const ledger = ledgerOfThree();
    ledger.committed([settled("d", [insert("d")])], [{ kind: "stale" }]);
    assert.equal(found(ledger, { orders: ["a", "b", "c", "d"] }).strangers, 1);
  });

  test("counts a row that was deleted in the end as done when it is gone", () => {
    const ledger = new Ledger("place");
    ledger.committed([settled("a", [insert("a")])], [applied()]);
    ledger.committed([settled("b", [{ kind: "delete", table: "orders", key: "a" }])], [applied()]);
    ledger.foundAll();
    assert.deepEqual([ledger.expected, ledger.counted], [2, 2]);
  });

  test("takes what an operation sends to itself for no call", () => {
    const ledger = new Ledger("place");
    ledger.committed([settled("a", [], [sent("b")])], [applied({ listed: true, status: "succeeded" })]);
    ledger.committed([settled("b", [insert("b")])], [applied({ listed: true, status: "succeeded" })]);
    assert.deepEqual([ledger.endedIds, ledger.expected], [["a"], 2]);
  });

  test("notes the end of a job, and of no call that was answered at once", () => {
    const ledger = new Ledger("place");
    ledger.committed(
      [settled("a", []), settled("b", []), settled("c", [])],
      [
        applied({ listed: true, status: "succeeded" }),
        applied({ listed: false, status: "succeeded" }),
        applied(),
      ],
    );
    assert.deepEqual([ledger.endedIds, ledger.endedAs], [["a"], ["succeeded"]]);
  });
});
