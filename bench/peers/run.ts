// `npm run bench -- --peers`: rounds in which each product is started, measured and ended, one after the other.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Measured, Sample } from "../report/sample.ts";
import { type Peer, type PeerRow, type PeerSetting, peerRows } from "./peer.ts";

export type PeersPlan = Omit<PeerSetting, "folder"> & {
  /** The first is what the others are compared with. */
  readonly peers: readonly Peer[];
  readonly rounds: number;
  readonly folder: string;
  readonly say: (line: string) => void;
};

export type PeerMeasured = {
  readonly id: string;
  readonly name: string;
  readonly settings: string;
  readonly rows: Partial<Record<PeerRow, Measured>>;
};

export type PeersMeasured = {
  readonly peers: readonly PeerMeasured[];
  /** By name, with the reason and the next step. */
  readonly skipped: readonly string[];
};

export async function peersRun(plan: PeersPlan): Promise<PeersMeasured> {
  const skipped: string[] = [];
  const present: Peer[] = [];
  for (const peer of plan.peers) {
    const why = await peer.missing();
    if (why === undefined) present.push(peer);
    else skipped.push(`${peer.name}: ${why}`);
  }
  const found = new Map<Peer, Map<PeerRow, Sample[]>>(present.map((peer) => [peer, new Map()]));
  for (let round = 1; round <= plan.rounds; round++) {
    for (const [peer, rows] of found) {
      plan.say(`round ${round} of ${plan.rounds}: ${peer.name} …`);
      try {
        await oneRound(plan, peer, round, rows);
      } catch (error) {
        // Without what they are compared with there is nothing to say of the others.
        if (peer === plan.peers[0]) throw error;
        // One that cannot be measured must not hide what was found of the others, nor be shown by half.
        found.delete(peer);
        skipped.push(`${peer.name}: ${(error as Error).message}`);
      }
    }
  }
  return { peers: [...found].map(([peer, rows]) => measured(peer, rows)), skipped };
}

async function oneRound(
  plan: PeersPlan,
  peer: Peer,
  round: number,
  rows: Map<PeerRow, Sample[]>,
): Promise<void> {
  const folder = join(plan.folder, `${peer.id}-${round}`);
  mkdirSync(folder);
  try {
    const samples = await peer.round({ ...plan, folder });
    for (const [row, sample] of Object.entries(samples) as [PeerRow, Sample][])
      rows.set(row, [...(rows.get(row) ?? []), sample]);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function measured({ id, name, settings }: Peer, rows: ReadonlyMap<PeerRow, readonly Sample[]>): PeerMeasured {
  return {
    id,
    name,
    settings,
    rows: Object.fromEntries(
      [...rows].map(([row, samples]) => [row, { id: `${id}-${row}`, name: peerRows[row], samples }]),
    ),
  };
}
