/** One job: what was asked, every attempt, what came of it, and what comes next. */
import type { ComponentChildren } from "preact";
import { ProblemError } from "../../api.ts";
import { figures } from "../../live.ts";
import { Said, useAction } from "../../parts/action.tsx";
import { Empty } from "../../parts/empty.tsx";
import { JobLink, shortId } from "../../parts/job-link.tsx";
import { Loading } from "../../parts/loading.tsx";
import { Moment } from "../../parts/moment.tsx";
import { Payload } from "../../parts/payload.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { hrefOf } from "../../router.ts";
import { serverTime } from "../../server-time.ts";
import type { Effect, Job } from "../../wire.ts";
import { Attempts } from "./attempts.tsx";
import { JobActions } from "./job-actions.tsx";
import { outlook } from "./outlook.ts";
import { useJob } from "./use-job.ts";
import "./job.css";

export function JobPage({ id }: { readonly id: string }) {
  const { value, error, again } = useJob(id);
  if (error instanceof ProblemError && error.problem.status === 404) return <NoSuchJob />;
  return (
    <>
      {!value && <h1>Job {shortId(id)}</h1>}
      {error !== undefined && <Trouble error={error} again={again} />}
      {value && <Shown job={value} again={again} />}
      {!value && error === undefined && <Loading />}
    </>
  );
}

function Shown({ job, again }: { readonly job: Job; readonly again: () => void }) {
  const action = useAction();
  return (
    <article class="job">
      <header class="page-head">
        <div>
          <h1>
            {job.operation} <StatusBadge job={job} />
          </h1>
          <p class="quiet">
            <code>{job.id}</code>
          </p>
        </div>
        <JobActions job={job} action={action} again={again} />
      </header>
      <Said by={action} />
      <Outlook job={job} />
      <Facts job={job} />
      <div class="payloads">
        <Part title="Input">
          <Payload label="Input" value={job.input} />
        </Part>
        {"output" in job && (
          <Part title="Output">
            <Payload label="Output" value={job.output} />
          </Part>
        )}
        {job.error && (
          <Part title={job.status === "failed" ? "Error" : "Error of the last attempt"}>
            <Payload label="Error" value={job.error} />
          </Part>
        )}
      </div>
      <Part title="Attempts">
        <Attempts job={job} />
      </Part>
      <Part title="Written and sent">
        <Effects effects={job.effects} />
      </Part>
    </article>
  );
}

function Outlook({ job }: { readonly job: Job }) {
  const { operations = [], resources = [] } = figures.value ?? {};
  const operation = operations.find(({ name }) => name === job.operation);
  const { ratio, message } = job.progress ?? {};
  return (
    <div class="outlook">
      <p>{outlook(job, { now: serverTime.value, operation, resources })}</p>
      {job.status === "running" && (ratio !== undefined || message) && (
        <p>
          {ratio !== undefined && <progress value={ratio} aria-label="Progress" />} {message}
        </p>
      )}
    </div>
  );
}

function Facts({ job }: { readonly job: Job }) {
  return (
    <dl class="facts">
      <Fact name="Accepted">
        <Moment at={job.acceptedAt} precise />
      </Fact>
      <Fact name="Last change">
        <Moment at={job.updatedAt} precise />
      </Fact>
      <Fact name="Attempt">
        {job.attempt} of {job.maxAttempts}
      </Fact>
      <Fact name="Principal">{job.principal || <span class="quiet">anonymous</span>}</Fact>
      <Fact name="Came by">{ORIGINS[job.origin] ?? <JobLink id={job.origin} />}</Fact>
      <Fact name="Trace">
        {job.traceId ? <code>{job.traceId}</code> : <span class="quiet">none sent</span>}
      </Fact>
      <Fact name="Revision">{job.revision}</Fact>
    </dl>
  );
}

const ORIGINS: Readonly<Record<string, string>> = { http: "HTTP", socket: "socket", batch: "batch" };

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class="part">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Effects({ effects }: { readonly effects: readonly Effect[] }) {
  if (effects.length === 0) {
    return (
      <p class="quiet">
        Nothing. What a handler writes and sends is committed with its success, or not at all.
      </p>
    );
  }
  return (
    <ul class="effects">
      {effects.map((effect) =>
        effect.kind === "send" ? (
          <li key={effect.id}>
            sent <strong>{effect.operation}</strong> <JobLink id={effect.id} />
          </li>
        ) : effect.kind === "sql" ? (
          <li key={effect.text}>
            ran <code>{effect.text}</code>
          </li>
        ) : (
          <li key={`${effect.table} ${effect.key}`}>
            {effect.kind} in <strong>{effect.table}</strong> <code>{effect.key}</code>
          </li>
        ),
      )}
    </ul>
  );
}

function NoSuchJob() {
  return (
    <Empty title="There is no such job" isPage>
      <p>
        It may have been purged, or kept as long as its operation keeps its jobs. Calls answered at once are
        no jobs.
      </p>
      <p>
        <a href={hrefOf("/jobs")}>Show all jobs</a>
      </p>
    </Empty>
  );
}
