import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_RETRY } from "../../src/core/backoff.ts";
import { type Circumstances, decide, FREE_THROTTLES, type Outcome } from "../../src/core/decide.ts";
import { problem } from "../../src/core/errors.ts";
import { SeededRandom } from "../support/seeded-random.ts";

const random = new SeededRandom(7);
const policy = DEFAULT_RETRY;
const job: Circumstances = { running: "job", keyed: false, attempt: 1, maxAttempts: 5, throttles: 0, policy };
const request: Circumstances = { ...job, running: "request" };
const spill: Circumstances = { ...job, running: "spill" };
const failed: Outcome = { kind: "failed", error: problem("handler-failed") };
const ended: Outcome = { kind: "ended", error: problem("condition-failed") };
const throttled: Outcome = { kind: "throttled" };

const kindOf = (outcome: Outcome, how: Circumstances) => decide(outcome, how, random).verdict.kind;

describe("what becomes of a call", () => {
  test("what returned has succeeded, in every flow", () => {
    for (const how of [job, request, spill])
      assert.equal(kindOf({ kind: "returned", output: "1" }, how), "succeeded");
  });

  test("a request keeps nothing of a failure, and answers its problem", () => {
    const decision = decide(failed, request, random);
    assert.deepEqual(decision, { verdict: { kind: "forgotten" }, error: problem("handler-failed") });
    assert.equal(kindOf(failed, { ...request, keyed: true }), "forgotten");
  });

  test("a request that was throttled answers saturated", () => {
    assert.equal(decide(throttled, request, random).error?.code, "saturated");
    assert.equal(decide({ kind: "conflicted" }, request, random).error?.code, "saturated");
  });

  test("a spill call that fails retryably is queued, and its attempt counts", () => {
    const { verdict } = decide(failed, spill, random);
    assert.ok(verdict.kind === "queued" && verdict.spent);
  });

  test("a spill call with a single attempt answers its problem: there is no other", () => {
    assert.equal(kindOf(failed, { ...spill, maxAttempts: 1 }), "forgotten");
  });

  test("a permanent 4xx is kept where a key must replay it, and as the end of a job", () => {
    assert.equal(kindOf(ended, request), "forgotten");
    assert.equal(kindOf(ended, { ...request, keyed: true }), "failed");
    assert.equal(kindOf(ended, { ...spill, keyed: true }), "failed");
    assert.equal(kindOf(ended, job), "failed");
  });

  test("a permanent 5xx of a call at once is not kept, so that its key may try again", () => {
    const outcome: Outcome = { kind: "ended", error: problem("invalid-output") };
    assert.equal(kindOf(outcome, { ...request, keyed: true }), "forgotten");
    assert.equal(kindOf(outcome, job), "failed");
  });

  test("a job is dead after its last attempt, not before", () => {
    assert.equal(kindOf(failed, { ...job, attempt: 4 }), "queued");
    assert.equal(kindOf(failed, { ...job, attempt: 5 }), "failed");
  });

  test("ten throttles in a row cost no attempt, the eleventh does", () => {
    for (let throttles = 0; throttles < FREE_THROTTLES; throttles++) {
      const { verdict } = decide(throttled, { ...job, throttles }, random);
      assert.ok(verdict.kind === "queued" && !verdict.spent);
    }
    const { verdict } = decide(throttled, { ...job, throttles: FREE_THROTTLES }, random);
    assert.ok(verdict.kind === "queued" && verdict.spent);
    assert.equal(kindOf(throttled, { ...job, attempt: 5, throttles: FREE_THROTTLES }), "failed");
  });

  test("a delay is random below a ceiling that doubles with each attempt, up to the cap", () => {
    for (const [attempt, ceiling] of [
      [1, 500],
      [2, 1_000],
      [4, 4_000],
      [9, 60_000],
    ] as const) {
      const delays = Array.from({ length: 300 }, () => {
        const { verdict } = decide(failed, { ...job, attempt, maxAttempts: 20 }, random);
        return verdict.kind === "queued" ? verdict.delayMs : Number.NaN;
      });
      assert.ok(delays.every((ms) => ms >= 0 && ms < ceiling));
      assert.ok(Math.max(...delays) > ceiling * 0.9 && Math.min(...delays) < ceiling * 0.1);
    }
  });

  test("a delay that the handler asked for is a floor", () => {
    const { verdict } = decide({ ...failed, afterMs: 90_000 }, job, random);
    assert.ok(verdict.kind === "queued" && verdict.delayMs >= 90_000);
  });

  test("a server that stops gives jobs back unspent, queues spill calls and refuses requests", () => {
    assert.equal(kindOf({ kind: "stopped" }, job), "released");
    assert.equal(kindOf({ kind: "stopped" }, spill), "queued");
    assert.equal(decide({ kind: "stopped" }, request, random).error?.code, "draining");
  });
});
