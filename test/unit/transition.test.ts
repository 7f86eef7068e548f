// The state machine of a job as a table: from every state, every change, also those that cannot be.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Verdict } from "../../src/core/engine.ts";
import type { Job } from "../../src/core/job.ts";
import * as transition from "../../src/core/transition.ts";
import { CALL, ERROR, NOW, RETENTION, settlementOf, states } from "../support/job-states.ts";

type State = keyof typeof states;

/** What is answered, and what becomes of the record: a status, `gone`, or `as it was`. */
type Row = Readonly<Record<State, string>>;

const UNKNOWN = "unknown, as it was";
const STALE = "stale, as it was";
const AGAIN = "applied, as it was";

/** Where the lease is held a verdict counts; where it settled before, this is a repeat; elsewhere it is stale. */
const settled = (
  changes: Pick<Row, "running" | "running, asked to stop" | "running at once" | "running at once, keyed">,
): Row => ({
  nothing: STALE,
  queued: STALE,
  succeeded: AGAIN,
  failed: AGAIN,
  cancelled: AGAIN,
  "kept at once": AGAIN,
  ...changes,
});

const verdicts: Readonly<Record<string, Verdict>> = {
  succeeds: { kind: "succeeded", output: "1" },
  fails: { kind: "failed", error: ERROR },
  "is to be retried": { kind: "queued", delayMs: 5, error: ERROR, spent: true },
  "is throttled": { kind: "queued", delayMs: 5, error: ERROR, spent: false },
  "is given back": { kind: "released", delayMs: 5 },
  "is stopped": { kind: "cancelled" },
  "is forgotten": { kind: "forgotten" },
};

const toQueue = settled({
  running: "applied, queued",
  "running, asked to stop": "applied, cancelled",
  "running at once": "applied, queued",
  "running at once, keyed": "applied, queued",
});

const table: Readonly<Record<string, Row>> = {
  succeeds: settled({
    running: "applied, succeeded",
    "running, asked to stop": "applied, succeeded",
    "running at once": "applied, gone",
    "running at once, keyed": "applied, succeeded",
  }),
  fails: settled({
    running: "applied, failed",
    "running, asked to stop": "applied, cancelled",
    "running at once": "applied, failed",
    "running at once, keyed": "applied, failed",
  }),
  "is to be retried": toQueue,
  "is throttled": toQueue,
  "is given back": toQueue,
  "is stopped": settled({
    running: "applied, cancelled",
    "running, asked to stop": "applied, cancelled",
    "running at once": "applied, cancelled",
    "running at once, keyed": "applied, cancelled",
  }),
  "is forgotten": {
    ...settled({
      running: "applied, gone",
      "running, asked to stop": "applied, gone",
      "running at once": "applied, gone",
      "running at once, keyed": "applied, gone",
    }),
    // What was forgotten cannot be known again; forgetting it once more is the same.
    nothing: AGAIN,
  },
  "is extended": {
    nothing: STALE,
    queued: STALE,
    running: "held, running",
    "running, asked to stop": "held, running",
    "running at once": "held, running",
    "running at once, keyed": "held, running",
    succeeded: STALE,
    failed: STALE,
    cancelled: STALE,
    "kept at once": STALE,
  },
  "is cancelled": {
    nothing: UNKNOWN,
    queued: "cancelled, cancelled",
    running: "requested, running",
    "running, asked to stop": "requested, as it was",
    "running at once": UNKNOWN,
    "running at once, keyed": UNKNOWN,
    succeeded: "final, as it was",
    failed: "final, as it was",
    cancelled: "cancelled, as it was",
    "kept at once": UNKNOWN,
  },
  "is cancelled by another": every(UNKNOWN),
  "is redriven": { ...every(UNKNOWN), failed: "applied, queued" },
  "is purged": { ...every(UNKNOWN), failed: "applied, gone" },
  "is opened again": {
    nothing: "opened, queued",
    queued: "opened, as it was",
    running: "opened, as it was",
    "running, asked to stop": "opened, as it was",
    "running at once": "opened, as it was",
    "running at once, keyed": "mismatch, as it was",
    succeeded: "opened, as it was",
    failed: "opened, as it was",
    cancelled: "opened, as it was",
    "kept at once": "mismatch, as it was",
  },
};

function every(outcome: string): Row {
  return Object.fromEntries(Object.keys(states).map((state) => [state, outcome])) as Row;
}

describe("what a change makes of each state", () => {
  for (const [change, row] of Object.entries(table)) {
    for (const state of Object.keys(states) as State[]) {
      test(`${state}, then ${change}: ${row[state]}`, () => {
        assert.equal(outcome(states[state], change), row[state]);
      });
    }
  }
});

function outcome(existing: Job | undefined, change: string): string {
  const { answer, next } = perform(existing, change);
  if (next === undefined) return `${answer.kind}, as it was`;
  if (next === "removed") return `${answer.kind}, gone`;
  const told = change === "is extended" ? 0 : 1;
  assert.equal(
    next.revision,
    (existing?.revision ?? 0) + told,
    "the revision grows by one with what is told",
  );
  assert.equal(
    next.status === "running",
    next.leaseUntil !== undefined,
    "who runs has a lease, who does not has none",
  );
  return `${answer.kind}, ${next.status}`;
}

function perform(existing: Job | undefined, change: string): transition.Transition<{ kind: string }> {
  const verdict = verdicts[change];
  if (verdict) {
    const settlement = settlementOf(verdict);
    const fenced = transition.fence(existing, settlement);
    return fenced ? { answer: fenced } : transition.settle(existing, settlement, RETENTION, NOW);
  }
  const ref = { id: "id", principal: change === "is cancelled by another" ? "bob" : "ann" };
  if (change === "is extended") return transition.extend(existing, "t", 10, NOW);
  if (change.startsWith("is cancelled")) return transition.cancel(existing, ref, RETENTION, NOW);
  if (change === "is redriven") return transition.redrive(existing, 5, NOW);
  if (change === "is purged") return transition.purge(existing);
  return transition.open(existing, CALL, NOW);
}
