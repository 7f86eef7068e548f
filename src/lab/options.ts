/** What a run of the lab is asked for, checked. */
import type { Load } from "./profile.ts";
import type { LaneName, Profile } from "./report.ts";

export type LabOptions = {
  /** The whole path of the module that exports the app. */
  readonly module: string;
  readonly operation: string;
  readonly traffic: Traffic;
  readonly seed: number;
  readonly repeats: number;
  readonly lanes: readonly LaneName[];
  /** JSON texts, sent in turn. Undefined: one is made from the schema. */
  readonly inputs: readonly string[] | undefined;
  readonly bearer: string | undefined;
  readonly probe: string | undefined;
  /** For what is still to be done when the last call has come. */
  readonly drainLimitMs: number;
  readonly memoryMiB: number;
  readonly batch: number;
};

export type Traffic = Load | { readonly kind: "replay"; readonly arrivals: Float64Array };

export const LANES: readonly LaneName[] = ["request", "event", "spill", "request-retrying"];

/** As much as the processes can keep in mind of each call. */
export const MOST_CALLS = 500_000;

export function profileOf(traffic: Traffic, seed: number, due: Float64Array): Profile {
  const offered = due.length;
  if (traffic.kind !== "replay") return { ...traffic, seed, offered };
  const seconds = (due.at(-1) ?? 0) / 1_000;
  return {
    kind: "replay",
    basePerSecond: seconds > 0 ? offered / seconds : 0,
    peakPerSecond: busiestSecond(due),
    seconds,
    seed,
    offered,
  };
}

/** The most arrivals in any second. */
function busiestSecond(due: Float64Array): number {
  let most = 0;
  let first = 0;
  for (let last = 0; last < due.length; last++) {
    while ((due[last] as number) - (due[first] as number) >= 1_000) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
