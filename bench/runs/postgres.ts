// Spillway on PostgreSQL beside queues on the same, and a worker node added to another, made ready to be shown.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Installed, installPeers } from "../build/installed.ts";
import { nodesRun } from "../measure/postgres-nodes.ts";
import { postgresQueues } from "../peers/all.ts";
import { type PeerRow, peerRows } from "../peers/peer.ts";
import { POSTGRES_SETTINGS, Postgres, postgresMissing } from "../peers/postgres.ts";
import { type QueuePeer, queuePeer } from "../peers/queue-peer.ts";
import { type PeerMeasured, type PeersMeasured, type PeersPlan, peersRun } from "../peers/run.ts";
import { figuresAgainst, type HeldAgainst, ownOf, rowTable } from "../report/compared.ts";
import type { Found } from "../report/found.ts";
import { type Held, MISSED, rowsTable } from "../report/rows-table.ts";
import type { Measured } from "../report/sample.ts";
import { medianOf, ratio, values } from "../report/statistics.ts";
import { fixed, spreadOf, type Table } from "../report/table.ts";
import type { Figures, Verdict } from "../report/verdict.ts";

const NOTES = [
  "Each product is started anew for each round, on an empty cluster of its own; the others do not run meanwhile. Accepting is one process, draining another one, each with PostgreSQL; CPU is of that process and all of PostgreSQL's.",
  "A drain counts from the first handler's run to the last one's. graphile-worker deletes what is done; pg-boss and Spillway keep it.",
  "At 50 calls a second, pg-boss has notify on: without it, it looks twice a second at best.",
  "Nodes: a job needs something for 20 ms of which each process has 32, so that one node runs 1,600 a second at most; the operation's limit, 512 over all nodes, leaves room for both.",
];

const HELD: HeldAgainst = [
  ["postgres-accept-pg-boss", "pg-boss", "accept", "perSecond"],
  ["postgres-accept-graphile-worker", "graphile-worker", "accept", "perSecond"],
  ["postgres-drain-pg-boss", "pg-boss", "drain", "perSecond"],
  ["postgres-drain-graphile-worker", "graphile-worker", "drain", "perSecond"],
];
const NODES: Held = { "postgres-nodes": { row: "two-workers", cell: "perSecond" } };
const LOADED = ["accept", "drain"] as const;
const QUIET = ["answered", "handled", "pushed"] as const;

export type PostgresPlan = Omit<PeersPlan, "peers"> & { readonly build: Installed };

export async function postgresFound(plan: PostgresPlan): Promise<Found> {
  const scripts = installPeers(join(plan.folder, "scripts"));
  const postgres = new Postgres(join(plan.folder, "postgres"));
  const peers = postgresQueues(postgres).map((queue) => {
    const args = queue.id === "pg-boss" ? ["notify"] : [];
    return queuePeer({ ...queue, quiet: { args, pushes: false } }, scripts);
  });
  const itself = queuePeer(spillwayOn(postgres), plan.build.folder);
  const compared = await peersRun({ ...plan, peers: [itself, ...peers] });
  const startStore = (name: string) => {
    const folder = join(plan.folder, name);
    mkdirSync(folder);
    return postgres.start(folder);
  };
  return foundOf(compared, await nodesRun({ ...plan, scripts: plan.build.folder, startStore }));
}

const spillwayOn = (postgres: Postgres): QueuePeer => ({
  id: "spillway",
  name: "Spillway",
  settings: `published build, a gateway and a worker process, concurrency 2048; ${POSTGRES_SETTINGS}`,
  missing: postgresMissing,
  startStore: (folder) => postgres.start(folder),
  preload: 100_000,
  script: "spillway-postgres.js",
  quiet: { args: [], pushes: true },
});

export function foundOf({ peers, skipped }: PeersMeasured, nodes: readonly Measured[]): Found {
  const own = ownOf(peers);
  const [alone, both] = nodes;
  return {
    rows: [...peers.flatMap(({ rows }) => Object.values(rows)), ...nodes],
    figures: {
      ...figuresAgainst(peers, HELD),
      ...(own?.rows.pushed && { "postgres-quiet": medianOf(own.rows.pushed, "p50Ms") }),
      ...(alone && both && { "postgres-nodes": ratio(both, alone) }),
    } satisfies Figures,
    tables: (verdicts) => [
      ...LOADED.flatMap((row) => {
        const present = peers.filter(({ rows }) => rows[row] !== undefined);
        return own?.rows[row] === undefined
          ? []
          : { title: peerRows[row], table: rowTable(row, present, verdicts, HELD) };
      }),
      { title: "50 calls a second, across two processes", table: quietTable(peers, verdicts) },
      {
        title: "A worker node more",
        table: rowsTable(nodes, verdicts, NODES, alone && { row: alone, name: "one" }),
      },
    ],
    notes: [...NOTES, ...peers.map(({ name, settings }) => `${name}: ${settings}`)],
    skipped,
  };
}

function quietTable(peers: readonly PeerMeasured[], verdicts: readonly Verdict[]): Table {
  const isMissed = verdicts.some(({ name, reached }) => name === "postgres-quiet" && !reached);
  const line = ({ name, rows }: PeerMeasured, row: PeerRow): readonly string[][] => {
    const measured = rows[row];
    if (measured === undefined) return [];
    const mark = row === "pushed" && isMissed ? ` ${MISSED}` : "";
    const p50s = values(measured, "p50Ms");
    return [
      [
        `${name}: ${peerRows[row].replace("50/s, ", "")}`,
        fixed(medianOf(measured, "p50Ms"), 2) + mark,
        spreadOf(p50s, 2),
        fixed(medianOf(measured, "p99Ms"), 2),
      ],
    ];
  };
  return {
    head: ["", "p50 ms", "spread", "p99 ms"],
    rows: QUIET.flatMap((row) => peers.flatMap((peer) => line(peer, row))),
  };
}
