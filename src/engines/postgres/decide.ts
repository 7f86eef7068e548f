/**
 * One change and its answer, on what was loaded. What it means is decided by core's transitions; here their verdict is
 * noted. A change looks and decides first and notes last, so that one which throws has altered nothing.
 */
import { effectNotes } from "../../core/effects.ts";
import type { Answer, AnswerOf, Change, NewCall, Retention, Settlement } from "../../core/engine.ts";
import { applyWrites, type ItemChange } from "../../core/items.ts";
import type { Job } from "../../core/job.ts";
import { appended } from "../../core/kept.ts";
import type { Soon } from "../../core/soon.ts";
import * as transition from "../../core/transition.ts";
import type { Transaction } from "./connection.ts";
import type { Overlay, Stored } from "./overlay.ts";
import { runStatements } from "./statements.ts";

/** Those that are no claims. */
export type LookedAt = Exclude<Change, { kind: "claim" }>;

type Deciding = {
  readonly overlay: Overlay;
  readonly transaction: Transaction;
  readonly retention: Retention;
  readonly now: number;
};

/** Waits only where a settlement has statements: a group has a thousand changes. */
export function decide(on: Deciding, change: LookedAt): Soon<Answer> {
  const { overlay, retention, now } = on;
  switch (change.kind) {
    case "open":
      return open(overlay, change.call, now);
    case "settle":
      return settle(on, change.settlement);
    case "extend": {
      const stored = overlay.get(change.lease.id);
      return follow(overlay, stored, transition.extend(stored?.job, change.lease.token, change.leaseMs, now));
    }
    case "cancel": {
      const stored = overlay.get(change.ref.id);
      return follow(overlay, stored, transition.cancel(stored?.job, change.ref, retention, now));
    }
    case "redrive": {
      const stored = overlay.get(change.id);
      return follow(overlay, stored, transition.redrive(stored?.job, change.delayMs, now));
    }
    case "purge": {
      const stored = overlay.get(change.id);
      return follow(overlay, stored, transition.purge(stored?.job));
    }
    case "set":
      overlay.settings.push(change.setting);
      return { kind: "done" };
    case "audit":
      overlay.audit.push(change.entry);
      return { kind: "done" };
  }
}

function follow<A>(
  overlay: Overlay,
  stored: Stored | undefined,
  { answer, next }: transition.Transition<A>,
): A {
  if (stored && next === "removed") overlay.remove(stored.job.id);
  else if (stored && next) overlay.put(stored.job.id, { ...stored, job: next as Job });
  return answer;
}

function open(overlay: Overlay, call: NewCall, now: number): AnswerOf<"open"> {
  const stored = overlay.get(call.id);
  const { answer, next } = transition.open(stored?.job, call, now);
  if (!next || next === "removed") return answer;
  // A first revision is a record of its own, also where one that was lost still stands.
  if (stored && next.revision > 1) overlay.put(call.id, { ...stored, job: next });
  else overlay.put(call.id, born(call, next), call);
  return answer;
}

function born({ sequence }: NewCall, job: Job): Stored {
  return { job, sequence, attempts: "", effects: "" };
}

function settle(on: Deciding, settlement: Settlement): Soon<AnswerOf<"settle">> {
  const { overlay, transaction } = on;
  const { lease, sql } = settlement;
  const stored = overlay.get(lease.id);
  const fenced = transition.fence(stored?.job, settlement);
  if (fenced) return fenced;
  const written = applyWrites(settlement, (key) => overlay.item(key));
  if (written.kind === "conflict") return written;
  if (!sql) return noted(on, stored, settlement, written.changes);
  // Before anything is noted, so that what they did can be taken back alone.
  return runStatements(transaction, sql).then(
    (failed) => failed ?? noted(on, stored, settlement, written.changes),
  );
}

/** What it makes of its job, the items and the queue. */
function noted(
  { overlay, retention, now }: Deciding,
  stored: Stored | undefined,
  settlement: Settlement,
  changes: readonly ItemChange[],
): AnswerOf<"settle"> {
  const { lease, reads, writes, sends, sql } = settlement;
  const { answer, next } = transition.settle(stored?.job, settlement, retention, now);

  if (next === "removed") overlay.remove(lease.id);
  else if (next) putSettled(overlay, stored, settlement, next);
  if (writes.length + sends.length > 0 || sql) {
    for (const read of reads) if (overlay.item(read) === undefined) overlay.relyOn(read);
  }
  for (const change of changes) overlay.change(change);
  for (const call of sends) open(overlay, call, now);
  return answer;
}

function putSettled(overlay: Overlay, stored: Stored | undefined, settlement: Settlement, job: Job): void {
  const { lease, born: call, attempt } = settlement;
  const base = stored ?? born(call as NewCall, job);
  const next = {
    ...base,
    job,
    attempts: attempt ? `${base.attempts},${JSON.stringify(attempt)}` : base.attempts,
    effects: base.effects + appended(effectNotes(settlement)),
  };
  overlay.put(lease.id, next, stored ? undefined : call);
}
