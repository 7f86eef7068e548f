/** The jobs that match, newest first. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { figures } from "../../live.ts";
import { useAsked } from "../../parts/answer.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loading } from "../../parts/loading.tsx";
import { Pager } from "../../parts/pager.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { hrefOf, query } from "../../router.ts";
import { serverTime } from "../../server-time.ts";
import type { ListedJob, OperationEntry, Page } from "../../wire.ts";
import { FilterForm } from "./filter-form.tsx";
import { askedOf, filtersOf, isFiltered } from "./filters.ts";
import { findJobs } from "./find-jobs.ts";
import { JobsTable } from "./jobs-table.tsx";
import { followed } from "./newest.ts";
import "./jobs.css";

const FOLLOW_MS = 3_000;

export function JobsPage() {
  const filters = filtersOf(query.value);
  const { shown, fresh, error, isLoading, again, showFresh } = useJobs();
  const { page, unseen, isMore } = shown ? followed(shown, fresh ?? shown) : NOTHING;
  return (
    <>
      <h1>Jobs</h1>
      <FilterForm filters={filters} />
      {error !== undefined && <Trouble error={error} again={again} />}
      {/* Said once, and not with every job that comes. */}
      <p class="unseen" role="status">
        {unseen > 0 && "There are new jobs."}
      </p>
      {unseen > 0 && (
        <p class="jobs-arrived">
          <Button onClick={showFresh}>
            Show {isMore && "more than "}
            {unseen} new {unseen === 1 ? "job" : "jobs"}
          </Button>
        </p>
      )}
      {!shown && error === undefined && <Loading />}
      {shown && (
        <div class={isLoading && !fresh ? "loading" : undefined}>
          {page.items.length > 0 ? (
            <JobsTable jobs={page.items} />
          ) : (
            <NoJobs isFiltered={isFiltered(filters)} isMore={page.next !== null} />
          )}
        </div>
      )}
      <Pager next={page.next} />
    </>
  );
}

const NOTHING = { page: { items: [], next: null }, unseen: 0, isMore: false };

/** The first page is followed; those behind it stand still. */
function useJobs() {
  const cursor = query.value.get("cursor") ?? "";
  const address = query.value.toString();
  // A span ends at the server's time, which is known only once it has said so.
  const isTimed = figures.value !== undefined;
  const asked = useMemo(() => askedOf(filtersOf(query.value), serverTime.peek()), [address, isTimed]);
  const question = JSON.stringify([asked, cursor]);
  const [held, setHeld] = useState<{ readonly question: string; readonly page: Page<ListedJob> }>();
  const isHeld = held?.question === question;
  const answer = useAsked(
    question,
    // Only the page itself is worth a search through the whole store, not the look for what is new.
    (signal) => findJobs(asked, cursor, signal, isHeld ? 1 : undefined),
    cursor === "" ? FOLLOW_MS : undefined,
  );
  const { value, error, isLoading } = answer;
  const arrived = isLoading || error !== undefined ? undefined : value;
  useEffect(() => {
    if (arrived && (!isHeld || held.page.items.length === 0)) setHeld({ question, page: arrived });
  }, [arrived, isHeld]);

  return {
    // While another page is on its way the one before it stays; an error leaves nothing that could be taken for it.
    shown: isHeld || isLoading ? held?.page : arrived,
    fresh: isHeld ? value : undefined,
    error,
    isLoading,
    again: answer.again,
    showFresh: () => value && setHeld({ question, page: value }),
  };
}

function NoJobs({ isFiltered, isMore }: { readonly isFiltered: boolean; readonly isMore: boolean }) {
  if (isMore) {
    return (
      <Empty title="None among the jobs looked through so far">
        <p>There are older ones: “Older” looks further back.</p>
      </Empty>
    );
  }
  if (isFiltered) {
    return (
      <Empty title="No job matches these filters">
        <p>
          <a href={hrefOf("/jobs")}>Show all jobs</a>
        </p>
      </Empty>
    );
  }
  const name = figures.value?.operations.find(isQueued)?.name;
  return (
    <Empty title="No jobs yet">
      <p>A call becomes a job when it is queued; calls answered at once are not listed. This queues one:</p>
      <pre class="payload">{`curl -H 'content-type: application/json' -H 'prefer: respond-async' \\
  -d '{ … }' ${location.origin}/operations/${name ?? "NAME"}`}</pre>
    </Empty>
  );
}

/** Whoever asks it for a receipt gets one. */
function isQueued(one: OperationEntry): boolean {
  return !one.unserved && one.access === "public" && one.flow !== "request";
}
