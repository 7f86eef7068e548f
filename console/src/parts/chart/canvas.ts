/** The canvas of a chart, by uPlot: drawn again whenever the data, the width or the colours change. */
import "../plain-language.ts";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { ChartProps } from "./chart.tsx";
import { Ink } from "./ink.ts";
import { drawingOrder, optionsOf } from "./options.ts";

/** Draws into `box`; `pointed` is the index of the x under the pointer. */
export function useCanvas(chart: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(chart);
  latest.current = chart;
  const [pointed, setPointed] = useState<number | undefined>();
  const { x, lines } = chart;
  // Of another shape it is another plot; values alone are handed to the one that is there.
  const shape = JSON.stringify([x.logarithmic, lines.map(({ values, ...style }) => style)]);

  useEffect(() => {
    const here = box.current;
    if (!here) return undefined;
    const ink = new Ink(here);
    const drawn = new uPlot(
      optionsOf(latest, here.clientWidth, ink, setPointed),
      dataOf(latest.current),
      here,
    );
    plot.current = drawn;
    const stop = follow(drawn, here, ink);
    return () => {
      stop();
      drawn.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  useEffect(() => {
    // What is live comes again, when somebody looks.
    if (!x.window || !document.hidden) plot.current?.setData(dataOf(chart));
  }, [x.values, ...lines.map(({ values }) => values)]);

  return { box, pointed };
}

function dataOf({ x, lines }: ChartProps): uPlot.AlignedData {
  return [x.values, ...drawingOrder(lines).map(({ values }) => values)] as uPlot.AlignedData;
}

/** The width of its place, and the colours of the scheme and of paper. */
function follow(plot: uPlot, here: HTMLElement, ink: Ink): () => void {
  const resized = new ResizeObserver(() => {
    const { clientWidth: width } = here;
    if (width > 0 && width !== plot.width) plot.setSize({ width, height: plot.height });
  });
  resized.observe(here);
  const recolour = (): void => {
    ink.forget();
    plot.redraw(false);
  };
  const media = ["(prefers-color-scheme: dark)", "print"].map((query) => matchMedia(query));
  for (const query of media) query.addEventListener("change", recolour);
  return () => {
    resized.disconnect();
    for (const query of media) query.removeEventListener("change", recolour);
  };
}
