/**
 * What stands in functions for modules that they never use: an app names its store, and on AWS that is the table.
 * Bundled by bundles.ts in place of `spillway/sqlite`, `spillway/postgres`, `spillway/memory` and `spillway/node`.
 */
import type { EngineSource } from "../core/engine.ts";
import { configurationError } from "../core/errors.ts";
import { PORTABLE_SIZES } from "../core/store-defaults.ts";

const absent = (name: string) =>
  configurationError(`${name} is not in this bundle.`, "On AWS a function keeps everything in the table.");

const storeOf = (name: string): EngineSource => ({
  name,
  limits: { ...PORTABLE_SIZES, singleOwner: true, groupsInFlight: 1 },
  open: () => Promise.reject(absent(`${name}()`)),
});

export const sqlite = (): EngineSource => storeOf("sqlite");
export const postgres = (): EngineSource => storeOf("postgres");
export const memory = (): EngineSource => storeOf("memory");

export function serve(): Promise<never> {
  return Promise.reject(absent("serve()"));
}
