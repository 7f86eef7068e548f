/** Whether a report has measured enough to conclude anything from it. */
import { count, listed, milliseconds, share } from "./figures.ts";
import { type LaneFacts, laneOf, type Measured } from "./lane-facts.ts";
import { LANE_TITLES, type Lane, type Run } from "./report.ts";

/** A share of one in a thousand cannot be told from fewer calls. */
const ENOUGH_CALLS = 1_000;
/** The arrivals that were meant to be; fewer, and it was another profile. */
const OF_THE_PROFILE = 0.99;
/** A load that comes later than it should by this much, one call in a hundred, was another one. */
const LATE_MS = 250;
/** Repeats may differ in the share of calls that they turned away by this much. */
const SPREAD_OF_SHARES = 0.1;
/** And in the p99 until done, from the fastest to the slowest, by this factor; next to nothing may differ by more. */
const SPREAD_OF_P99 = { times: 3, andMs: 250 };

const QUIETER = "The machine could not send them in time: lower the peak, or run it on a quieter one.";
const FLOWS = ["request", "event", "spill"] as const;

/** Why not, for people; undefined where it has. */
export function enoughWasMeasured(report: Measured): string | undefined {
  const missing = FLOWS.filter((name) => laneOf(report, name) === undefined);
  if (missing.length > 0) {
    return tooLittle(`the report has no lane for ${listed(missing)}`, "Measure all three flows.");
  }
  const lanes = FLOWS.flatMap((name) => laneOf(report, name) ?? []);
  return (
    first(lanes, inconsistent) ?? first(lanes, (lane) => notTheProfile(lane, report)) ?? first(lanes, spread)
  );
}

/** No measurement at all, but a fault: of the lab, or worse. */
function inconsistent({ lane }: LaneFacts): string | undefined {
  const { offered, answered, receipts, refused, failed } = lane.counts;
  const accounted = answered + receipts + refused + failed;
  if (accounted !== offered) {
    return `Nothing can be concluded: of the ${count(offered)} calls of the "${LANE_TITLES[lane.name]}" lane ${count(accounted)} are accounted for. That is a fault of the lab; please report it.`;
  }
  const { expected, counted } = lane.effects;
  if (expected === counted) return undefined;
  return `Nothing should be concluded: handlers of the "${LANE_TITLES[lane.name]}" lane committed ${count(expected)} effects, and the store holds ${count(counted)}. That is worse than any flow being slow; please report it.`;
}

function notTheProfile({ lane, offered }: LaneFacts, { profile, repeats }: Measured): string | undefined {
  const meant = profile.offered * repeats;
  if (offered < meant * OF_THE_PROFILE) {
    return tooLittle(
      `the "${LANE_TITLES[lane.name]}" lane was offered ${count(offered)} of the ${count(meant)} calls of its profile`,
      QUIETER,
    );
  }
  if (lane.generator.lateP99Ms > LATE_MS) {
    return tooLittle(
      `one in a hundred calls of the "${LANE_TITLES[lane.name]}" lane was sent more than ${milliseconds(lane.generator.lateP99Ms)} late`,
      QUIETER,
    );
  }
  if (offered >= ENOUGH_CALLS) return undefined;
  return tooLittle(
    `the "${LANE_TITLES[lane.name]}" lane was offered ${count(offered)} calls, and ${count(ENOUGH_CALLS)} are the least that tell one loss in a thousand from none`,
    "Raise the rate, the time or --repeats.",
  );
}

function spread({ lane }: LaneFacts): string | undefined {
  return spreadOfShares(lane) ?? spreadOfP99(lane);
}

function spreadOfShares({ name, runs }: Lane): string | undefined {
  const shares = runs.map(turnedAwayShare);
  const [least, most] = [Math.min(...shares), Math.max(...shares)];
  if (runs.length < 2 || most - least <= SPREAD_OF_SHARES) return undefined;
  return tooLittle(
    `the repeats of the "${LANE_TITLES[name]}" lane do not agree: one turned away ${share(least, 1)} of its calls, another ${share(most, 1)}`,
    "Repeat it more often, or on a quieter machine.",
  );
}

function spreadOfP99({ name, runs }: Lane): string | undefined {
  const p99s = runs.map(({ doneP99 }) => doneP99);
  const [least, most] = [Math.min(...p99s), Math.max(...p99s)];
  const agree = most <= least * SPREAD_OF_P99.times || most - least <= SPREAD_OF_P99.andMs;
  if (runs.length < 2 || agree) return undefined;
  return tooLittle(
    `the repeats of the "${LANE_TITLES[name]}" lane do not agree: 99 of 100 calls were done within ${milliseconds(least)} in one and ${milliseconds(most)} in another`,
    "Repeat it more often, or on a quieter machine.",
  );
}

function turnedAwayShare({ answered, receipts, refused, failed }: Run): number {
  const offered = answered + receipts + refused + failed;
  return offered === 0 ? 0 : (refused + failed) / offered;
}

function first(
  lanes: readonly LaneFacts[],
  wrong: (lane: LaneFacts) => string | undefined,
): string | undefined {
  return lanes.map(wrong).find((found) => found !== undefined);
}

function tooLittle(why: string, next: string): string {
  return `Measured too little to say: ${why}. ${next}`;
}
