/** An engine around another: everything is passed on, but for what a planted bug replaces. */
import type { Change, Engine, EngineHost, EngineSource, Settlement } from "../../../src/core/engine.ts";

export function wrapped(
  source: EngineSource,
  replace: (engine: Engine, host: EngineHost) => Partial<Engine>,
): EngineSource {
  return {
    ...source,
    open: async (host) => {
      const engine = await source.open(host);
      const passedOn: Engine = {
        name: engine.name,
        limits: engine.limits,
        secret: engine.secret,
        lastSequence: engine.lastSequence,
        location: engine.location,
        ...(engine.folder !== undefined && { folder: engine.folder }),
        commit: (changes) => engine.commit(changes),
        find: (refs) => engine.find(refs),
        list: (query) => engine.list(query),
        changes: (principal, after, limit) => engine.changes(principal, after, limit),
        deadLetters: () => engine.deadLetters(),
        figures: () => engine.figures(),
        read: (keys) => engine.read(keys),
        scan: (table, after, limit) => engine.scan(table, after, limit),
        settings: () => engine.settings(),
        audit: (limit, cursor) => engine.audit(limit, cursor),
        sweep: (limit) => engine.sweep(limit),
        close: () => engine.close(),
      };
      return { ...passedOn, ...replace(engine, host) };
    },
  };
}

/** Effects in a commit of their own: the settlement of a call at once that leaves nothing else behind. */
export function effectsAlone(
  { reads, writes, sends }: Pick<Settlement, "reads" | "writes" | "sends">,
  { random }: EngineHost,
): Change {
  const id = `planted${random.hex(16)}`;
  const token = random.hex(16);
  const born = {
    id,
    sequence: 0,
    operation: "planted",
    principal: "",
    input: "null",
    inputVersion: 1,
    delayMs: 0,
    maxAttempts: 1,
    details: { origin: "planted" },
    start: { token, leaseMs: 1_000, ifLost: "forget" },
  } as const;
  const verdict = { kind: "succeeded", output: "null" } as const;
  return { kind: "settle", settlement: { lease: { id, token }, born, verdict, reads, writes, sends } };
}

/** At the occasion that the test chose, the process ends there and then. */
export function deathAt(occasion: number): () => void {
  let occasions = 0;
  return () => {
    if (++occasions === occasion) process.kill(process.pid, "SIGKILL");
  };
}
