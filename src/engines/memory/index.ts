/** The store of tests and trials, and the specification of every other: everything in memory, nothing kept. */
import type { EngineSource } from "../../core/engine.ts";
import { PORTABLE_SIZES, type RetentionOptions, retentionOf } from "../../core/store-defaults.ts";
import { MemoryEngine } from "./engine.ts";

export type MemoryOptions = { readonly retention?: RetentionOptions };

/** Each `open` is a store of its own, empty, and gone with the process. */
export function memory(options: MemoryOptions = {}): EngineSource {
  const retention = retentionOf(options.retention, "memory()");
  const limits = { ...PORTABLE_SIZES, singleOwner: true, groupsInFlight: 1 };
  return {
    name: "memory",
    limits,
    open: async (host) => new MemoryEngine(host, limits, retention),
  };
}
