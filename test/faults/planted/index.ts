/**
 * Bugs on purpose, each of the kind that a checker exists for: a checker that has never failed proves nothing. They
 * stand around an engine, by the port alone; the engine itself knows nothing of them.
 */
import type { EngineSource } from "../../../src/core/engine.ts";
import { acknowledgeEarly } from "./acknowledge-early.ts";
import { effectsApart } from "./effects-apart.ts";
import { newIds } from "./new-ids.ts";
import { noFence } from "./no-fence.ts";
import { ownLimits } from "./own-limits.ts";
import { wrapped } from "./wrap.ts";

const BUGS: Readonly<Record<string, (source: EngineSource, dieAt: number) => EngineSource>> = {
  "acknowledge-early": acknowledgeEarly,
  "effects-apart": effectsApart,
  "no-fence": noFence,
  "new-ids": newIds,
  "own-limits": ownLimits,
};

export type Planting = {
  readonly bug: string | undefined;
  readonly dieAt: number;
  /** Above 0: every claim gets so short a lease, which a worker that is not scheduled for a while cannot keep. */
  readonly leaseMs: number;
};

export function planted(source: EngineSource, { bug, dieAt, leaseMs }: Planting): EngineSource {
  const plant = bug === undefined ? (honest: EngineSource) => honest : BUGS[bug];
  if (!plant)
    throw new Error(`There is no bug "${bug}" to plant; there are ${Object.keys(BUGS).join(", ")}.`);
  const sown = plant(source, dieAt);
  return leaseMs > 0 ? shortLeases(sown, leaseMs) : sown;
}

/** No bug, but what happens to a worker that is paused for longer than its lease. */
function shortLeases(source: EngineSource, leaseMs: number): EngineSource {
  return wrapped(source, (engine) => ({
    commit: (changes) =>
      engine.commit(changes.map((change) => (change.kind === "claim" ? { ...change, leaseMs } : change))),
  }));
}
