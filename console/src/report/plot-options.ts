/** How a chart is drawn on its canvas: axes, lines, limits, in the colours that the style sheet has at the moment. */
import type uPlot from "uplot";
import type { Chart } from "./plot.tsx";

const HEIGHT = 220;
const FONT = "12px system-ui, sans-serif";

export function optionsOf(
  chart: Chart,
  element: HTMLElement,
  setPointed: (at: number | undefined) => void,
): uPlot.Options {
  const ink = inkOf(element);
  const axis = {
    stroke: () => ink("--quiet"),
    grid: { stroke: () => ink("--line"), width: 1 },
    ticks: { stroke: () => ink("--line"), width: 1, size: 4 },
    font: FONT,
    gap: 4,
  };
  return {
    width: Math.max(element.clientWidth, 200),
    height: HEIGHT,
    padding: [10, 14, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      // From the first value to the last: a logarithmic scale would go on to the next power of ten.
      x: { time: false, distr: chart.x.logarithmic ? 3 : 1, range: (_, least, most) => [least, most] },
      y: { range: (_, __, most) => [0, topOf(chart, most)] },
    },
    axes: [
      {
        ...axis,
        size: 28,
        space: 56,
        ...(chart.x.logarithmic && {
          splits: (_, __, least, most) => decades(least, most),
          // All of them: by default some are left without a label.
          filter: (_, at) => at,
        }),
        values: (_, at) => at.map(chart.x.show),
      },
      {
        ...axis,
        space: 36,
        ...(isWhole(chart) && { incrs: WHOLE_STEPS }),
        size: (_, labels) => 14 + 7 * Math.max(2, ...(labels ?? []).map((label) => label?.length ?? 0)),
        values: (_, at) => at.map(chart.show),
      },
    ],
    series: [
      {},
      ...chart.lines.map(({ colour, dash, width }) => ({
        stroke: () => ink(colour),
        dash: [...dash],
        width,
        points: { show: false },
      })),
    ],
    hooks: {
      setCursor: [({ cursor }) => setPointed(cursor.idx ?? undefined)],
      drawAxes: [(plot) => drawRules(plot, chart, ink)],
    },
  };
}

/** Half a slot is none, and charts beside each other should count alike. */
const WHOLE_STEPS = Array.from({ length: 12 }, (_, at) => [1, 2, 5].map((step) => step * 10 ** at)).flat();

function isWhole({ lines }: Chart): boolean {
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  return values.every(Number.isInteger) || Math.max(...values) > 20;
}

/** Room above the largest value, and for the limit. */
function topOf({ top, level }: Chart, most: number | null): number {
  return top ?? (Math.max((most ?? 0) * 1.08, (level?.at ?? 0) * 1.25) || 1);
}

function decades(least: number, most: number): number[] {
  const first = Math.ceil(Math.log10(least) - 1e-9);
  const last = Math.floor(Math.log10(most) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => 10 ** (first + at));
}

/** A canvas knows no custom properties, and none that differ by scheme: an element tells what they are now. */
function inkOf(element: HTMLElement): (property: string) => string {
  const probe = element.appendChild(document.createElement("i"));
  return (property) => {
    probe.style.color = `var(${property})`;
    return getComputedStyle(probe).color;
  };
}

function drawRules(plot: uPlot, { level, mark }: Chart, ink: (property: string) => string): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ink("--quiet");
  ctx.fillStyle = ink("--quiet");
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  ctx.font = `${12 * ratio}px system-ui, sans-serif`;
  if (level) {
    const y = Math.round(plot.valToPos(level.at, "y", true));
    stroke(ctx, [bbox.left, y], [bbox.left + bbox.width, y]);
    ctx.textAlign = "right";
    ctx.fillText(level.name, bbox.left + bbox.width - 4 * ratio, y - 5 * ratio);
  }
  if (mark) {
    const x = Math.round(plot.valToPos(mark.at, "x", true));
    stroke(ctx, [x, bbox.top], [x, bbox.top + bbox.height]);
    const isLeft = x < bbox.left + bbox.width / 2;
    ctx.textAlign = isLeft ? "left" : "right";
    ctx.fillText(mark.name, x + (isLeft ? 5 : -5) * ratio, bbox.top + 12 * ratio);
  }
  ctx.restore();
}

type Point = readonly [x: number, y: number];

function stroke(ctx: CanvasRenderingContext2D, from: Point, to: Point): void {
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
}
