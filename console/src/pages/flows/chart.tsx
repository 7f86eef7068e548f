/**
 * Lines over the last minutes. What the lines are is said in words above them, with the values at the pointer (or the
 * last ones); each line has its own dashes besides its colour.
 */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { uPlot } from "../../parts/plot.ts";
import "./chart.css";
import { HEIGHT, optionsOf } from "./chart-options.ts";

export type ChartSeries = {
  readonly label: string;
  /** One for each x; null where there is none, and the line has a gap. */
  readonly values: readonly (number | null)[];
  /** A colour of tokens.css, by its name: "--water". */
  readonly stroke: string;
  /** Lengths of dash and gap, in pixels; none: an unbroken line. */
  readonly dash?: readonly number[];
  /** The ground below the line is tinted. */
  readonly filled?: boolean;
};

export type ChartX = {
  /** Seconds since 1970, ascending. */
  readonly values: readonly number[];
  readonly range: readonly [from: number, to: number];
};

export type ChartY = {
  readonly format: (value: number) => string;
  /** Beside the axis, where the values above are said more exactly. */
  readonly tick?: (value: number) => string;
  /** The axis reaches at least so far, however small the values are. */
  readonly atLeast: number;
  /** Ticks at whole numbers only, or at seconds, minutes and hours. */
  readonly steps?: "whole" | "time";
};

export type ChartProps = {
  readonly title: string;
  readonly x: ChartX;
  readonly y: ChartY;
  readonly series: readonly ChartSeries[];
};

export function Chart(props: ChartProps) {
  const { title, y, series } = props;
  const heading = useId();
  const { box, index } = usePlot(props);
  const shown = index ?? lastOf(series);

  return (
    <figure class="chart" aria-labelledby={heading}>
      <figcaption>
        <h3 id={heading}>{title}</h3>
        <ul class="legend">
          {series.map(({ label, values, stroke, dash }) => (
            <li key={label}>
              <svg viewBox="0 0 24 4" width="24" height="4" aria-hidden="true">
                <line
                  x2="24"
                  y1="2"
                  y2="2"
                  style={{ stroke: `var(${stroke})` }}
                  stroke-dasharray={dash?.join(" ")}
                />
              </svg>
              {label} <b>{said(values[shown], y.format)}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={box} class="plot" style={{ height: `${HEIGHT}px` }} aria-hidden="true" />
    </figure>
  );
}

/** Draws into `box`, again whenever the data, the width or the colours change; `index` is of the x at the pointer. */
function usePlot(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [index, setIndex] = useState<number | null>(null);
  const { x, y, series } = props;
  const shape = [y.steps, ...series.map(({ label, stroke }) => label + stroke)];

  useEffect(() => {
    const here = box.current;
    if (!here) return undefined;
    const { options, recolour } = optionsOf(latest, here, setIndex);
    const drawn = new uPlot(options, dataOf(latest.current), here);
    plot.current = drawn;
    const resized = new ResizeObserver(() => {
      // Drawing cannot wait for the next value: nothing more may come.
      if (here.clientWidth !== drawn.width) drawn.setSize({ width: here.clientWidth, height: HEIGHT });
    });
    resized.observe(here);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = (): void => {
      recolour();
      drawn.redraw(false);
    };
    scheme.addEventListener("change", redraw);
    return () => {
      scheme.removeEventListener("change", redraw);
      resized.disconnect();
      drawn.destroy();
      plot.current = undefined;
    };
  }, [shape.join("|")]);

  useEffect(() => {
    if (!document.hidden) plot.current?.setData(dataOf(props));
  }, [x.values, ...series.map(({ values }) => values)]);

  return { box, index };
}

function dataOf({ x, series }: ChartProps): uPlot.AlignedData {
  return [x.values, ...series.map(({ values }) => values)] as uPlot.AlignedData;
}

function lastOf(series: readonly ChartSeries[]): number {
  return Math.max(...series.map(({ values }) => values.findLastIndex((value) => value !== null)));
}

function said(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "–" : format(value);
}
