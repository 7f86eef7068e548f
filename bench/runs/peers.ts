// The peers beside Spillway: what was measured, made ready to be shown.

import { join } from "node:path";
import type { Installed } from "../build/installed.ts";
import { installPeers } from "../build/installed.ts";
import { allPeers } from "../peers/all.ts";
import { type PeerRow, peerRows } from "../peers/peer.ts";
import { type PeersMeasured, type PeersPlan, peersRun } from "../peers/run.ts";
import { spillwayItself } from "../peers/spillway.ts";
import { figuresAgainst, type HeldAgainst, ownOf, rowTable } from "../report/compared.ts";
import type { Found } from "../report/found.ts";

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

const HELD: HeldAgainst = [
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
    figures: figuresAgainst(peers, HELD),
    tables: (verdicts) =>
      (Object.keys(peerRows) as PeerRow[]).flatMap((row) => {
        const present = peers.filter(({ rows }) => rows[row] !== undefined);
        return present.length < 2 || ownOf(present) === undefined
          ? []
          : { title: peerRows[row], table: rowTable(row, present, verdicts, HELD) };
      }),
    notes: [...NOTES, ...peers.map(({ name, settings }) => `${name}: ${settings}`)],
    skipped,
  };
}
