/** Jobs, a line each. */
import { Head } from "../../parts/head.tsx";
import { JobLink, jobHref } from "../../parts/job-link.tsx";
import { Moment } from "../../parts/moment.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { go } from "../../router.ts";
import type { ListedJob } from "../../wire.ts";

/** What fits on a line and then some: an input may have megabytes. */
const PREVIEW = 300;

export function JobsTable({ jobs }: { readonly jobs: readonly ListedJob[] }) {
  return (
    <div class="scroller">
      <table class="stacked jobs">
        <Head columns={["Status", "Operation", "Job", "Accepted", "Attempt", "Error", "Input"]} />
        <tbody>
          {jobs.map((job) => (
            <Row key={job.id} job={job} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ job }: { readonly job: ListedJob }) {
  const { id, operation, acceptedAt, attempt, maxAttempts, error, input } = job;
  return (
    <tr onClick={(event) => openUnlessSelecting(event, id)}>
      <td>
        <StatusBadge job={job} />
      </td>
      <td>{operation}</td>
      <td>
        <JobLink id={id} />
      </td>
      <td class="when">
        <Moment at={acceptedAt} />
      </td>
      <td class="when tried">
        {attempt} of {maxAttempts}
      </td>
      <td>{error?.code}</td>
      <td class="preview whole">
        <code>{JSON.stringify(input)?.slice(0, PREVIEW)}</code>
      </td>
    </tr>
  );
}

function openUnlessSelecting(event: MouseEvent, id: string): void {
  if (event.defaultPrevented || (event.target as Element).closest("a")) return;
  if (getSelection()?.isCollapsed !== false) go(jobHref(id));
}
