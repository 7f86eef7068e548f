// The rules inside the state machine: retention, what costs an attempt, rescue, keys, owners.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ADMIN, type NewCall, type Verdict } from "../../src/core/engine.ts";
import type { Job } from "../../src/core/job.ts";
import * as transition from "../../src/core/transition.ts";
import {
  AT_ONCE,
  CALL,
  ERROR,
  HOUR_MS,
  NOW,
  QUEUED,
  RANDOM,
  RETENTION,
  RUNNING,
  settlementOf,
  states,
} from "../support/job-states.ts";

function settledFrom(existing: Job, verdict: Verdict): Job {
  const { next } = transition.settle(existing, settlementOf(verdict), RETENTION, NOW);
  assert.ok(next && next !== "removed");
  return next;
}

describe("how long a final record is kept", () => {
  const expiry = (existing: Job, verdict: Verdict) => (settledFrom(existing, verdict).expiresAt ?? 0) - NOW;
  const succeeded: Verdict = { kind: "succeeded", output: "1" };
  const failed: Verdict = { kind: "failed", error: ERROR };

  test("a job as long as its kind of end", () => {
    assert.equal(expiry(RUNNING, succeeded), HOUR_MS);
    assert.equal(expiry(RUNNING, failed), 3 * HOUR_MS);
    assert.equal(expiry(RUNNING, { kind: "cancelled" }), 3 * HOUR_MS);
  });

  test("with a key 24 hours at least, job or not", () => {
    assert.equal(expiry({ ...RUNNING, fingerprint: "f" }, succeeded), 24 * HOUR_MS);
    assert.equal(expiry({ ...RUNNING, fingerprint: "f" }, failed), 24 * HOUR_MS);
    assert.equal(expiry(states["running at once, keyed"], failed), 24 * HOUR_MS);
  });
});

describe("attempts and throttles", () => {
  test("a retry spends the attempt and ends a row of throttles", () => {
    const next = settledFrom(
      { ...RUNNING, throttles: 4 },
      { kind: "queued", delayMs: 5, error: ERROR, spent: true },
    );
    assert.deepEqual([next.attempt, next.throttles, next.availableAt], [2, 0, NOW + 5]);
  });

  test("a throttle spends none and is counted", () => {
    const next = settledFrom(
      { ...RUNNING, throttles: 4 },
      { kind: "queued", delayMs: 5, error: ERROR, spent: false },
    );
    assert.deepEqual([next.attempt, next.throttles], [1, 5]);
  });

  test("what is given back spends none, and keeps its throttles and its last error", () => {
    const next = settledFrom({ ...RUNNING, throttles: 4, error: "{}" }, { kind: "released", delayMs: 0 });
    assert.deepEqual([next.attempt, next.throttles, next.error], [1, 4, "{}"]);
  });

  test("a claim begins the next attempt", () => {
    const claimed = transition.claim(QUEUED, "new", 10, NOW);
    assert.deepEqual(
      [claimed.status, claimed.attempt, claimed.token, claimed.leaseUntil, claimed.revision],
      ["running", 2, "new.4", NOW + 10, 4],
    );
  });

  test("a call at once that spills has run once", () => {
    const born = { ...CALL, start: { token: "t", leaseMs: 10, ifLost: "forget" } } as const;
    const verdict = { kind: "queued", delayMs: 5, error: ERROR, spent: true } as const;
    const { next } = transition.settle(undefined, settlementOf(verdict, { born }), RETENTION, NOW);
    assert.ok(next && next !== "removed");
    assert.deepEqual(
      [next.status, next.attempt, next.revision, next.listed, next.token],
      ["queued", 1, 1, true, "t"],
    );
  });
});

describe("rescue", () => {
  test("queues a job again after a backoff, its attempt counted, and fences the lost attempt off", () => {
    const next = transition.rescue(RUNNING, RETENTION, RANDOM, NOW);
    assert.ok(next !== "removed");
    assert.deepEqual(
      [next.status, next.attempt, next.availableAt, next.token],
      ["queued", 2, NOW + 500, undefined],
    );
    assert.deepEqual(transition.fence(next, settlementOf({ kind: "succeeded", output: "1" })), {
      kind: "stale",
    });
  });

  test("fails a job that has no attempt left", () => {
    const next = transition.rescue({ ...RUNNING, attempt: 3 }, RETENTION, RANDOM, NOW);
    assert.ok(next !== "removed");
    assert.deepEqual([next.status, next.errorCode, next.attempt], ["failed", "handler-failed", 3]);
  });

  test("cancels a job that was asked to stop", () => {
    const next = transition.rescue(states["running, asked to stop"], RETENTION, RANDOM, NOW);
    assert.equal(next !== "removed" && next.status, "cancelled");
  });

  test("forgets a call at once", () => {
    assert.equal(transition.rescue(AT_ONCE, RETENTION, RANDOM, NOW), "removed");
    assert.equal(transition.rescue(states["running at once, keyed"], RETENTION, RANDOM, NOW), "removed");
  });
});

describe("a call at once under a key", () => {
  const keyed = (token: string, ifLost: "forget" | "queue" = "forget"): NewCall => ({
    ...CALL,
    fingerprint: "f",
    start: { token, leaseMs: 10, ifLost },
  });
  const existing = states["running at once, keyed"];

  test("is opened by its own repeat, and exists for everyone else", () => {
    assert.equal(transition.open(existing, keyed("t"), NOW).answer.kind, "opened");
    assert.equal(transition.open(existing, keyed("other"), NOW).answer.kind, "existing");
    assert.equal(transition.open(states["kept at once"], keyed("other"), NOW).answer.kind, "existing");
  });

  test("becomes a job by its own promotion only, once", () => {
    const { answer, next } = transition.open(existing, keyed("t", "queue"), NOW);
    assert.ok(next && next !== "removed");
    assert.deepEqual([answer.kind, next.listed, next.revision], ["opened", true, existing.revision + 1]);
    assert.equal(transition.open(next, keyed("t", "queue"), NOW).next, undefined);
    assert.equal(transition.open(existing, keyed("other", "queue"), NOW).next, undefined);
  });

  test("is lost in the moment its lease runs out, and its key with it", () => {
    const lost = { ...existing, leaseUntil: NOW };
    const { answer, next } = transition.open(lost, { ...keyed("new"), fingerprint: "other" }, NOW);
    assert.ok(next && next !== "removed");
    assert.deepEqual([answer.kind, next.token, next.revision], ["opened", "new", 1]);
  });
});

describe("owners", () => {
  test("the admin is everyone's, and nobody else is", () => {
    assert.ok(transition.isOwner(QUEUED, { id: "id", principal: "ann" }));
    assert.ok(transition.isOwner(QUEUED, { id: "id", principal: ADMIN }));
    assert.ok(!transition.isOwner(QUEUED, { id: "id", principal: "" }));
  });
});
