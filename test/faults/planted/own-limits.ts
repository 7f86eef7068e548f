/** The bug: each node keeps to the limits, and knows nothing of what the others run. */
import type { EngineSource } from "../../../src/core/engine.ts";
import { wrapped } from "./wrap.ts";

export function ownLimits(source: EngineSource): EngineSource {
  return wrapped(source, () => ({ share: undefined, shares: undefined }));
}
