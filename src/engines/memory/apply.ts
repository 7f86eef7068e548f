/**
 * One change and its answer. What it means is decided by core's transitions; here their verdict is stored. A
 * change looks and decides first and stores last, so that one which throws has altered nothing.
 */
import { effectNotes } from "../../core/effects.ts";
import type {
  Answer,
  AnswerOf,
  Change,
  NewCall,
  Retention,
  SettingChange,
  Settlement,
} from "../../core/engine.ts";
import { applyWrites } from "../../core/items.ts";
import type { Job } from "../../core/job.ts";
import { altered } from "../../core/settings.ts";
import * as transition from "../../core/transition.ts";
import { claim } from "./claim.ts";
import { type Entry, newEntry } from "./entry.ts";
import type { Store } from "./store.ts";

export function apply(store: Store, change: Change, retention: Retention, now: number): Answer {
  switch (change.kind) {
    case "open":
      return open(store, change.call, now);
    case "settle":
      return settle(store, change.settlement, retention, now);
    case "claim":
      return claim(store, change, now);
    case "extend": {
      const entry = store.get(change.lease.id);
      return follow(store, entry, transition.extend(entry?.job, change.lease.token, change.leaseMs, now));
    }
    case "cancel": {
      const entry = store.get(change.ref.id);
      return follow(store, entry, transition.cancel(entry?.job, change.ref, retention, now));
    }
    case "redrive": {
      const entry = store.get(change.id);
      return follow(store, entry, transition.redrive(entry?.job, change.delayMs, now));
    }
    case "purge": {
      const entry = store.get(change.id);
      return follow(store, entry, transition.purge(entry?.job));
    }
    case "set":
      set(store, change.setting);
      return { kind: "done" };
    case "audit":
      store.audit.add(change.entry);
      return { kind: "done" };
  }
}

function set({ settings }: Store, change: SettingChange): void {
  const key = `${change.scope} ${change.name}`;
  settings.set(key, altered(settings.get(key), change));
}

function follow<A>(store: Store, entry: Entry | undefined, { answer, next }: transition.Transition<A>): A {
  if (entry && next === "removed") store.remove(entry);
  else if (entry && next) store.put({ ...entry, job: next as Job });
  return answer;
}

function open(store: Store, call: NewCall, now: number): AnswerOf<"open"> {
  const entry = store.get(call.id);
  const { answer, next } = transition.open(entry?.job, call, now);
  if (next && next !== "removed") putOpened(store, entry, call, next);
  return answer;
}

/** A first revision is a record of its own, also where one that was lost still stands. */
function putOpened(store: Store, entry: Entry | undefined, call: NewCall, job: Job): void {
  if (entry && job.revision > 1) store.put({ ...entry, job });
  else store.put(newEntry(call, job));
}

function settle(store: Store, settlement: Settlement, retention: Retention, now: number): AnswerOf<"settle"> {
  const entry = store.get(settlement.lease.id);
  const fenced = transition.fence(entry?.job, settlement);
  if (fenced) return fenced;
  const written = applyWrites(settlement, (key) => store.items.get(key));
  if (written.kind === "conflict") return written;
  const { answer, next } = transition.settle(entry?.job, settlement, retention, now);

  if (entry && next === "removed") store.remove(entry);
  else if (next && next !== "removed") store.put(settledEntry(entry, settlement, next));
  for (const change of written.changes) store.items.apply(change);
  for (const call of settlement.sends) open(store, call, now);
  return answer;
}

function settledEntry(entry: Entry | undefined, settlement: Settlement, job: Job): Entry {
  const base = entry ?? newEntry(settlement.born as NewCall, job);
  return {
    ...base,
    job,
    attempts: settlement.attempt ? [...base.attempts, settlement.attempt] : base.attempts,
    effects: [...base.effects, ...effectNotes(settlement)],
  };
}
