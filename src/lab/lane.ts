/** From the runs of one lane to what the report says of it. */
import { distributionOf, rounded } from "./distribution.ts";
import { highest, type Joined, joined } from "./joined.ts";
import type { LaneRun } from "./lane-run.ts";
import { OUTCOMES } from "./messages.ts";
import type { ProbeSamples } from "./probe.ts";
import type { Counts, Lane, ResourceUse, Run } from "./report.ts";
import { seriesOf } from "./series.ts";

const RECEIPT = OUTCOMES.indexOf("receipt");

type Measured = { readonly run: LaneRun; readonly calls: Joined };

export function laneOf(runs: readonly LaneRun[]): Lane {
  const [first, ...rest] = runs.map((run): Measured => ({ run, calls: joined(run) }));
  if (!first) throw new RangeError("A lane has one run at least.");
  const all = [first, ...rest];
  const sum = (of: (run: LaneRun) => number) => sumOf(runs, of);
  const most = (of: (measured: Measured) => number) => Math.max(...all.map(of));
  const times = (of: (calls: Joined) => readonly number[]) =>
    distributionOf(all.flatMap(({ calls }) => of(calls)));
  const probes = runs.flatMap(({ probe }) => (probe ? [probe] : []));
  return {
    name: first.run.lane,
    counts: countsOf(all),
    acknowledged: times(acknowledgedMs),
    done: times(doneMs),
    handler: distributionOf(all.flatMap(({ run }) => [...run.served.handlerMs])),
    resources: usesOf(runs),
    queue: {
      peakDepth: most(({ run }) => Math.max(0, highest(run.served.samples.queued))),
      peakOldestMs: rounded(most(({ run }) => Math.max(0, highest(run.served.samples.oldestMs)))),
    },
    drainSeconds: rounded(most(({ calls }) => calls.lastAt - (calls.due.at(-1) ?? 0)) / 1_000),
    effects: {
      expected: sum(({ served }) => served.effects.expected),
      counted: sum(({ served }) => served.effects.counted),
    },
    sent: {
      jobs: sum(({ served }) => served.sent.accepted),
      succeeded: sum(({ served }) => served.sent.succeeded),
      dead: sum(({ served }) => served.sent.failed),
    },
    generator: {
      lateP99Ms: most(({ run }) => run.loaded.lateP99Ms),
      cpuShare: rounded(most(({ run }) => run.loaded.cpuShare)),
    },
    ...(probes.length > 0 && { probe: highestOf(probes) }),
    series: seriesOf(first.run, first.calls),
    runs: all.map(runOf),
  };
}

function sumOf(runs: readonly LaneRun[], of: (run: LaneRun) => number): number {
  return runs.reduce((total, run) => total + of(run), 0);
}

function countsOf(all: readonly Measured[]): Counts {
  const sum = (of: (run: LaneRun) => number) =>
    sumOf(
      all.map(({ run }) => run),
      of,
    );
  const byCode: Record<string, number> = {};
  for (const { run } of all)
    for (const [code, count] of Object.entries(run.loaded.byCode)) byCode[code] = (byCode[code] ?? 0) + count;
  return {
    offered: sum(({ loaded }) => loaded.counts.offered),
    answered: sum(({ loaded }) => loaded.counts.answered),
    receipts: sum(({ loaded }) => loaded.counts.receipt),
    refused: sum(({ loaded }) => loaded.counts.refused),
    failed: sum(({ loaded }) => loaded.counts.failed),
    byCode,
    succeeded: all.reduce((total, { calls }) => total + calls.doneAt.filter(Number.isFinite).length, 0),
    retried: sum(({ served }) => served.retried),
    dead: sum(({ served }) => served.jobs.failed),
    clientRetries: sum(({ loaded }) => loaded.repeats),
  };
}

function acknowledgedMs({ due, repliedAt, outcomes }: Joined): readonly number[] {
  return [...due.keys()]
    .filter((call) => (outcomes[call] as number) <= RECEIPT)
    .map((call) => (repliedAt[call] as number) - (due[call] as number));
}

function doneMs({ due, doneAt }: Joined): readonly number[] {
  return [...due.keys()]
    .filter((call) => Number.isFinite(doneAt[call]))
    .map((call) => (doneAt[call] as number) - (due[call] as number));
}

function usesOf(runs: readonly LaneRun[]): readonly ResourceUse[] {
  const slots = runs.map(({ served }) => served.samples.slots);
  return (slots[0] ?? []).map(({ name, limit }, place) => ({
    name,
    limit,
    peak: Math.max(...slots.map((run) => run[place]?.peak ?? 0)),
    fullSeconds: rounded(slots.reduce((total, run) => total + (run[place]?.fullMs ?? 0), 0) / 1_000),
  }));
}

function highestOf(probes: readonly ProbeSamples[]): Readonly<Record<string, number>> {
  const highest: Record<string, number> = {};
  for (const { values } of probes)
    for (const [name, seen] of Object.entries(values))
      highest[name] = seen.reduce(
        (most, value) => Math.max(most, value),
        highest[name] ?? Number.NEGATIVE_INFINITY,
      );
  return highest;
}

function runOf({ run, calls }: Measured): Run {
  const { answered, receipt, refused, failed } = run.loaded.counts;
  return {
    seconds: rounded(calls.lastAt / 1_000),
    answered,
    receipts: receipt,
    refused,
    failed,
    acknowledgedP99: distributionOf(acknowledgedMs(calls)).p99,
    doneP99: distributionOf(doneMs(calls)).p99,
  };
}
