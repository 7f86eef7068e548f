/**
 * One change and its answer, inside the owner's transaction. What it means is decided by core's transitions;
 * here their verdict is stored. A change that throws leaves its transaction to be rolled back.
 */
import { effectNotes } from "../../core/effects.ts";
import type { NewCall, Retention } from "../../core/engine.ts";
import { ADMIN } from "../../core/engine.ts";
import { applyWrites } from "../../core/items.ts";
import type { Job } from "../../core/job.ts";
import { appended } from "../../core/kept.ts";
import * as transition from "../../core/transition.ts";
import { detailsText } from "./changes.ts";
import { claim } from "./claim.ts";
import { isHeld } from "./claims.ts";
import type { Call, OwnerChange, OwnerSettlement, PackedAnswer } from "./messages.ts";
import type { Store } from "./store.ts";
import type { Stored } from "./stored.ts";

export function apply(store: Store, change: OwnerChange, retention: Retention, now: number): PackedAnswer {
  switch (change.kind) {
    case "open":
      return open(store, change.call, now);
    case "settle":
      return settle(store, change.settlement, retention, now);
    case "claim":
      return claim(store, change, now);
    case "extend":
      return extend(store, change, now);
    case "cancel": {
      const stored = store.jobs.load(change.id);
      const ref = { id: change.id, principal: change.principal ?? ADMIN };
      return follow(store, stored, transition.cancel(stored?.job, ref, retention, now));
    }
    case "redrive": {
      const stored = store.jobs.load(change.id);
      return follow(store, stored, transition.redrive(stored?.job, change.delayMs, now));
    }
    case "purge": {
      const stored = store.jobs.load(change.id);
      return follow(store, stored, transition.purge(stored?.job));
    }
    case "set":
      store.set(change.setting);
      return { kind: "done" };
    case "audit":
      store.note(change.entry);
      return { kind: "done" };
  }
}

function follow<A extends PackedAnswer>(
  store: Store,
  stored: Stored | undefined,
  { answer, next }: transition.Transition<A>,
): A {
  if (stored && next === "removed") store.jobs.remove(stored);
  else if (stored && next) store.jobs.save(stored, next as Job);
  return answer;
}

/** Written first and looked for only if that fails: nearly every call is new. */
function open(store: Store, call: Call, now: number): PackedAnswer {
  const { jobs } = store;
  if (jobs.insert(call, transition.bornJob(asNew(call), now))) return 1;
  const stored = jobs.load(call.id);
  if (!stored) throw taken(call);
  const { answer, next } = transition.open(stored.job, asNew(call), now);
  if (!next || next === "removed") return answer;
  if (next.revision > 1) {
    jobs.save(stored, next);
    return answer;
  }
  // A first revision is a record of its own: what stood there was lost.
  jobs.remove(stored);
  if (!jobs.insert(call, next)) throw taken(call);
  return answer;
}

function settle(store: Store, settlement: OwnerSettlement, retention: Retention, now: number): PackedAnswer {
  const { jobs, items } = store;
  const { lease, born, attempt, known } = settlement;
  const stored = jobs.leased(lease.id, lease.token);
  const fenced = transition.fence(stored?.job, settlement);
  if (fenced) return fenced;
  const { reads, writes, sends, sql } = settlement;
  // Most jobs have no effects.
  const written = reads.length + writes.length > 0 ? applyWrites(settlement, (key) => items.load(key)) : NONE;
  if (written.kind === "conflict") return written;
  // Before anything of the store's is altered, so that what a statement did can be taken back alone.
  const failed = sql && store.statements.run(sql);
  if (failed) return failed;
  const { answer, next } = transition.settle(stored?.job, settlement, retention, now);

  const place = stored ?? (next && next !== "removed" && born ? bear(store, born, now) : undefined);
  if (place && next === "removed") jobs.remove(place);
  else if (place && next)
    jobs.save(
      place,
      next as Job,
      attempt,
      writes.length + sends.length > 0 || sql ? appended(effectNotes(settlement)) : "",
    );
  for (const change of written.changes) items.store(change);
  for (const call of sends) open(store, withText(call), now);
  // While it is in its claim nothing has happened to it, so whoever knows it can tell what it became.
  return known && stored && isHeld(stored) ? 1 : answer;
}

const NONE = { kind: "ok", changes: [] } as const;

/** The row of a call at once that was never opened, to be settled in the same breath. */
function bear({ jobs }: Store, born: NewCall, now: number): Stored {
  const job = { ...transition.bornJob(born, now), listed: false };
  if (!jobs.insert(withText(born), job)) throw taken(born);
  return { sequence: born.sequence, job, hasState: true };
}

function extend(
  { jobs }: Store,
  change: Extract<OwnerChange, { kind: "extend" }>,
  now: number,
): PackedAnswer {
  const stored = jobs.leased(change.lease.id, change.lease.token);
  const { answer, next } = transition.extend(stored?.job, change.lease.token, change.leaseMs, now);
  if (stored && next && next !== "removed") jobs.saveLease(stored, next);
  return answer;
}

function taken({ sequence }: Pick<NewCall, "sequence">): Error {
  return new Error(`Sequence ${sequence} belongs to another job already.`);
}

function withText(call: NewCall): Call {
  return { ...call, details: detailsText(call.details) };
}

/** The transitions never look at a call's details. */
function asNew(call: Call): NewCall {
  return call as unknown as NewCall;
}
