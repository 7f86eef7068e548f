/** Calls and their outcomes as a store is given them, for tests to which most that they say does not matter. */
import type { Change, NewCall } from "../../src/core/engine.ts";
import type { Ids } from "../../src/core/ids.ts";
import type { ItemRead, ItemWrite } from "../../src/core/table.ts";

/** A call that is queued and has no key, unless said otherwise. */
export function newCall(ids: Ids, more: Partial<NewCall> = {}): NewCall {
  return {
    ...ids.mint(),
    operation: "work",
    principal: "ann",
    input: '{"n":1}',
    inputVersion: 1,
    delayMs: 0,
    maxAttempts: 3,
    details: { origin: "http" },
    start: "queued",
    ...more,
  };
}

/** The outcome of a call at once that leaves nothing else behind. */
export function writesAlone(
  ids: Ids,
  writes: readonly ItemWrite[],
  reads: readonly ItemRead[] = [],
): Extract<Change, { kind: "settle" }> {
  const token = ids.mint().id;
  const born = newCall(ids, { start: { token, leaseMs: 30_000, ifLost: "forget" } });
  const verdict = { kind: "succeeded", output: "null" } as const;
  const lease = { id: born.id, token };
  return { kind: "settle", settlement: { lease, born, verdict, reads, writes, sends: [] } };
}
