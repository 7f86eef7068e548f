/** An engine around another: everything is passed on, but for what a planted bug replaces. */
import type { Change, Engine, EngineHost, EngineSource, Settlement } from "../../../src/core/engine.ts";
import { replaced } from "../../support/altered-engine.ts";

/** Without what is `undefined` in it. */
type Replaced = { readonly [K in keyof Engine]?: Engine[K] | undefined };

export function wrapped(
  source: EngineSource,
  replace: (engine: Engine, host: EngineHost) => Replaced,
): EngineSource {
  return replaced(source, (engine, host) => {
    const methods = replace(engine, host);
    return new Proxy(engine, {
      get: (_, name) => {
        if (name in methods) return Reflect.get(methods, name);
        const value = Reflect.get(engine, name);
        return typeof value === "function" ? value.bind(engine) : value;
      },
    });
  });
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
