/** How it went, second by second: arrivals and completions of each lane, the queues, and the database behind them. */
import { useMemo } from "preact/hooks";
import type { FlowReport, Lane } from "../../../src/lab/report.ts";
import { compact } from "../format.ts";
import { movingNumbers, padded, perSecond, secondsOf } from "./curves.ts";
import { latency, seconds, trimmed } from "./figures.ts";
import { LANES } from "./lanes.ts";
import { type Line, Plot } from "./plot.tsx";

const ARRIVED = { name: "arrived", colour: "--quiet", dash: [3, 3], width: 1.5 };
const DONE = { name: "done", colour: "--lane-spill", dash: [], width: 2.5 };
const REFUSED = { name: "refused", colour: "--lane-refused", dash: [8, 3, 2, 3], width: 2 };

export function OverTime({ report: { lanes, resources, probe } }: { readonly report: FlowReport }) {
  const x = useMemo(() => ({ values: secondsOf(lanes.map(({ series }) => series)), show: seconds }), [lanes]);
  const queued = lanes.filter(({ queue }) => queue.peakDepth > 0);
  const numbers = movingNumbers(lanes.map(({ series }) => series));
  return (
    <>
      <section>
        <h2>Arrivals against completions</h2>
        <div class="plots small">
          {lanes.map((lane) => (
            <Flow key={lane.name} lane={lane} lanes={lanes} x={x} />
          ))}
        </div>
      </section>
      {queued.length > 0 && (
        <section>
          <h2>The queue</h2>
          <div class="plots">
            <Plot
              title="Waiting"
              says="Calls that have a receipt and wait for a slot, or for their next attempt."
              x={x}
              lines={linesOf(queued, x.values.length, ({ series }) => series.queued)}
              show={compact}
            />
            <Plot
              title="Age of the oldest"
              says="How long the one in front has waited."
              x={x}
              lines={linesOf(queued, x.values.length, ({ series }) => series.oldestMs)}
              show={latency}
            />
          </div>
        </section>
      )}
      <section>
        <h2>The database</h2>
        <div class="plots">
          {resources.map(({ name, concurrency }) => (
            <Plot
              key={name}
              title={`${name}: slots taken`}
              says={
                concurrency === null
                  ? "It has no limit."
                  : `No lane ever has more than ${concurrency} at once.`
              }
              x={x}
              lines={linesOf(lanes, x.values.length, ({ series }) => series.inUse[name] ?? [])}
              show={compact}
              level={concurrency === null ? undefined : { at: concurrency, name: `limit ${concurrency}` }}
            />
          ))}
          {numbers.map((name) => (
            <Plot
              key={name}
              title={`${probe ?? "probe"}: ${name}`}
              says="As the database itself told, asked while the load ran."
              x={x}
              lines={linesOf(lanes, x.values.length, ({ series }) => series.probe[name] ?? [])}
              show={(value) => (Number.isInteger(value) ? compact(value) : trimmed(value, 2))}
            />
          ))}
        </div>
      </section>
    </>
  );
}

type FlowProps = {
  readonly lane: Lane;
  readonly lanes: readonly Lane[];
  readonly x: { readonly values: readonly number[]; readonly show: (value: number) => string };
};

function Flow({ lane, lanes, x }: FlowProps) {
  const { lines, top } = useMemo(() => {
    const { stepMs, arrivals, completed, refused } = lane.series;
    const line = (values: readonly number[]) => padded(perSecond(values, stepMs), x.values.length);
    return {
      lines: [
        { ...ARRIVED, values: line(arrivals) },
        { ...DONE, values: line(completed) },
        ...(refused.some((count) => count > 0) ? [{ ...REFUSED, values: line(refused) }] : []),
      ],
      // All lanes alike, so that they can be compared.
      top:
        Math.max(
          ...lanes.flatMap(({ series }) => perSecond([...series.arrivals, ...series.completed], stepMs)),
        ) * 1.08,
    };
  }, [lane, lanes, x]);
  return (
    <Plot
      title={LANES[lane.name].title}
      says={SAYS[lane.name]}
      x={x}
      lines={lines}
      show={(value) => `${compact(value)}/s`}
      top={top}
    />
  );
}

const SAYS: Readonly<Record<Lane["name"], string>> = {
  request: "What finds no slot is refused.",
  "request-retrying": "What is refused comes again, by a client that waits.",
  event: "Everything is queued, and done as slots become free.",
  spill: "Done at once while slots are free, queued while they are not.",
};

function linesOf(
  lanes: readonly Lane[],
  length: number,
  of: (lane: Lane) => readonly number[],
): readonly Line[] {
  return lanes.map((lane) => ({
    ...LANES[lane.name],
    name: LANES[lane.name].title,
    values: padded(of(lane), length),
  }));
}
