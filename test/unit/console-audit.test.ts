// How the console words what the audit says.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { deedOf, jobsOf } from "../../console/src/pages/audit/deed.ts";
import { spreadMs } from "../../console/src/pages/dead-letters/rate.ts";

const entry = (action: string, target: string, detail: unknown) => ({
  at: "2026-11-23T12:00:00.000Z",
  by: "admin",
  action,
  target,
  detail,
});

suite("an entry of the audit", () => {
  test("is a sentence about what was changed", () => {
    const words = [
      entry("set", "operations/place-order", { paused: true }),
      entry("set", "resources/orders-db", { paused: false }),
      entry("set", "resources/orders-db", { concurrency: 6 }),
      entry("set", "resources/orders-db", { concurrency: null }),
      entry("set", "operations/place-order", { paused: true, concurrency: 2 }),
      entry("redrive", "jobs", {
        count: 37,
        operation: "place-order",
        errorCode: "handler-failed",
        rate: "50/s",
      }),
      entry("redrive", "jobs", { count: 1, ids: ["a"] }),
      entry("purge", "jobs", { count: 1200, errorCode: "handler-failed" }),
      entry("cancel", "jobs/a", { operation: "place-order", status: "cancelled" }),
    ].map(deedOf);
    assert.deepEqual(words, [
      "Paused the operation place-order",
      "Resumed the resource orders-db",
      "Set the concurrency of the resource orders-db to 6",
      "Put the concurrency of the resource orders-db back to what is declared",
      "Paused the operation place-order, set the concurrency of the operation place-order to 2",
      "Redrove 37 jobs of place-order that failed with handler-failed, at 50/s",
      "Redrove 1 job chosen one by one",
      "Purged 1,200 jobs that failed with handler-failed",
      "Cancelled a job of place-order",
    ]);
  });

  test("that is of no known kind is told as it stands", () => {
    assert.equal(deedOf(entry("moved", "jobs", null)), "moved jobs");
    assert.deepEqual(jobsOf(entry("moved", "jobs", "odd")), []);
  });

  test("leads to the jobs that it names, but not to those that are purged", () => {
    assert.deepEqual(jobsOf(entry("cancel", "jobs/a", {})), ["a"]);
    assert.deepEqual(jobsOf(entry("redrive", "jobs", { ids: ["a", "b"] })), ["a", "b"]);
    assert.deepEqual(jobsOf(entry("purge", "jobs", { ids: ["a", "b"] })), []);
  });
});

suite("a redrive at a rate", () => {
  test("says when the last job comes due, the first being due at once", () => {
    assert.deepEqual(
      [spreadMs(1, 50, "s"), spreadMs(51, 50, "s"), spreadMs(3, 1, "h")],
      [0, 1_000, 7_200_000],
    );
  });
});
