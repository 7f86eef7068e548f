/** Which page belongs to which path, and what is around them all. */
import type { ComponentType } from "preact";
import { Layout } from "./layout.tsx";
import { AuditPage } from "./pages/audit/audit-page.tsx";
import { DeadLettersPage } from "./pages/dead-letters/dead-letters-page.tsx";
import { FlowsPage } from "./pages/flows/flows-page.tsx";
import { JobPage } from "./pages/jobs/job-page.tsx";
import { JobsPage } from "./pages/jobs/jobs-page.tsx";
import { NodesPage } from "./pages/nodes/nodes-page.tsx";
import { OperationsPage } from "./pages/operations/operations-page.tsx";
import { ReportPage } from "./pages/reports/report-page.tsx";
import { ReportsPage } from "./pages/reports/reports-page.tsx";
import { Empty } from "./parts/empty.tsx";
import { hrefOf, path, steps } from "./router.ts";
import { session } from "./session.ts";
import { TokenPage } from "./token-page.tsx";

const PAGES: Readonly<Record<string, ComponentType>> = {
  "/": FlowsPage,
  "/jobs": JobsPage,
  "/dead-letters": DeadLettersPage,
  "/operations": OperationsPage,
  "/nodes": NodesPage,
  "/audit": AuditPage,
  "/reports": ReportsPage,
};

export function App() {
  if (session.value === "token-needed") return <TokenPage />;
  return <Layout>{pageOf(path.value)}</Layout>;
}

function pageOf(path: string) {
  const Page = PAGES[path];
  if (Page) return <Page />;
  const [list, last, more] = steps.value;
  if (list === "jobs" && last && !more) return <JobPage key={last} id={last} />;
  if (list === "reports" && last && !more) return <ReportPage key={last} name={last} />;
  return (
    <Empty title="There is no such page" isPage>
      <a href={hrefOf("/")}>Go to the flows</a>
    </Empty>
  );
}
