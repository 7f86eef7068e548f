/** What uPlot is told: axes, scales and colours of a chart. */

import type uPlot from "uplot";
import { clockTime } from "../../format.ts";
import type { ChartProps, ChartSeries } from "./chart.tsx";

/** Of the plot, in pixels. */
export const HEIGHT = 150;

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
  onPoint: (index: number | null) => void,
): { readonly options: uPlot.Options; readonly recolour: () => void } {
  const { series } = latest.current;
  const colours = new Map<string, string>();
  const colour = (token: string) => (): string => {
    const known = colours.get(token) ?? resolved(here, token);
    colours.set(token, known);
    return known;
  };
  const options: uPlot.Options = {
    width: here.clientWidth,
    height: HEIGHT,
    // Room for half of the last label below.
    padding: [8, 26, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 6 },
      // All of them show the same moment under the pointer.
      sync: { key: "flows" },
    },
    scales: scalesOf(latest),
    axes: axesOf(latest, colour),
    series: [{}, ...series.map((one) => lineOf(one, colour))],
    hooks: { setCursor: [({ cursor: { idx } }) => onPoint(idx ?? null)] },
    ms: 1e-3,
  };
  return { options, recolour: () => colours.clear() };
}

function scalesOf(latest: Latest): uPlot.Scales {
  return {
    x: { time: true, range: () => [...latest.current.x.range] },
    y: { range: (_, __, max) => [0, Math.max((max ?? 0) * 1.08, latest.current.y.atLeast)] },
  };
}

function axesOf(latest: Latest, colour: (token: string) => () => string): uPlot.Axis[] {
  const grid = { stroke: colour("--line"), width: 1 };
  const common = { stroke: colour("--quiet"), font: FONT, grid, ticks: { show: false } };
  const { y } = latest.current;
  return [
    {
      ...common,
      grid: { ...grid, show: false },
      border: { show: true, stroke: colour("--line-strong"), width: 1 },
      ticks: { ...grid, stroke: colour("--line-strong"), size: 4 },
      size: 28,
      gap: 4,
      space: 72,
      values: (_, ticks) => ticks.map((tick) => (tick === null ? null : clockTime(tick))),
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
  { stroke, dash, filled, label }: ChartSeries,
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
