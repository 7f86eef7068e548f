/** What uPlot is told of a chart: axes, scales and lines, in the colours that the style sheet has at the moment. */
import type uPlot from "uplot";
import type { ChartProps, Line } from "./chart.tsx";
import type { Ink } from "./ink.ts";
import { drawRules } from "./rules.ts";

const HEIGHT = { live: 150, still: 220 };
const LEAST_WIDTH = 200;
const FONT = "12px system-ui, sans-serif";

/** The chart as it was last rendered: a live one is another each second. */
type Latest = { readonly current: ChartProps };

export function heightOf({ x }: ChartProps): number {
  return x.window ? HEIGHT.live : HEIGHT.still;
}

/** The widest first: of lines that lie on each other all remain to be seen. */
export function drawingOrder(lines: readonly Line[]): readonly Line[] {
  return [...lines].sort((a, b) => widthOf(b) - widthOf(a));
}

export function optionsOf(
  latest: Latest,
  width: number,
  ink: Ink,
  onPoint: (index: number | undefined) => void,
): uPlot.Options {
  const { x, lines } = latest.current;
  return {
    width: Math.max(width, LEAST_WIDTH),
    height: heightOf(latest.current),
    // On the right, room for half of the last label below.
    padding: x.window ? [8, 26, 0, 0] : [10, 14, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: x.window ? 6 : 7 },
      ...(x.window && { sync: { key: "live" } }),
    },
    scales: {
      x: {
        time: x.window !== undefined,
        distr: x.logarithmic ? 3 : 1,
        // From the first value to the last: a logarithmic scale would go on to the next power of ten.
        range: (_, least, most) => [...(latest.current.x.window ?? [least, most])],
      },
      y: { range: (_, __, most) => [0, topOf(latest.current, most)] },
    },
    axes: [xAxis(latest, ink), yAxis(latest, ink)],
    series: [{}, ...drawingOrder(lines).map((line) => seriesOf(line, ink))],
    hooks: {
      setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)],
      drawAxes: [(plot) => drawRules(plot, latest.current, ink.of("--quiet"), FONT)],
    },
    ms: 1e-3,
  };
}

/** What moves on has no lines that would move with it, but a ground to move on. */
function xAxis(latest: Latest, ink: Ink): uPlot.Axis {
  const { window, logarithmic } = latest.current.x;
  const strong = () => ink.of("--line-strong");
  const common = axisOf(ink);
  return {
    ...common,
    size: 28,
    space: window ? 72 : 56,
    ...(window && {
      grid: { show: false },
      border: { show: true, stroke: strong, width: 1 },
      ticks: { ...common.ticks, stroke: strong },
    }),
    ...(logarithmic && {
      splits: (_, __, least, most) => decades(least, most),
      // All of them: by default some are left without a label.
      filter: (_, at) => at,
    }),
    values: (_, ticks) => labels(ticks, latest.current.x.show),
  };
}

/** As wide as its labels; of what is live they change, and the chart stays where it is. */
function yAxis(latest: Latest, ink: Ink): uPlot.Axis {
  return {
    ...axisOf(ink),
    ...(latest.current.x.window
      ? { size: 52, gap: 6, space: 28, ticks: { show: false } }
      : {
          size: (_, said) => 14 + 7 * Math.max(2, ...(said ?? []).map((label) => label?.length ?? 0)),
          space: 36,
        }),
    incrs: () => stepsOf(latest.current),
    values: (_, ticks) => labels(ticks, latest.current.y.tick ?? latest.current.y.show),
  };
}

function axisOf(ink: Ink) {
  const line = { stroke: () => ink.of("--line"), width: 1 };
  return { stroke: () => ink.of("--quiet"), grid: line, ticks: { ...line, size: 4 }, font: FONT, gap: 4 };
}

function labels(ticks: readonly (number | null)[], show: (value: number) => string): (string | null)[] {
  return ticks.map((tick) => (tick === null ? null : show(tick)));
}

function seriesOf({ name, colour, dash, filled, ...line }: Line, ink: Ink): uPlot.Series {
  return {
    label: name,
    stroke: () => ink.of(colour),
    width: widthOf(line),
    points: { show: false },
    ...(dash && { dash: [...dash] }),
    ...(filled && { fill: () => ink.tint(colour) }),
  };
}

function widthOf({ width = 1.5 }: Pick<Line, "width">): number {
  return width;
}

/** Room above the largest value, and for the limit. */
function topOf({ y: { top, atLeast = 0 }, level }: ChartProps, most: number | null): number {
  return top ?? (Math.max((most ?? 0) * 1.08, (level?.at ?? 0) * 1.25, atLeast) || 1);
}

/** Half a slot is none, and charts beside each other should count alike. */
const WHOLE_STEPS = steps(0, 11, [1, 2, 5]);
const FINE_STEPS = steps(-9, 11, [1, 2, 2.5, 5]);

function steps(from: number, to: number, leads: readonly number[]): number[] {
  const powers = Array.from({ length: to - from + 1 }, (_, at) => from + at);
  // Written, as a product would not be 0.3 but 0.30000000000000004.
  return powers.flatMap((power) => leads.map((lead) => Number(`${lead}e${power}`)));
}

function stepsOf({ y, lines }: ChartProps): number[] {
  if (y.steps) return [...y.steps];
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  return values.every(Number.isInteger) || Math.max(...values) > 20 ? WHOLE_STEPS : FINE_STEPS;
}

function decades(least: number, most: number): number[] {
  const first = Math.ceil(Math.log10(least) - 1e-9);
  const last = Math.floor(Math.log10(most) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => 10 ** (first + at));
}
