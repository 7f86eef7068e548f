/**
 * A line chart with its title and a legend that tells the values under the pointer. Each line has its own dashes or
 * width besides its colour.
 */
import { useId } from "preact/hooks";
import { useCanvas } from "./canvas.ts";
import "./chart.css";
import { heightOf } from "./options.ts";

export type Stroke = {
  /** A custom property of the style sheet: "--water". */
  readonly colour: string;
  /** Lengths of dash and gap, in pixels; none: an unbroken line. */
  readonly dash?: readonly number[];
  readonly width?: number;
};

export type Line = Stroke & {
  readonly name: string;
  /** One for each x; null where there is none, and the line has a gap. */
  readonly values: readonly (number | null)[];
  /** The ground below the line is tinted. */
  readonly filled?: boolean;
};

/** A limit across, or a place from top to bottom. */
export type Rule = { readonly at: number; readonly name: string };

export type ChartProps = {
  readonly title: string;
  /** What is drawn, and what to see in it. */
  readonly says?: string;
  readonly x: {
    /** Ascending; seconds since 1970 if there is a window. */
    readonly values: readonly number[];
    readonly show: (value: number) => string;
    readonly logarithmic?: boolean;
    /** Of a time that moves on: the chart is live, tells its last values, and shares its pointer with its like. */
    readonly window?: readonly [from: number, to: number];
  };
  readonly y: {
    readonly show: (value: number) => string;
    /** Beside the axis, where the legend says it more exactly. */
    readonly tick?: (value: number) => string;
    /** What may lie between two ticks. */
    readonly steps?: readonly number[];
    /** The axis reaches at least so far, however small the values are. */
    readonly atLeast?: number;
    /** The axis reaches so far, whatever the values are. */
    readonly top?: number;
  };
  readonly lines: readonly Line[];
  readonly level?: Rule | undefined;
  readonly mark?: Rule | undefined;
};

export function Chart(chart: ChartProps) {
  const { title, says, x, y, lines } = chart;
  const heading = useId();
  const { box, pointed } = useCanvas(chart);
  const at = pointed === undefined ? undefined : x.values[pointed];
  const told = pointed ?? (x.window && lastOf(lines));
  // Without a sentence it is the legend that says it.
  const spoken = says
    ? ({ role: "img", "aria-label": `${title}. ${says}` } as const)
    : ({ "aria-hidden": true } as const);

  return (
    <figure class={x.window ? "chart live" : "chart"} aria-labelledby={heading}>
      <figcaption>
        {at !== undefined && !x.window && <span class="at">at {x.show(at)}</span>}
        <h3 id={heading}>{title}</h3>
        {says && <p class="quiet">{says}</p>}
      </figcaption>
      <ul class="legend">
        {lines.map((line) => (
          <li key={line.name}>
            <Sample {...line} /> {line.name}
            {told !== undefined && <b>{said(line.values[told], y.show)}</b>}
          </li>
        ))}
      </ul>
      <div class="canvas" ref={box} style={{ height: `${heightOf(chart)}px` }} {...spoken} />
    </figure>
  );
}

/** A line that says nothing of its width is thin, and would be too thin to tell its colour here. */
function Sample({ colour, dash, width = 2.5 }: Stroke) {
  return (
    <svg class="sample" viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">
      <path
        d="M0 4h28"
        style={{ stroke: `var(${colour})` }}
        stroke-width={width}
        stroke-dasharray={dash?.join(" ")}
      />
    </svg>
  );
}

function lastOf(lines: readonly Line[]): number {
  return Math.max(...lines.map(({ values }) => values.findLastIndex((value) => value !== null)));
}

function said(value: number | null | undefined, show: (value: number) => string): string {
  return value === null || value === undefined ? "–" : show(value);
}
