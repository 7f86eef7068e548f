/** A lane over time: what arrived, was acknowledged and was done in each step, and how things stood then. */
import { rounded } from "./distribution.ts";
import type { Joined } from "./joined.ts";
import type { LaneRun } from "./lane-run.ts";
import { OUTCOMES } from "./messages.ts";
import type { ProbeSamples } from "./probe.ts";
import type { Series } from "./report.ts";

const MOST_STEPS = 300;
const STEPS_MS = [100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000];
const [RECEIPT, REFUSED] = [OUTCOMES.indexOf("receipt"), OUTCOMES.indexOf("refused")];

export function seriesOf({ loaded, served, probe }: LaneRun, calls: Joined): Series {
  const { due, repliedAt, outcomes, doneAt, lastAt } = calls;
  const { samples } = served;
  const stepMs = STEPS_MS.find((step) => lastAt / step <= MOST_STEPS) ?? Math.ceil(lastAt / MOST_STEPS);
  const steps = Math.floor(lastAt / stepMs) + 1;
  const counted = (times: Float64Array, counts: (call: number) => boolean = () => true) => {
    const values = new Array<number>(steps).fill(0);
    for (const [call, at] of times.entries()) {
      if (!Number.isFinite(at) || !counts(call)) continue;
      const step = Math.floor(at / stepMs);
      values[step] = (values[step] ?? 0) + 1;
    }
    return values;
  };
  const seen = (at: ArrayLike<number>, values: ArrayLike<number>) =>
    highest(at, values, { startedAt: loaded.startedAt, stepMs, steps });
  return {
    stepMs,
    arrivals: counted(due),
    acknowledged: counted(repliedAt, (call) => (outcomes[call] as number) <= RECEIPT),
    completed: counted(doneAt),
    refused: counted(repliedAt, (call) => outcomes[call] === REFUSED),
    queued: seen(samples.at, samples.queued),
    oldestMs: seen(samples.at, samples.oldestMs),
    inUse: Object.fromEntries(samples.slots.map(({ name, inUse }) => [name, seen(samples.at, inUse)])),
    probe: probed(probe, seen),
  };
}

function probed(
  probe: ProbeSamples | undefined,
  seen: (at: ArrayLike<number>, values: ArrayLike<number>) => readonly number[],
): Series["probe"] {
  if (!probe) return {};
  return Object.fromEntries(
    Object.entries(probe.values).map(([name, values]) => [name, seen(probe.at, values)]),
  );
}

type Scale = { readonly startedAt: number; readonly stepMs: number; readonly steps: number };

/** The highest value of each step; where nobody looked, things stood as before. */
function highest(
  at: ArrayLike<number>,
  values: ArrayLike<number>,
  { startedAt, stepMs, steps }: Scale,
): number[] {
  const found = new Array<number | undefined>(steps).fill(undefined);
  for (let i = 0; i < at.length; i++) {
    const step = Math.floor(((at[i] as number) - startedAt) / stepMs);
    if (step < 0 || step >= steps) continue;
    found[step] = Math.max(found[step] ?? Number.NEGATIVE_INFINITY, values[i] as number);
  }
  let last = 0;
  return found.map((value) => {
    last = value ?? last;
    return rounded(last);
  });
}
