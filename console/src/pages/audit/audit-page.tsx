/** Who changed what, and when. */
import { useAnswer } from "../../parts/answer.ts";
import { Empty } from "../../parts/empty.tsx";
import { Head } from "../../parts/head.tsx";
import { JobLink } from "../../parts/job-link.tsx";
import { Loading } from "../../parts/loading.tsx";
import { Moment } from "../../parts/moment.tsx";
import { Pager } from "../../parts/pager.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { query } from "../../router.ts";
import type { AuditEntry, Page } from "../../wire.ts";
import { deedOf, jobsOf } from "./deed.ts";
import "./audit.css";

const FOLLOW_MS = 5_000;
const PAGE = 50;

export function AuditPage() {
  const cursor = query.value.get("cursor") ?? "";
  const { value, error, isLoading, again } = useAnswer<Page<AuditEntry>>(
    "/admin/audit",
    { limit: PAGE, cursor },
    cursor === "" ? FOLLOW_MS : undefined,
  );
  return (
    <>
      <h1>Audit</h1>
      <p class="quiet">
        What administrators changed, newest first; kept for 90 days by default. All of them share one token,
        so it cannot say which of them it was.
      </p>
      {error !== undefined && <Trouble error={error} again={again} />}
      {!value && error === undefined && <Loading />}
      {value && (
        <div aria-busy={isLoading}>
          {value.items.length === 0 ? <NoChanges /> : <Entries entries={value.items} />}
        </div>
      )}
      <Pager next={value?.next ?? null} />
    </>
  );
}

function NoChanges() {
  return (
    <Empty title="Nothing was changed">
      <p class="quiet">
        Pausing, changed concurrency, redrives, purges and cancelled jobs are written down here.
      </p>
    </Empty>
  );
}

function Entries({ entries }: { readonly entries: readonly AuditEntry[] }) {
  return (
    <div class="scroller">
      <table class="stacked audit">
        <Head columns={["When", "Who", "What", "As asked"]} />
        <tbody>
          {entries.map((entry, index) => (
            <tr key={`${entry.at} ${index}`}>
              <td class="when">
                <Moment at={entry.at} />
              </td>
              <td>{entry.by}</td>
              <td class="whole">
                {deedOf(entry)}
                {jobsOf(entry).map((id) => (
                  <span key={id}>
                    {" "}
                    <JobLink id={id} />
                  </span>
                ))}
              </td>
              <td class="detail whole">
                <code>{JSON.stringify(entry.detail)}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
