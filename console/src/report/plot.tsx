/** A line chart with its title, what it says in a sentence, and a legend that tells the values under the pointer. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { uPlot } from "../parts/plot.ts";
import type { Stroke } from "./lanes.ts";
import { optionsOf } from "./plot-options.ts";

export type Line = Stroke & { readonly name: string; readonly values: readonly (number | null)[] };

export type Chart = {
  readonly title: string;
  /** What is drawn, and what to see in it. */
  readonly says: string;
  readonly x: {
    readonly values: readonly number[];
    readonly show: (value: number) => string;
    readonly logarithmic?: boolean;
  };
  readonly show: (value: number) => string;
  readonly lines: readonly Line[];
  /** The top of the scale; otherwise that of the values. */
  readonly top?: number | undefined;
  /** A limit, drawn across. */
  readonly level?: { readonly at: number; readonly name: string } | undefined;
  /** A place along x, drawn from top to bottom. */
  readonly mark?: { readonly at: number; readonly name: string } | undefined;
};

export function Plot(chart: Chart) {
  const box = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<number | undefined>();
  // The widest first: of lines that lie on each other all remain to be seen.
  const drawn = useMemo(() => [...chart.lines].sort((a, b) => b.width - a.width), [chart.lines]);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const data = [chart.x.values, ...drawn.map(({ values }) => values)] as unknown as uPlot.AlignedData;
    const plot = new uPlot(optionsOf({ ...chart, lines: drawn }, element, setPointed), data, element);
    plot.ctx.canvas.role = "img";
    plot.ctx.canvas.ariaLabel = `${chart.title}. ${chart.says}`;
    const stop = follow(plot, element);
    return () => {
      stop();
      plot.destroy();
    };
    // A report does not change once it is shown: only another one makes another chart.
  }, [drawn]);

  const at = pointed === undefined ? undefined : chart.x.values[pointed];
  return (
    <figure class="plot">
      <figcaption>
        {at !== undefined && <span class="at">at {chart.x.show(at)}</span>}
        <h3>{chart.title}</h3>
        <p class="quiet">{chart.says}</p>
      </figcaption>
      <div class="canvas" ref={box} />
      <Legend chart={chart} pointed={pointed} />
    </figure>
  );
}

/** The width of its place, and the colours of the scheme and of paper. */
function follow(plot: uPlot, element: HTMLElement): () => void {
  const resized = new ResizeObserver(() => {
    if (element.clientWidth > 0) plot.setSize({ width: element.clientWidth, height: plot.height });
  });
  resized.observe(element);
  const recolour = () => plot.redraw(false);
  const media = ["(prefers-color-scheme: dark)", "print"].map((query) => matchMedia(query));
  for (const query of media) query.addEventListener("change", recolour);
  return () => {
    resized.disconnect();
    for (const query of media) query.removeEventListener("change", recolour);
  };
}

function Legend({ chart, pointed }: { readonly chart: Chart; readonly pointed: number | undefined }) {
  return (
    <ul class="legend">
      {chart.lines.map((line) => {
        const value = pointed === undefined ? undefined : line.values[pointed];
        return (
          <li key={line.name}>
            <Sample {...line} /> {line.name}
            {value !== undefined && value !== null && <b>{chart.show(value)}</b>}
          </li>
        );
      })}
    </ul>
  );
}

export function Sample({ colour, dash, width }: Stroke) {
  return (
    <svg class="sample" viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">
      <path
        d="M0 4h28"
        style={{ stroke: `var(${colour})` }}
        stroke-width={width}
        stroke-dasharray={dash.join(" ")}
      />
    </svg>
  );
}
