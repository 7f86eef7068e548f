/** The last ten minutes of what is chosen: calls, queue and slots over time. */
import { useId, useMemo } from "preact/hooks";
import { compact, duration } from "../../format.ts";
import { history } from "../../live.ts";
import { go, hrefOf, query } from "../../router.ts";
import type { Figures } from "../../wire.ts";
import { Chart } from "./chart.tsx";
import { type Finding, findOperation, findResource, secondsOf } from "./movement.ts";
import { courseOf } from "./series.ts";

/** From a minute on, the axis grows with what there is. */
const SHOWN_S = { least: 60, most: 600 };

export function Charts({ latest }: { readonly latest: Figures }) {
  const chosen = chosenOf(latest);
  const course = useMemo(() => courseOf(history.value, findingOf(chosen)), [chosen, latest]);
  const end = secondsOf(latest);
  const shown = Math.min(SHOWN_S.most, Math.max(SHOWN_S.least, end - (course.at[0] ?? end)));
  const x = { values: course.at, range: [end - shown, end] } as const;
  return (
    <section class="panel charts" aria-labelledby="charts">
      <header class="heading">
        <h2 id="charts">The last ten minutes</h2>
        <Choice chosen={chosen} latest={latest} />
      </header>
      <div class="grid">
        <Chart
          x={x}
          title="Calls a second"
          y={{ format: compact, atLeast: 5 }}
          series={[
            { label: "answered", values: course.answered, stroke: "--water" },
            { label: "receipts", values: course.accepted, stroke: "--good", dash: [6, 3] },
            { label: "refused", values: course.refused, stroke: "--bad", dash: [2, 2] },
          ]}
        />
        <Chart
          x={x}
          title="Attempts a second"
          y={{ format: compact, atLeast: 5 }}
          series={[
            { label: "succeeded", values: course.succeeded, stroke: "--water" },
            { label: "retried", values: course.retried, stroke: "--warn", dash: [6, 3] },
            { label: "failed", values: course.failed, stroke: "--bad", dash: [2, 2] },
          ]}
        />
        <Chart
          x={x}
          title="Slots"
          y={{ format: compact, atLeast: 2, steps: "whole" }}
          series={[
            { label: "in use", values: course.inUse, stroke: "--water", filled: true },
            { label: "limit", values: course.limit, stroke: "--quiet", dash: [6, 3] },
          ]}
        />
        <Chart
          x={x}
          title="Queue"
          y={{ format: compact, atLeast: 5, steps: "whole" }}
          series={[{ label: "queued", values: course.queued, stroke: "--water", filled: true }]}
        />
        <Chart
          x={x}
          title="Oldest in the queue"
          y={{ format: waited, tick: waitedTick, atLeast: 1, steps: "time" }}
          series={[{ label: "has waited", values: course.oldestSeconds, stroke: "--warn", filled: true }]}
        />
      </div>
    </section>
  );
}

function waited(seconds: number): string {
  return duration(seconds * 1_000);
}

/** Ticks are at whole minutes from the first minute on, and at whole hours from the first hour on. */
function waitedTick(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3_600 ? `${seconds / 60} min` : `${seconds / 3_600} h`;
}

/** "resource/…" or "operation/…", as the address bar has it. */
function chosenOf({ resources, operations }: Figures): string {
  const asked = query.value.get("charts") ?? "";
  const all = [
    ...resources.map(({ name }) => `resource/${name}`),
    ...shownOf(operations).map(({ name }) => `operation/${name}`),
  ];
  return all.includes(asked) ? asked : (all[0] ?? "");
}

function shownOf(operations: Figures["operations"]): Figures["operations"] {
  return operations.filter((one) => !one.unserved && one.access !== "admin");
}

function findingOf(chosen: string): Finding {
  const [kind, ...name] = chosen.split("/");
  return kind === "resource" ? findResource(name.join("/")) : findOperation(name.join("/"));
}

type ChoiceProps = { readonly chosen: string; readonly latest: Figures };

function Choice({ chosen, latest: { resources, operations } }: ChoiceProps) {
  const change = (event: Event): void => {
    const { value } = event.currentTarget as HTMLSelectElement;
    go(hrefOf("/", { charts: value }), { replace: true });
  };
  const id = useId();
  return (
    <p class="choice">
      <label for={id}>Of</label>
      <select id={id} value={chosen} onChange={change}>
        {resources.map(({ name, operations }) => (
          <option key={name} value={`resource/${name}`}>
            {name} ({operations.length === 1 ? "its operation" : `all its ${operations.length} operations`})
          </option>
        ))}
        {shownOf(operations).map(({ name }) => (
          <option key={name} value={`operation/${name}`}>
            {name}
          </option>
        ))}
      </select>
    </p>
  );
}
