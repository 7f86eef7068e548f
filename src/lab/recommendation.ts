/**
 * Which flow a report speaks for. The rules are tried in their order, and the first that has something to say is the
 * verdict; the sentences around it are made in recommendation-text.ts.
 */
import { enoughWasMeasured } from "./enough.ts";
import { count, share } from "./figures.ts";
import { type LaneFacts, type Lanes, laneOf, type Measured } from "./lane-facts.ts";
import {
  restsOn,
  sayEvent,
  sayLastingOverload,
  sayNothingHelps,
  sayRequest,
  saySpill,
} from "./recommendation-text.ts";
import type { Recommendation } from "./report.ts";

/** Up to one call in a thousand is lost: nobody changes a flow for that. */
const BEARABLE_LOSS = 0.001;
/** What loses no more than half of what request-response loses is worth having, should something be lost in all. */
const WORTHWHILE = 0.5;
/** A spill that answers fewer of its calls at once than this is an event-driven flow with surprises. */
const SPILL_AT_ONCE = 0.05;
/** A spill may let new calls overtake old ones: its late ones may take this much longer than event-driven ones. */
const OVERTAKEN = { times: 2, andMs: 1_000 };

export function recommend(report: Measured): Recommendation {
  const missing = enoughWasMeasured(report);
  if (missing !== undefined) return { flow: null, text: missing, restsOn: [] };
  const [request, event, spill] = [
    laneOf(report, "request"),
    laneOf(report, "event"),
    laneOf(report, "spill"),
  ];
  if (!request || !event || !spill)
    throw new Error("enoughWasMeasured lets no report pass that has not all three flows.");
  const lanes: Lanes = { request, event, spill, retrying: laneOf(report, "request-retrying") };
  return { ...verdict(report, lanes), restsOn: restsOn(report, lanes) };
}

function verdict(report: Measured, lanes: Lanes): Omit<Recommendation, "restsOn"> {
  const { request, event, spill } = lanes;
  if (request.lostShare <= BEARABLE_LOSS) return { flow: "request", text: sayRequest(report, lanes) };
  const spillCarries = carries(spill, request);
  const eventCarries = carries(event, request);
  if (!spillCarries && !eventCarries) {
    const lasting = spill.waiting > 0 || event.waiting > 0;
    return { flow: null, text: (lasting ? sayLastingOverload : sayNothingHelps)(report, lanes) };
  }
  const against = eventCarries ? againstSpill(lanes, spillCarries) : undefined;
  if (against === undefined) return { flow: "spill", text: saySpill(report, lanes) };
  return { flow: "event", text: sayEvent(report, lanes, against) };
}

/** It came to an end, and it lost next to nothing, or far less than request-response did. */
function carries({ waiting, lostShare }: LaneFacts, request: LaneFacts): boolean {
  return waiting === 0 && lostShare <= Math.max(BEARABLE_LOSS, request.lostShare * WORTHWHILE);
}

function againstSpill({ spill, event }: Lanes, spillCarries: boolean): string | undefined {
  if (!spillCarries) return `As a spill it lost ${count(spill.lost)} (${share(spill.lost, spill.offered)}).`;
  if (spill.atOnceShare < SPILL_AT_ONCE) {
    return `A spill answered only ${share(spill.lane.counts.answered, spill.offered)} at once, so its callers must take receipts all the same.`;
  }
  const [late, usual] = [spill.lane.done.p99, event.lane.done.p99];
  if (late <= usual * OVERTAKEN.times || late - usual <= OVERTAKEN.andMs) return undefined;
  return `In a spill new calls overtook the queued ones, of which the slowest waited longer (p99 ${Math.round(late / 1_000)} s until done against ${Math.round(usual / 1_000)} s).`;
}
