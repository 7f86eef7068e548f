/** The bug: what a job wrote is committed first, and that it has succeeded in a commit of its own. */
import type { Answer, Change, EngineSource } from "../../../src/core/engine.ts";
import { deathAt, effectsAlone, wrapped } from "./wrap.ts";

/** @param dieAt the group with writes between whose two commits the process ends */
export function effectsApart(source: EngineSource, dieAt: number): EngineSource {
  return wrapped(source, (engine, host) => {
    const between = deathAt(dieAt);
    const commit = async (changes: readonly Change[]): Promise<readonly Answer[]> => {
      const effects: Change[] = [];
      const rest = changes.map((change): Change => {
        if (change.kind !== "settle" || change.settlement.born || change.settlement.writes.length === 0)
          return change;
        const { reads, writes } = change.settlement;
        effects.push(effectsAlone({ reads, writes, sends: [] }, host));
        return { kind: "settle", settlement: { ...change.settlement, reads: [], writes: [] } };
      });
      if (effects.length > 0) {
        await engine.commit(effects);
        between();
      }
      return engine.commit(rest);
    };
    return { commit };
  });
}
