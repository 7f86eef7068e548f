/** Flow reports as the lab makes them, of a small burst; a test changes in them what it is about. */
import { costOf } from "../../src/lab/cost.ts";
import { recommend } from "../../src/lab/recommendation.ts";
import type {
  Counts,
  Distribution,
  FlowReport,
  Lane,
  LaneName,
  Profile,
  Run,
  Series,
} from "../../src/lab/report.ts";
import { REPORT_VERSION } from "../../src/lab/report.ts";

const OFFERED = 10_000;

const nothing: Counts = {
  offered: OFFERED,
  answered: 0,
  receipts: 0,
  refused: 0,
  failed: 0,
  byCode: {},
  succeeded: 0,
  retried: 0,
  dead: 0,
  clientRetries: 0,
};

/** What each flow makes of the burst, unless a test says otherwise. */
const usual: Readonly<Record<LaneName, Partial<Counts>>> = {
  request: { answered: 2_000, refused: 8_000, byCode: { saturated: 8_000 }, succeeded: 2_000 },
  "request-retrying": { answered: 10_000, succeeded: 10_000, clientRetries: 41_000 },
  event: { receipts: 10_000, succeeded: 10_000 },
  spill: { answered: 2_000, receipts: 8_000, succeeded: 10_000 },
};

export function distribution(
  p50: number,
  p90: number,
  p99: number,
  max: number,
  count = OFFERED,
): Distribution {
  return {
    count,
    p50,
    p90,
    p99,
    max,
    mean: p50,
    buckets: [
      { upTo: p50, count: count * 0.5 },
      { upTo: p90, count: count * 0.4 },
      { upTo: p99, count: count * 0.09 },
      { upTo: max, count: count * 0.01 },
    ],
  };
}

const acknowledged: Readonly<Record<LaneName, Distribution>> = {
  request: distribution(1.2, 24, 31, 48),
  "request-retrying": distribution(3_000, 7_900, 9_400, 10_100),
  event: distribution(4, 9, 14, 22),
  spill: distribution(6, 23, 33, 51),
};

const done: Readonly<Record<LaneName, Distribution>> = {
  request: distribution(22, 25, 31, 48, 2_000),
  "request-retrying": distribution(3_000, 7_900, 9_400, 10_100),
  event: distribution(9_000, 17_000, 19_000, 19_400),
  spill: distribution(8_000, 16_500, 18_800, 19_300),
};

export function lane(name: LaneName, counts: Partial<Counts> = {}, more: Partial<Lane> = {}): Lane {
  const isQueued = name === "event" || name === "spill";
  const all = { ...nothing, ...usual[name], ...counts };
  return {
    name,
    counts: all,
    acknowledged: acknowledged[name],
    done: done[name],
    handler: distribution(21, 22, 24, 40),
    resources: [{ name: "orders-db", limit: 10, peak: 10, fullSeconds: isQueued ? 19 : 4.2 }],
    queue: isQueued ? { peakDepth: 7_900, peakOldestMs: 18_900 } : { peakDepth: 0, peakOldestMs: 0 },
    drainSeconds: isQueued ? 14.2 : 0.1,
    effects: { expected: all.succeeded * 2, counted: all.succeeded * 2 },
    sent: { jobs: all.succeeded, succeeded: all.succeeded, dead: 0 },
    generator: { lateP99Ms: 2, cpuShare: 0.2 },
    series: seriesOf(name),
    runs: [runOf(all)],
    ...more,
  };
}

export function runOf(counts: Partial<Counts>, more: Partial<Run> = {}): Run {
  const { answered, receipts, refused, failed } = { ...nothing, ...counts };
  return { seconds: 20, answered, receipts, refused, failed, acknowledgedP99: 30, doneP99: 19_000, ...more };
}

export const burst: Profile = {
  kind: "burst",
  basePerSecond: 50,
  peakPerSecond: 2_000,
  seconds: 20,
  seed: 1,
  offered: OFFERED,
};

export const usualLanes: readonly Lane[] = [
  lane("request"),
  lane("request-retrying"),
  lane("event"),
  lane("spill"),
];

export function measured(more: Partial<FlowReport> = {}): Omit<FlowReport, "recommendation"> {
  return {
    kind: "spillway-flow-report",
    version: REPORT_VERSION,
    madeAt: "2026-11-23T12:00:00.000Z",
    madeOn: { cpu: "Example CPU", cores: 2, memoryGiB: 8, system: "Linux 6.12", node: "26.6.0" },
    spillway: "0.1.0",
    app: "app.ts",
    operation: "place-order",
    declaredFlow: "spill",
    profile: burst,
    repeats: 1,
    resources: [{ name: "orders-db", concurrency: 10, ratePerSecond: null }],
    probe: "database",
    lanes: usualLanes,
    cost: costOf(
      {
        handlerMs: 21,
        inputBytes: 40,
        itemsWritten: 3,
        itemsRead: 0,
        writeUnits: 6,
        readUnits: 0,
        rowUnits: 1,
        rowReads: 1,
        named: false,
        queueChunks: 1,
        memoryMiB: 512,
        batch: 10,
      },
      { atOnceShare: 0.2 },
    ),
    basis: ["Measured: every count and every time.", "A model: the price table."],
    ...more,
  };
}

/** The usual burst, with the lanes given in the place of theirs. */
export function withLanes(...changed: readonly Lane[]): ReturnType<typeof measured> {
  return measured({
    lanes: usualLanes.map((usual) => changed.find(({ name }) => name === usual.name) ?? usual),
  });
}

export function report(more: Partial<FlowReport> = {}): FlowReport {
  const all = measured(more);
  return { ...all, recommendation: recommend(all), ...more };
}

/** Forty steps of half a second: five seconds of base, five of peak, ten of base, and what is done after it. */
function seriesOf(name: LaneName): Series {
  const steps = Array.from({ length: 68 }, (_, step) => step);
  const arrivals = steps.map((step) => (step >= 40 ? 0 : step >= 10 && step < 20 ? 965 : 12));
  const isQueued = name === "event" || name === "spill";
  const completed: number[] = [];
  const queued: number[] = [];
  let left = 0;
  for (const arrived of arrivals) {
    const taken = isQueued ? left + arrived : arrived;
    const finished = Math.min(taken, 240);
    completed.push(finished);
    left = isQueued ? taken - finished : 0;
    queued.push(left);
  }
  return {
    stepMs: 500,
    arrivals,
    acknowledged: arrivals,
    completed,
    refused: arrivals.map((arrived, step) => (isQueued ? 0 : arrived - (completed[step] ?? 0))),
    queued,
    oldestMs: queued.map((depth) => depth * 2.1),
    inUse: { "orders-db": completed.map((finished) => Math.min(10, Math.round(finished / 24))) },
    probe: {
      inUse: completed.map((finished) => Math.min(10, Math.round(finished / 24))),
      throttled: steps.map(() => 0),
    },
  };
}
