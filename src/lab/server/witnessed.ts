/** An engine that passes everything on and lets a witness see what was committed and what was read. */
import type { Answer, Change, Engine, EngineSource } from "../../core/engine.ts";
import type { Item } from "../../core/table.ts";

export type Witness = {
  /** Called when the group is durable. */
  readonly committed: (changes: readonly Change[], answers: readonly Answer[]) => void;
  readonly read: (items: readonly (Item | undefined)[]) => void;
};

export function witnessed(
  source: EngineSource,
  witness: Witness,
  opened: (engine: Engine) => void,
): EngineSource {
  return {
    ...source,
    open: async (host) => {
      const engine = await source.open(host);
      opened(engine);
      return seenBy(witness, engine);
    },
  };
}

function seenBy(witness: Witness, engine: Engine): Engine {
  return {
    name: engine.name,
    limits: engine.limits,
    secret: engine.secret,
    lastSequence: engine.lastSequence,
    location: engine.location,
    ...(engine.folder !== undefined && { folder: engine.folder }),
    commit: async (changes) => {
      const answers = await engine.commit(changes);
      witness.committed(changes, answers);
      return answers;
    },
    checkStatement: (text) => engine.checkStatement?.(text),
    find: (refs) => engine.find(refs),
    list: (query) => engine.list(query),
    changes: (principal, after, limit) => engine.changes(principal, after, limit),
    deadLetters: () => engine.deadLetters(),
    figures: () => engine.figures(),
    read: async (keys) => {
      const items = await engine.read(keys);
      witness.read(items);
      return items;
    },
    scan: async (table, after, limit) => {
      const items = await engine.scan(table, after, limit);
      witness.read(items);
      return items;
    },
    settings: () => engine.settings(),
    audit: (limit, cursor) => engine.audit(limit, cursor),
    sweep: (limit) => engine.sweep(limit),
    close: () => engine.close(),
  };
}
