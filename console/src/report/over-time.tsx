/** How it went, second by second: arrivals and completions of each lane, the queues, and the database behind them. */
import { useMemo } from "preact/hooks";
import type { FlowReport, Lane } from "../../../src/lab/report.ts";
import { compact } from "../format.ts";
import { Chart, type Line } from "../parts/chart/chart.tsx";
import { type Bins, binsOf, highest, movingNumbers, rates } from "./curves.ts";
import { latency, seconds, trimmed } from "./figures.ts";
import { LANES } from "./lanes.ts";

const ARRIVED = { name: "arrived", colour: "--quiet", dash: [3, 3], width: 1.5 };
const DONE = { name: "done", colour: "--lane-spill", dash: [], width: 2.5 };
const REFUSED = { name: "refused", colour: "--lane-refused", dash: [8, 3, 2, 3], width: 2 };

const SAYS: Readonly<Record<Lane["name"], string>> = {
  request: "What finds no slot is refused.",
  "request-retrying": "What is refused comes again, by a client that waits.",
  event: "Everything is queued, and done as slots become free.",
  spill: "Done at once while slots are free, queued while they are not.",
};

export function OverTime({ report }: { readonly report: FlowReport }) {
  const { lanes } = report;
  const bins = useMemo(() => binsOf(lanes.map(({ series }) => series)), [lanes]);
  if (bins.starts.length === 0) return null;
  return (
    <>
      <section>
        <h2>Arrivals against completions</h2>
        <Flows lanes={lanes} bins={bins} />
      </section>
      <Queues lanes={lanes.filter(({ queue }) => queue.peakDepth > 0)} bins={bins} />
      <Resources report={report} bins={bins} />
    </>
  );
}

type Drawn = { readonly lanes: readonly Lane[]; readonly bins: Bins };

/** All on one scale, so that they can be compared. */
function Flows({ lanes, bins }: Drawn) {
  const { charts, top } = useMemo(() => {
    const charts = lanes.map((lane) => ({ lane, lines: flowLines(lane, bins) }));
    const values = charts.flatMap(({ lines }) => lines.flatMap((line) => line.values));
    return { charts, top: Math.max(...values.map((value) => value ?? 0)) * 1.08 };
  }, [lanes, bins]);
  return (
    <div class="plots small">
      {charts.map(({ lane, lines }) => (
        <Chart
          key={lane.name}
          title={LANES[lane.name].title}
          says={SAYS[lane.name]}
          x={{ values: bins.starts, show: seconds }}
          lines={lines}
          y={{ show: (value) => `${compact(value)}/s`, top }}
        />
      ))}
    </div>
  );
}

function flowLines({ series }: Lane, bins: Bins): readonly Line[] {
  const { stepMs, arrivals, completed, refused } = series;
  return [
    { ...ARRIVED, values: rates(arrivals, stepMs, bins) },
    { ...DONE, values: rates(completed, stepMs, bins) },
    ...(refused.some((count) => count > 0) ? [{ ...REFUSED, values: rates(refused, stepMs, bins) }] : []),
  ];
}

function Queues({ lanes, bins }: Drawn) {
  if (lanes.length === 0) return null;
  return (
    <section>
      <h2>The queue</h2>
      <div class="plots">
        <Standing
          title="Waiting"
          says="Calls that have a receipt and wait for a slot, or for their next attempt."
          lanes={lanes}
          bins={bins}
          of={({ series }) => series.queued}
          show={compact}
        />
        <Standing
          title="Age of the oldest"
          says="How long the one in front has waited."
          lanes={lanes}
          bins={bins}
          of={({ series }) => series.oldestMs}
          show={latency}
        />
      </div>
    </section>
  );
}

function Resources({ report, bins }: { readonly report: FlowReport; readonly bins: Bins }) {
  const { lanes, resources, probe } = report;
  const numbers = movingNumbers(lanes.map(({ series }) => series));
  if (resources.length + numbers.length === 0) return null;
  return (
    <section>
      <h2>The database behind it</h2>
      <div class="plots">
        {resources.map(({ name, concurrency }) => (
          <Standing
            key={name}
            title={`${name}: slots taken`}
            says={`The most in each ${seconds(bins.ms / 1_000)}.`}
            lanes={lanes}
            bins={bins}
            of={({ series }) => series.inUse[name] ?? []}
            show={compact}
            level={concurrency === null ? undefined : { at: concurrency, name: `limit ${concurrency}` }}
          />
        ))}
        {numbers.map((name) => (
          <Standing
            key={name}
            title={`${probe ?? "probe"}: ${name}`}
            says={`What it answered while the load ran, the highest in each ${seconds(bins.ms / 1_000)}.`}
            lanes={lanes}
            bins={bins}
            of={({ series }) => series.probe[name] ?? []}
            show={(value) => (Number.isInteger(value) ? compact(value) : trimmed(value, 2))}
          />
        ))}
      </div>
    </section>
  );
}

type StandingProps = Drawn & {
  readonly title: string;
  readonly says: string;
  readonly of: (lane: Lane) => readonly number[];
  readonly show: (value: number) => string;
  readonly level?: { readonly at: number; readonly name: string } | undefined;
};

/** How something stood in each lane. */
function Standing({ title, says, lanes, bins, of, show, level }: StandingProps) {
  // A line is drawn anew when it is another one, not when its page is.
  const lines = useMemo(
    () =>
      lanes.map((lane) => ({
        ...LANES[lane.name],
        name: LANES[lane.name].title,
        values: highest(of(lane), lane.series.stepMs, bins),
      })),
    [bins, title],
  );
  return (
    <Chart
      title={title}
      says={says}
      x={{ values: bins.starts, show: seconds }}
      lines={lines}
      y={{ show }}
      level={level}
    />
  );
}
