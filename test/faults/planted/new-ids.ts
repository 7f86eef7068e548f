/** The bug: the secret that the ids of keyed calls are derived from is not kept, so that a repeat is another call. */
import type { EngineSource } from "../../../src/core/engine.ts";
import { wrapped } from "./wrap.ts";

export function newIds(source: EngineSource): EngineSource {
  return wrapped(source, (_engine, { random }) => ({ secret: random.hex(32) }));
}
