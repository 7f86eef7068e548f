/** What the recommendation asks of a lane, worked out from what was measured of it. */
import { type FlowReport, type Lane, type LaneName, waitingIn } from "./report.ts";

/** A report before anything is concluded from it. */
export type Measured = Omit<FlowReport, "recommendation">;

export type LaneFacts = {
  readonly lane: Lane;
  readonly offered: number;
  /** Neither answered nor given a receipt. */
  readonly turnedAway: number;
  /** Receipts without an end when the lab gave up waiting. */
  readonly waiting: number;
  /** Calls whose work was not done, for whatever reason. */
  readonly lost: number;
  readonly lostShare: number;
  readonly atOnceShare: number;
};

export type Lanes = {
  readonly request: LaneFacts;
  readonly event: LaneFacts;
  readonly spill: LaneFacts;
  readonly retrying: LaneFacts | undefined;
};

function factsOf(lane: Lane): LaneFacts {
  const { offered, answered, refused, failed, succeeded } = lane.counts;
  const lost = Math.max(0, offered - succeeded);
  return {
    lane,
    offered,
    turnedAway: refused + failed,
    waiting: waitingIn(lane),
    lost,
    lostShare: offered === 0 ? 0 : lost / offered,
    atOnceShare: offered === 0 ? 0 : answered / offered,
  };
}

export function laneOf(report: Measured, name: LaneName): LaneFacts | undefined {
  const lane = report.lanes.find((candidate) => candidate.name === name);
  return lane && factsOf(lane);
}

/** The problem code that turned most calls away, and how many. */
export function chiefCode({ lane }: LaneFacts): readonly [string, number] | undefined {
  return Object.entries(lane.counts.byCode).toSorted(([, a], [, b]) => b - a)[0];
}
