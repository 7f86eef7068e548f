/**
 * A flow report: what follows from it first, then what was measured in each flow, then what it would cost. Shown by
 * the console, and by a page of its own that can be mailed.
 */
import { useErrorBoundary } from "preact/hooks";
import type { FlowReport, Profile } from "../../../src/lab/report.ts";
import { count } from "../format.ts";
import { Basis } from "./basis.tsx";
import { Costs } from "./costs.tsx";
import { seconds } from "./figures.ts";
import { LanesTable } from "./lanes-table.tsx";
import { Outcomes } from "./outcomes.tsx";
import { OverTime } from "./over-time.tsx";
import { Prices } from "./prices.tsx";
import { Times } from "./times.tsx";
import { Verdict } from "./verdict.tsx";
import "./plots.css";
import "./report.css";
import "./tables.css";

type ReportProps = { readonly report: FlowReport };

/** A file that calls itself a report may still be none, and takes the rest of the page down with it. */
export function Report({ report }: ReportProps) {
  const [error] = useErrorBoundary();
  if (error === undefined) return <Sheet report={report} />;
  return (
    <div class="trouble" role="alert">
      <p>This report cannot be shown: something in it is not as the lab writes it ({String(error)}).</p>
    </div>
  );
}

function Sheet({ report }: ReportProps) {
  const { operation, app, declaredFlow, profile, repeats, madeAt } = report;
  return (
    <article class="report">
      <header>
        <p class="quiet">Flow report</p>
        <h1>{operation}</h1>
        <p>
          <span class="quiet">of</span> {app}, <span class="quiet">declared</span> {declaredFlow}{" "}
          <span class="quiet">· under</span> {loadOf(profile)} <span class="quiet">·</span>{" "}
          {count(profile.offered)} calls to each flow
          {repeats > 1 && `, ${repeats} times`} <span class="quiet">· {momentOf(madeAt)}</span>
        </p>
      </header>
      <Verdict recommendation={report.recommendation} />
      <section>
        <h2>What became of the calls</h2>
        <Outcomes lanes={report.lanes} />
        <LanesTable report={report} />
      </section>
      <section>
        <h2>How long it took</h2>
        <Times lanes={report.lanes} />
      </section>
      <OverTime report={report} />
      <Costs cost={report.cost} />
      <Basis report={report} />
      <Prices prices={report.cost.prices} />
    </article>
  );
}

function loadOf({ kind, basePerSecond, peakPerSecond, seconds: lasted }: Profile): string {
  const rate = (value: number) => `${count(value)}/s`;
  const rates = {
    steady: rate(peakPerSecond),
    ramp: `${rate(basePerSecond)} to ${rate(peakPerSecond)}`,
    burst: `${rate(peakPerSecond)} over ${rate(basePerSecond)}`,
    spike: `${rate(peakPerSecond)} over ${rate(basePerSecond)}`,
    replay: `at most ${rate(peakPerSecond)}`,
  }[kind];
  return `${kind === "replay" ? "recorded arrivals" : `a ${kind}`}: ${rates}, for ${seconds(lasted)}`;
}

const calendar = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "short",
  timeZone: "UTC",
});

/** In nobody's time zone: a report is mailed around. */
function momentOf(madeAt: string): string {
  return `${calendar.format(new Date(madeAt))} UTC`;
}
