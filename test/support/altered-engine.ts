/** Engines that a test has its hand in: what it alters stands before the engine's own. */
import type { Answer, Change, Engine, EngineHost, EngineSource } from "../../src/core/engine.ts";

/** What it returns is answered instead of what `commit` would answer, or later. */
export type Commit = (
  changes: readonly Change[],
  commit: (changes: readonly Change[]) => Promise<readonly Answer[]>,
) => Promise<readonly Answer[]>;

/** @param instead what is used in the place of what was opened */
export function replaced(
  source: EngineSource,
  instead: (engine: Engine, host: EngineHost) => Engine,
): EngineSource {
  return { ...source, open: async (host) => instead(await source.open(host), host) };
}

/** @param alter what has just been opened */
export function altered(
  source: EngineSource,
  alter: (engine: Engine, host: EngineHost) => void,
): EngineSource {
  return replaced(source, (engine, host) => {
    alter(engine, host);
    return engine;
  });
}

export function committing(source: EngineSource, commit: Commit): EngineSource {
  return altered(source, (engine) => {
    const inner = engine.commit.bind(engine);
    engine.commit = (changes) => commit(changes, inner);
  });
}
