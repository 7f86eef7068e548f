/** Engines that a test has its hand in: what it alters stands before the engine's own. */
import type { Answer, Change, Engine, EngineHost, EngineSource } from "../../src/core/engine.ts";

/** What it returns is answered instead of what `commit` would answer, or later. */
export type Commit = (
  changes: readonly Change[],
  commit: (changes: readonly Change[]) => Promise<readonly Answer[]>,
) => Promise<readonly Answer[]>;

/** @param alter what has just been opened */
export function altered(
  source: EngineSource,
  alter: (engine: Engine, host: EngineHost) => void,
): EngineSource {
  return {
    ...source,
    open: async (host) => {
      const engine = await source.open(host);
      alter(engine, host);
      return engine;
    },
  };
}

export function committing(source: EngineSource, commit: Commit): EngineSource {
  return altered(source, (engine) => {
    const inner = engine.commit.bind(engine);
    engine.commit = (changes) => commit(changes, inner);
  });
}
