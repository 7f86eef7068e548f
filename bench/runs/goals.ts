// What does not fit into the main table: the deep backlog, the quiet hour, memory.
import { join } from "node:path";
import { type Deep, type DeepPlan, deepRun } from "../measure/deep.ts";
import { quietRun } from "../measure/quiet.ts";
import { socketMemory } from "../measure/sockets.ts";
import type { Found } from "../report/found.ts";
import { type Held, rowsTable } from "../report/rows-table.ts";
import type { Measured } from "../report/sample.ts";
import { median, medianOf, ratio } from "../report/statistics.ts";
import { mediansTable, type Table } from "../report/table.ts";
import type { Figures } from "../report/verdict.ts";

const HELD: Held = {
  "deep-accept": { row: "accept-at-1m", cell: "perSecond" },
  "deep-drain": { row: "drain-at-1m", cell: "perSecond" },
  "drain-200k": { row: "drain-200k", cell: "perSecond" },
  "quiet-accept": { row: "quiet-accept", cell: "p50Ms" },
  "quiet-push-p50": { row: "quiet-push", cell: "p50Ms" },
  "quiet-push-p99": { row: "quiet-push", cell: "p99Ms" },
};

const NOTES = [
  "At 50/s the time is the generator's, over keep-alive connections; the server that does nothing has the same generator.",
  "A start is timed from the start of its process until it listens; memory is that of a server just started, 3 s later, without load.",
  "Sockets: 2,000, each has had one answer; 5 s later.",
];

export async function goalsFound(plan: DeepPlan): Promise<Found> {
  const quiet = await quietRun(plan);
  const deep = await deepRun(plan);
  plan.say("2,000 sockets …");
  const perSocketKiB: number[] = [];
  for (let round = 1; round <= plan.rounds; round++)
    perSocketKiB.push(await socketMemory(plan.build, join(plan.folder, `sockets-${round}`)));
  return foundOf(quiet, deep, perSocketKiB);
}

export function foundOf(quiet: readonly Measured[], deep: Deep, perSocketKiB: readonly number[]): Found {
  return {
    rows: [...quiet, ...deep.rows],
    figures: { ...quietFigures(quiet), ...deepFigures(deep), "socket-memory": median(perSocketKiB) },
    tables: (verdicts) => [
      { title: "A backlog of 1,000,000", table: rowsTable(deep.rows, verdicts, HELD) },
      { title: "50 calls a second", table: rowsTable(quiet, verdicts, HELD) },
      { title: "Starting, and memory", table: standingTable(deep, perSocketKiB) },
    ],
    notes: NOTES,
    skipped: [],
  };
}

function named(rows: readonly Measured[], id: string): Measured {
  const found = rows.find((row) => row.id === id);
  if (found === undefined) throw new Error(`There is no row ${id}.`);
  return found;
}

function quietFigures(rows: readonly Measured[]): Figures {
  const [empty, accept, push] = ["quiet-empty", "quiet-accept", "quiet-push"].map((id) => named(rows, id));
  if (!empty || !accept || !push) return {};
  const above = accept.samples.map(
    ({ p50Ms = Number.NaN }, round) => p50Ms - (empty.samples[round]?.p50Ms ?? Number.NaN),
  );
  return {
    "quiet-accept": median(above),
    "quiet-push-p50": medianOf(push, "p50Ms"),
    "quiet-push-p99": medianOf(push, "p99Ms"),
  };
}

function deepFigures({ rows, startSeconds, rssMiB }: Deep): Figures {
  return {
    "drain-200k": medianOf(named(rows, "drain-200k"), "perSecond"),
    "deep-accept": ratio(named(rows, "accept-at-1m"), named(rows, "accept-at-0")),
    "deep-drain": ratio(named(rows, "drain-at-1m"), named(rows, "drain-200k")),
    "deep-start": median(startSeconds.deep),
    "idle-memory": median(rssMiB.idle),
    "backlog-memory": median(rssMiB.deep) - median(rssMiB.idle),
  };
}

function standingTable({ startSeconds, rssMiB }: Deep, perSocketKiB: readonly number[]): Table {
  return mediansTable([
    ["start with nothing queued, s", startSeconds.empty, 2],
    ["start with 1,000,000 queued, s", startSeconds.deep, 2],
    ["memory, idle, MiB", rssMiB.idle, 1],
    ["memory, started with 1,000,000 queued, MiB", rssMiB.deep, 1],
    ["memory, after taking in 1,000,000 by batches, MiB", [rssMiB.afterTaking], 1],
    ["memory for each open socket, KiB", perSocketKiB, 1],
  ]);
}
