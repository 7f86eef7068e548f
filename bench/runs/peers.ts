// The peers beside Spillway: what was measured, made ready to be shown.

import { join } from "node:path";
import type { Installed } from "../build/installed.ts";
import { installPeers } from "../build/installed.ts";
import type { BoundName } from "../goals.ts";
import { allPeers } from "../peers/all.ts";
import { type PeerRow, peerRows } from "../peers/peer.ts";
import { type PeerMeasured, type PeersMeasured, type PeersPlan, peersRun } from "../peers/run.ts";
import { spillwayItself } from "../peers/spillway.ts";
import type { Found } from "../report/found.ts";
import { MISSED, spread } from "../report/rows-table.ts";
import { medianOf, ratio } from "../report/statistics.ts";
import { fixed, type Table, whole } from "../report/table.ts";
import type { Figures, Verdict } from "../report/verdict.ts";

const NOTES = [
  "Each product is started anew for each round, warmed up for five seconds, measured and ended; the others do not run meanwhile. The queues stand behind Fastify on the same Node.js; Restate behind its own ingress.",
  "CPU is of all processes that a product needs, its store's included, the load generator's not.",
  "Restate journals every call through a second process, and so does more for each than Spillway does: its ratios compare what an application waits for, not equal work.",
];

export type PeersFoundPlan = Omit<PeersPlan, "peers"> & { readonly build: Installed };

export async function peersFound(plan: PeersFoundPlan): Promise<Found> {
  const scripts = installPeers(join(plan.folder, "scripts"));
  const peers = [spillwayItself(plan.build), ...allPeers(scripts, plan.folder)];
  return foundOf(await peersRun({ ...plan, peers }));
}

/** Which goal is about which peer's row, and whether it is about rates or CPU. */
const HELD: readonly (readonly [BoundName, string, PeerRow, "perSecond" | "cpuMicros"])[] = [
  ["bullmq-rate", "bullmq", "accept", "perSecond"],
  ["bullmq-cpu", "bullmq", "accept", "cpuMicros"],
  ["drain-bullmq", "bullmq", "drain", "perSecond"],
  ["drain-pg-boss", "pg-boss", "drain", "perSecond"],
  ["drain-graphile-worker", "graphile-worker", "drain", "perSecond"],
  ["restate-send", "restate", "run", "perSecond"],
  ["restate-send-write", "restate", "run-write", "perSecond"],
  ["restate-call", "restate", "write", "perSecond"],
];

export function foundOf({ peers, skipped }: PeersMeasured): Found {
  return {
    rows: peers.flatMap(({ rows }) => Object.values(rows)),
    figures: figuresOf(peers),
    tables: (verdicts) =>
      (Object.keys(peerRows) as PeerRow[]).flatMap((row) => {
        const present = peers.filter(({ rows }) => rows[row] !== undefined);
        return present.length < 2 || ownOf(present) === undefined
          ? []
          : { title: peerRows[row], table: rowTable(row, present, verdicts) };
      }),
    notes: [...NOTES, ...peers.map(({ name, settings }) => `${name}: ${settings}`)],
    skipped,
  };
}

const ownOf = (peers: readonly PeerMeasured[]) => peers.find(({ id }) => id === "spillway");

function figuresOf(peers: readonly PeerMeasured[]): Figures {
  const own = ownOf(peers);
  return Object.fromEntries(
    HELD.flatMap(([bound, id, row, figure]) => {
      const mine = own?.rows[row];
      const theirs = peers.find((peer) => peer.id === id)?.rows[row];
      return mine === undefined || theirs === undefined ? [] : [[bound, ratio(mine, theirs, figure)]];
    }),
  );
}

function rowTable(row: PeerRow, peers: readonly PeerMeasured[], verdicts: readonly Verdict[]): Table {
  const own = ownOf(peers)?.rows[row];
  const missed = (id: string, figure: "perSecond" | "cpuMicros") =>
    HELD.some(
      ([bound, peer, of, what]) =>
        peer === id &&
        of === row &&
        what === figure &&
        verdicts.some(({ name, reached }) => name === bound && !reached),
    );
  return {
    head: [
      "",
      "per second",
      "spread",
      "p50 ms",
      "p99 ms",
      "CPU µs each",
      "Spillway's rate",
      "Spillway's CPU",
    ],
    rows: peers.flatMap(({ id, name, rows }) => {
      const measured = rows[row];
      if (measured === undefined || own === undefined) return [];
      const compared = (figure: "perSecond" | "cpuMicros") =>
        measured === own
          ? ""
          : `${fixed(ratio(own, measured, figure), 2)} ×${missed(id, figure) ? ` ${MISSED}` : ""}`;
      return [
        [
          name,
          whole(medianOf(measured, "perSecond")),
          spread(measured),
          fixed(medianOf(measured, "p50Ms"), 2),
          fixed(medianOf(measured, "p99Ms"), 2),
          fixed(medianOf(measured, "cpuMicros"), 1),
          compared("perSecond"),
          compared("cpuMicros"),
        ],
      ];
    }),
  };
}
