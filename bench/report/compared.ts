// Peers beside Spillway: the ratios that goals are about, and a table of one row. Pure.
import type { BoundName } from "../goals.ts";
import type { PeerRow } from "../peers/peer.ts";
import type { PeerMeasured } from "../peers/run.ts";
import { MISSED, spread } from "./rows-table.ts";
import { medianOf, ratio } from "./statistics.ts";
import { fixed, type Table, whole } from "./table.ts";
import type { Figures, Verdict } from "./verdict.ts";

/** Which goal is about which peer's row, and whether it is about rates or CPU. */
export type HeldAgainst = readonly (readonly [BoundName, string, PeerRow, "perSecond" | "cpuMicros"])[];

export const ownOf = (peers: readonly PeerMeasured[]) => peers.find(({ id }) => id === "spillway");

export function figuresAgainst(peers: readonly PeerMeasured[], held: HeldAgainst): Figures {
  const own = ownOf(peers);
  return Object.fromEntries(
    held.flatMap(([bound, id, row, figure]) => {
      const mine = own?.rows[row];
      const theirs = peers.find((peer) => peer.id === id)?.rows[row];
      return mine === undefined || theirs === undefined ? [] : [[bound, ratio(mine, theirs, figure)]];
    }),
  );
}

export function rowTable(
  row: PeerRow,
  peers: readonly PeerMeasured[],
  verdicts: readonly Verdict[],
  held: HeldAgainst,
): Table {
  const own = ownOf(peers)?.rows[row];
  const missed = (id: string, figure: "perSecond" | "cpuMicros") =>
    held.some(
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
