/** A flow report: what was measured in each flow, what it would cost, and what follows from it. */
import type { FlowReport } from "../../../src/lab/report.ts";

export function Report({ report }: { readonly report: FlowReport }) {
  return (
    <article class="report">
      <h1>{report.operation}</h1>
      <p>{report.recommendation.text}</p>
    </article>
  );
}
