/** What was measured, a column a lane. */
import {
  codesOf,
  type Distribution,
  type FlowReport,
  type Lane,
  waitingIn,
} from "../../../src/lab/report.ts";
import { count } from "../format.ts";
import { movingNumbers } from "./curves.ts";
import { latency, seconds, share, trimmed } from "./figures.ts";
import { LANES } from "./lanes.ts";
import { Scroller } from "./scroller.tsx";

type Row = {
  readonly name: string;
  readonly of: (lane: Lane) => string;
  /** It explains the row above. */
  readonly detail?: boolean;
};

export function LanesTable({ report }: { readonly report: FlowReport }) {
  const { lanes } = report;
  return (
    <Scroller label="What was measured in each lane">
      <table class="lanes">
        <thead>
          <tr>
            <td />
            {lanes.map(({ name }) => (
              <th key={name} scope="col" class="number">
                {LANES[name].title}
              </th>
            ))}
          </tr>
        </thead>
        {groupsOf(report).map((rows) => (
          <tbody key={rows[0]?.name}>
            {rows.map(({ name, of, detail }) => (
              <tr key={name} class={detail ? "detail" : undefined}>
                <th scope="row">{name}</th>
                {lanes.map((lane) => (
                  <td key={lane.name} class="number">
                    {of(lane)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </Scroller>
  );
}

function groupsOf(report: FlowReport): readonly (readonly Row[])[] {
  const { lanes, resources } = report;
  const codes = codesOf(lanes);
  const groups: readonly (readonly Row[])[] = [
    [
      { name: "offered", of: ({ counts }) => count(counts.offered) },
      { name: "answered", of: ({ counts }) => count(counts.answered) },
      { name: "given a receipt", of: ({ counts }) => count(counts.receipts) },
      { name: "refused", of: ({ counts }) => count(counts.refused) },
      ...codes.refused.map(codeRow),
      { name: "failed", of: ({ counts }) => count(counts.failed) },
      ...codes.failed.map(codeRow),
    ],
    [
      {
        name: "done in the end",
        of: ({ counts }) => `${count(counts.succeeded)} (${share(counts.succeeded, counts.offered)})`,
      },
      { name: "repeated by the client", of: ({ counts }) => count(counts.clientRetries) },
      { name: "repeated by the server", of: ({ counts }) => count(counts.retried) },
      { name: "dead letters", of: ({ counts }) => count(counts.dead) },
      ...(lanes.some(({ sent }) => sent.jobs > 0)
        ? [{ name: "sent to others, done", of: ({ sent }: Lane) => partOf(sent.succeeded, sent.jobs) }]
        : []),
      { name: "effects, each once", of: ({ effects }) => partOf(effects.counted, effects.expected) },
    ],
    [
      timeRow("acknowledged, p50", "p50", ({ acknowledged }) => acknowledged),
      ...tails(({ acknowledged }) => acknowledged),
    ],
    [timeRow("done, of those done, p50", "p50", ({ done }) => done), ...tails(({ done }) => done)],
    [
      { name: "deepest queue", of: ({ queue }) => count(queue.peakDepth) },
      { name: "oldest in it", of: ({ queue }) => latency(queue.peakOldestMs) },
      { name: "drained after", of: drainedAfter },
    ],
    [...resources.flatMap(({ name }) => resourceRows(name)), ...probeRows(report)],
    [{ name: "load late by, p99", of: ({ generator }) => latency(generator.lateP99Ms) }],
  ];
  return groups.filter((rows) => rows.length > 0);
}

function codeRow(code: string): Row {
  return { name: code, detail: true, of: ({ counts }) => count(counts.byCode[code] ?? 0) };
}

function drainedAfter(lane: Lane): string {
  const waiting = waitingIn(lane);
  return waiting > 0 ? `${count(waiting)} left` : seconds(lane.drainSeconds);
}

function tails(of: (lane: Lane) => Distribution): readonly Row[] {
  return (["p90", "p99", "max"] as const).map((at) => ({ ...timeRow(at, at, of), detail: true }));
}

function timeRow(name: string, at: "p50" | "p90" | "p99" | "max", of: (lane: Lane) => Distribution): Row {
  return { name, of: (lane) => (of(lane).count === 0 ? "–" : latency(of(lane)[at])) };
}

function resourceRows(resource: string): readonly Row[] {
  const use = (lane: Lane) => lane.resources.find(({ name }) => name === resource);
  return [
    {
      name: `${resource}, at most`,
      of: (lane) => {
        const found = use(lane);
        if (found === undefined) return "–";
        return found.limit === null ? count(found.peak) : `${count(found.peak)} of ${count(found.limit)}`;
      },
    },
    { name: "seen full for", detail: true, of: (lane) => seconds(use(lane)?.fullSeconds ?? 0) },
  ];
}

function partOf(part: number, all: number): string {
  return part === all ? count(all) : `${count(part)} of ${count(all)}`;
}

/** The highest of each number that the probe answered, but for those that never moved. */
function probeRows({ lanes, probe }: FlowReport): readonly Row[] {
  return movingNumbers(lanes.map(({ series }) => series)).map((name) => ({
    name: `${probe ?? "probe"}: ${name}`,
    of: (lane) => {
      const most = lane.probe?.[name];
      if (most === undefined) return "–";
      return Number.isInteger(most) ? count(most) : trimmed(most, 2);
    },
  }));
}
