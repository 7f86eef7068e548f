/** The last minutes, ten at most, of what is chosen: calls, queue and slots over time. */
import { useId, useMemo } from "preact/hooks";
import { clockTime, compact, duration } from "../../format.ts";
import { history } from "../../live.ts";
import { Chart } from "../../parts/chart/chart.tsx";
import { go, hrefOf, query } from "../../router.ts";
import type { Figures } from "../../wire.ts";
import { type Finding, findOperation, findResource, secondsOf } from "./movement.ts";
import { courseOf } from "./series.ts";

/** From a minute on, the axis grows with what there is. */
const SHOWN_S = { least: 60, most: 600 };

export function Charts({ latest }: { readonly latest: Figures }) {
  const chosen = chosenOf(latest);
  const course = useMemo(() => courseOf(history.value, findingOf(chosen)), [chosen, latest]);
  const end = secondsOf(latest);
  const shown = Math.min(SHOWN_S.most, Math.max(SHOWN_S.least, end - (course.at[0] ?? end)));
  const x = { values: course.at, show: clockTime, window: [end - shown, end] } as const;
  return (
    <section class="panel charts" aria-labelledby="charts">
      <header class="heading">
        <h2 id="charts">The last minutes</h2>
        <Choice chosen={chosen} latest={latest} />
      </header>
      <div class="grid">
        <Chart
          x={x}
          title="Calls a second"
          y={{ show: compact, atLeast: 5 }}
          lines={[
            { name: "answered", values: course.answered, colour: "--water" },
            { name: "receipts", values: course.accepted, colour: "--good", dash: [6, 3] },
            { name: "refused", values: course.refused, colour: "--bad", dash: [2, 2] },
          ]}
        />
        <Chart
          x={x}
          title="Attempts a second"
          y={{ show: compact, atLeast: 5 }}
          lines={[
            { name: "succeeded", values: course.succeeded, colour: "--water" },
            { name: "retried", values: course.retried, colour: "--warn", dash: [6, 3] },
            { name: "failed", values: course.failed, colour: "--bad", dash: [2, 2] },
          ]}
        />
        <Chart
          x={x}
          title="Slots"
          y={{ show: compact, atLeast: 2 }}
          lines={[
            { name: "in use", values: course.inUse, colour: "--water", filled: true },
            { name: "limit", values: course.limit, colour: "--quiet", dash: [6, 3] },
          ]}
        />
        <Chart
          x={x}
          title="Queue"
          y={{ show: compact, atLeast: 5 }}
          lines={[{ name: "queued", values: course.queued, colour: "--water", filled: true }]}
        />
        <Chart
          x={x}
          title="Oldest in the queue"
          y={{ show: waited, tick: waitedTick, atLeast: 1, steps: WAITED_STEPS }}
          lines={[{ name: "has waited", values: course.oldestSeconds, colour: "--warn", filled: true }]}
        />
      </div>
    </section>
  );
}

function waited(seconds: number): string {
  return duration(seconds * 1_000);
}

/** Seconds: whole minutes from the first minute on, and whole hours from the first hour on. */
const WAITED_STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400];

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
