/** The limit across a chart and the place along it, each with its name. */
import type uPlot from "uplot";
import type { ChartProps } from "./chart.tsx";

type Point = readonly [x: number, y: number];

export function drawRules(plot: uPlot, { level, mark }: ChartProps, colour: string, font: string): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  ctx.font = font.replace(/\d+/, (size) => String(Number(size) * ratio));
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

function stroke(ctx: CanvasRenderingContext2D, from: Point, to: Point): void {
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
}
