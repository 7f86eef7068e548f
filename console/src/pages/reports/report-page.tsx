/** A flow report, shown in place. */
import type { FlowReport } from "../../../../src/lab/report.ts";
import { ProblemError } from "../../api.ts";
import { useAnswer } from "../../parts/answer.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loading } from "../../parts/loading.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { Report } from "../../report/report.tsx";
import { hrefOf } from "../../router.ts";

export function ReportPage({ name }: { readonly name: string }) {
  const { value, error, again } = useAnswer<FlowReport>(`/admin/reports/${encodeURIComponent(name)}`);
  if (value) return <Report report={value} />;
  if (error instanceof ProblemError && error.problem.status === 404) return <NoSuchReport />;
  return (
    <>
      <h1>Report</h1>
      {error === undefined ? <Loading /> : <Trouble error={error} again={again} />}
    </>
  );
}

function NoSuchReport() {
  return (
    <Empty title="There is no such report" isPage>
      <p>It may have been moved, or is no report that can be shown.</p>
      <p>
        <a href={hrefOf("/reports")}>Show all reports</a>
      </p>
    </Empty>
  );
}
