/** A flow report, shown in place. */
import type { FlowReport } from "../../../../src/lab/report.ts";
import { useAnswer } from "../../parts/answer.ts";
import { Trouble } from "../../parts/trouble.tsx";
import { Report } from "../../report/report.tsx";

export function ReportPage({ name }: { readonly name: string }) {
  const { value, error, again } = useAnswer<FlowReport>(`/admin/reports/${encodeURIComponent(name)}`);
  if (error !== undefined) return <Trouble error={error} again={again} />;
  return value ? <Report report={value} /> : <p role="status">Loading …</p>;
}
