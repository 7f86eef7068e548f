/** How many of the offered calls were acknowledged, and how many done, within which time. */
import { useMemo } from "preact/hooks";
import type { Distribution, Lane } from "../../../src/lab/report.ts";
import { Chart } from "../parts/chart/chart.tsx";
import { reached } from "./curves.ts";
import { latency, share } from "./figures.ts";
import { LANES } from "./lanes.ts";

export function Times({ lanes }: { readonly lanes: readonly Lane[] }) {
  return (
    <div class="plots">
      <Reached
        title="Acknowledged within"
        says="The share of the calls that were answered or had a receipt, counted from when each was meant to be sent."
        lanes={lanes}
        of={({ acknowledged }) => acknowledged}
      />
      <Reached
        title="Done within"
        says="The share of the calls whose work was done. Where a line ends below 100%, the others never were."
        lanes={lanes}
        of={({ done }) => done}
      />
    </div>
  );
}

type ReachedProps = {
  readonly title: string;
  readonly says: string;
  readonly lanes: readonly Lane[];
  readonly of: (lane: Lane) => Distribution;
};

function Reached({ title, says, lanes, of }: ReachedProps) {
  const { x, lines } = useMemo(() => {
    const { times, shares } = reached(
      lanes.map((lane) => ({ distribution: of(lane), offered: lane.counts.offered })),
    );
    return {
      x: { values: times, show: latency, logarithmic: true },
      lines: lanes.map(({ name }, at) => ({
        ...LANES[name],
        name: LANES[name].title,
        values: shares[at] ?? [],
      })),
    };
  }, [lanes]);
  if (x.values.length === 0) return null;
  const y = { show: (value: number) => share(value, 1), top: 1 };
  return <Chart title={title} says={says} x={x} y={y} lines={lines} />;
}
