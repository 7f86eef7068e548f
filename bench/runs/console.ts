// Consoles and lists: what was measured, made ready to be shown.
import { type Consoles, type ConsolesRun, consolesRun } from "../measure/consoles.ts";
import type { Found } from "../report/found.ts";
import { median } from "../report/statistics.ts";
import { fixed, mediansTable, type Table } from "../report/table.ts";

const NOTES = [
  "Five consoles, idle server, 1,000,000 jobs in its store, half of them queued: each holds the stream of figures; four ask again what their pages do, every 3 or 5 s. Above the same time without them.",
  "Statements are those of the thread that reads; per job: how many more of them five consoles cause while 1,000 calls a second are accepted, for each call.",
  "A list is one request on a kept connection; medians. A page of jobs has 100; what matches little ends its page early, with a place to go on from.",
];

export async function consoleFound(plan: ConsolesRun): Promise<Found> {
  return foundOf(await consolesRun(plan));
}

export function foundOf(consoles: Consoles): Found {
  const ratios = consoles.lists.map(({ fewMs, manyMs }) => manyMs / fewMs);
  return {
    rows: consoles.lists.flatMap(({ path, fewMs, manyMs }) => [
      { id: `list-at-1k /admin/${path}`, name: path, samples: [{ perSecond: 1_000 / fewMs, p50Ms: fewMs }] },
      {
        id: `list-at-1m /admin/${path}`,
        name: path,
        samples: [{ perSecond: 1_000 / manyMs, p50Ms: manyMs }],
      },
    ]),
    figures: {
      "console-cpu": median(consoles.cpuMsPerSecond),
      "console-statements": median(consoles.statementsPerJob),
      "console-lists": Math.max(...ratios),
    },
    tables: () => [
      { title: "Five consoles", table: consolesTable(consoles) },
      { title: "Lists", table: listsTable(consoles) },
    ],
    notes: NOTES,
    skipped: [],
  };
}

function consolesTable({ cpuMsPerSecond, statementsPerSecond, statementsPerJob }: Consoles): Table {
  return mediansTable([
    ["CPU of the server, ms a second", cpuMsPerSecond, 1],
    ["statements a second", statementsPerSecond, 1],
    ["statements a job, under load", statementsPerJob, 4],
  ]);
}

function listsTable({ lists }: Consoles): Table {
  return {
    head: ["GET /admin/", "1,000 jobs, ms", "1,000,000, ms", "ratio"],
    rows: lists.map(({ path, fewMs, manyMs }) => [
      path,
      fixed(fewMs, 2),
      fixed(manyMs, 2),
      `${fixed(manyMs / fewMs, 2)} ×`,
    ]),
  };
}
