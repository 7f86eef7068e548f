/** What uPlot is told: axes, scales and colours of a chart. */

import { clockTime } from "../format.ts";
import type { ChartProps, ChartSeries } from "./chart.tsx";
import { uPlot } from "./plot.ts";

/** Beside the line that it belongs to, the tint is faint. */
const TINT = 0.1;
const FONT = "12px system-ui, sans-serif";
const STEPS = {
  whole: Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat(),
  time: [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400],
};

type Latest = { readonly current: ChartProps };

/** `recolour` is to be called when light became dark. */
export function optionsOf(
  latest: Latest,
  here: HTMLElement,
  height: number,
  onPoint: (index: number | null) => void,
): { readonly options: uPlot.Options; readonly recolour: () => void } {
  const { x, series, group } = latest.current;
  const colours = new Map<string, string>();
  const colour = (token: string) => (): string => {
    const known = colours.get(token) ?? resolved(here, token);
    colours.set(token, known);
    return known;
  };
  const options: uPlot.Options = {
    width: here.clientWidth,
    height,
    // Room for half of the last label below.
    padding: [8, 26, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 6 },
      ...(group && { sync: { key: group } }),
    },
    scales: scalesOf(latest),
    axes: axesOf(latest, colour),
    series: [{}, ...series.map((one) => lineOf(one, colour))],
    hooks: { setCursor: [({ cursor: { idx } }) => onPoint(idx ?? null)] },
    ...(x.kind === "time" && { ms: 1e-3 as const }),
  };
  return { options, recolour: () => colours.clear() };
}

function scalesOf(latest: Latest): uPlot.Scales {
  const { x, y } = latest.current;
  return {
    x: {
      time: x.kind === "time",
      distr: x.kind === "log" ? 3 : 1,
      // Of one point there is no range: it stands in the middle.
      range: (_, min, max) => {
        const [from, to] = latest.current.x.range ?? [min, max];
        return from === to ? [from - 1, to + 1] : [from, to];
      },
    },
    y:
      y.kind === "log"
        ? { distr: 3 }
        : { range: (_, __, max) => [0, Math.max((max ?? 0) * 1.08, latest.current.y.atLeast ?? 0) || 1] },
  };
}

function axesOf(latest: Latest, colour: (token: string) => () => string): uPlot.Axis[] {
  const grid = { stroke: colour("--line"), width: 1 };
  const common = { stroke: colour("--quiet"), font: FONT, grid, ticks: { show: false } };
  const { x, y } = latest.current;
  return [
    {
      ...common,
      grid: { ...grid, show: false },
      border: { show: true, stroke: colour("--line-strong"), width: 1 },
      ticks: { ...grid, stroke: colour("--line-strong"), size: 4 },
      size: 28,
      gap: 4,
      space: 72,
      values: (_, ticks) => {
        const format = latest.current.x.format ?? (x.kind === "time" ? clockTime : String);
        return ticks.map((tick) => (tick === null ? null : format(tick)));
      },
    },
    {
      ...common,
      size: 52,
      gap: 6,
      space: 28,
      ...(y.steps && { incrs: STEPS[y.steps] }),
      values: (_, ticks) => {
        const { format, tick: say = format } = latest.current.y;
        return ticks.map((tick) => (tick === null ? null : say(tick)));
      },
    },
  ];
}

function lineOf(
  { stroke, dash, filled, stepped, label }: ChartSeries,
  colour: (token: string) => () => string,
): uPlot.Series {
  const line = colour(stroke);
  return {
    label,
    stroke: line,
    width: 1.5,
    points: { show: false },
    ...(dash && { dash: [...dash] }),
    ...(filled && { fill: () => faint(line()) }),
    ...(stepped && uPlot.paths.stepped && { paths: uPlot.paths.stepped({ align: 1 }) }),
  };
}

/** A canvas knows no custom properties: an element has to say what the colour comes to. */
function resolved(here: HTMLElement, token: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  here.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** @param colour "rgb(1, 2, 3)", as computed styles have it */
function faint(colour: string): string {
  return colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${TINT})`);
}
