/** The paragraph of a recommendation, sentence by sentence, each with the figures that it rests on. */
import { cheapestTold } from "./cost.ts";
import { count, dollars, listed, milliseconds, seconds, share } from "./figures.ts";
import { chiefCode, type LaneFacts, type Lanes, type Measured } from "./lane-facts.ts";
import { type BreakEven, type Flow, LANE_TITLES, type Profile, type Way } from "./report.ts";

/** Three quarters of the price, or less. */
const WORTH_A_CHANGE = 0.75;

const SERVED: Readonly<Record<Flow, string>> = {
  request: "request-response",
  event: "event-driven",
  spill: "as a spill",
};

export function sayRequest(report: Measured, lanes: Lanes): string {
  const { request, spill } = lanes;
  const { acknowledged, counts } = request.lane;
  const lost = request.lost === 0 ? "lost none" : `lost ${count(request.lost)}`;
  return paragraph(
    serve(report, "request"),
    `Under ${underOf(report.profile)} it answered ${count(counts.answered)} of ${count(counts.offered)} calls and ${lost}, 99 of 100 within ${milliseconds(acknowledged.p99)}: nothing here asks for a queue.`,
    `A larger peak was not measured; a spill answered ${share(spill.lane.counts.answered, spill.offered)} at once under this one, and would have queued what does not fit.`,
    cost(report),
    worthItsPrice(report),
    caveat(report),
  );
}

export function saySpill(report: Measured, lanes: Lanes): string {
  const { spill } = lanes;
  const { answered, receipts } = spill.lane.counts;
  return paragraph(
    serve(report, "spill"),
    requestLost(report, lanes),
    `The spill answered ${count(answered)} (${share(answered, spill.offered)}) at once and gave ${count(receipts)} a receipt, 99 of 100 within ${milliseconds(spill.lane.acknowledged.p99)}; ${fate(spill)}.`,
    drain(report, spill),
    `Event-driven ${held(lanes.event)}, but answers nobody at once.`,
    cost(report),
    spillCost(report),
    caveat(report),
  );
}

export function sayEvent(report: Measured, lanes: Lanes, against: string): string {
  const { event } = lanes;
  return paragraph(
    serve(report, "event"),
    requestLost(report, lanes),
    `Event-driven it took ${count(event.lane.counts.receipts)}, 99 of 100 acknowledged within ${milliseconds(event.lane.acknowledged.p99)}; ${fate(event)}.`,
    drain(report, event),
    against,
    cost(report),
    caveat(report),
  );
}

export function sayLastingOverload(report: Measured, lanes: Lanes): string {
  const left = [lanes.event, lanes.spill].filter(({ waiting }) => waiting > 0);
  return paragraph(
    `No flow carries ${underOf(report.profile)} on what ${report.operation} was given.`,
    requestLost(report, lanes),
    `A queue postpones work and does not make room for it: ${listed(left.map(({ lane, waiting }) => `${count(waiting)} of the ${lane.name} lane`))} still waited when the lab gave up.`,
    "Give the operation more capacity, or let fewer calls in; then measure again.",
    caveat(report),
  );
}

export function sayNothingHelps(report: Measured, lanes: Lanes): string {
  const { request, event, spill } = lanes;
  const losses = [request, event, spill].map(
    ({ lane, lost, offered }) => `${count(lost)} of ${count(offered)} (${lane.name})`,
  );
  const code = chiefCode(request);
  return paragraph(
    `No flow helps ${report.operation} here: each of them lost about as many of its calls, ${listed(losses)}.`,
    code &&
      `What turned most of them away in the request lane was \`${code[0]}\` (${count(code[1])}): look there first.`,
    caveat(report),
  );
}

function serve({ operation, declaredFlow }: Measured, flow: Flow): string {
  const served = `Serve ${operation} ${SERVED[flow]}`;
  return declaredFlow === flow
    ? `${served}, as it is declared.`
    : `${served} (it is declared ${declaredFlow}).`;
}

/** The figures by themselves, for whoever wants to check the paragraph. */
export function restsOn(report: Measured, lanes: Lanes): readonly string[] {
  const { request, event, spill, retrying } = lanes;
  return [
    ...[request, event, spill].map(
      ({ lane, lost, offered }) =>
        `${lane.name}: ${count(lost)} of ${count(offered)} lost (${share(lost, offered)}), p99 ${milliseconds(lane.acknowledged.p99)} to acknowledge, p99 ${milliseconds(lane.done.p99)} until done, of those done`,
    ),
    `spill: ${share(spill.lane.counts.answered, spill.offered)} answered at once`,
    `event: queue of ${count(event.lane.queue.peakDepth)} at its peak, ${event.waiting > 0 ? `${count(event.waiting)} still waiting` : "drained"} ${seconds(event.lane.drainSeconds)} after the last arrival`,
    ...(retrying
      ? [
          `${LANE_TITLES["request-retrying"]}: ${count(retrying.lane.counts.clientRetries)} requests more, ${count(retrying.lost)} lost`,
        ]
      : []),
    ...report.cost.breakEven
      .filter(({ way }) => isBatched(way))
      .map(
        ({ way, handlerMs }) =>
          `${way}: against request-response ${crossing(handlerMs, report.cost.basis.handlerMs)}`,
      ),
  ];
}

function requestLost(report: Measured, { request, retrying }: Lanes): string {
  const { lost, offered } = request;
  const code = chiefCode(request);
  const most =
    code && code[1] > lost / 2 ? `, ${code[1] >= lost ? "all" : count(code[1])} as \`${code[0]}\`` : "";
  const first = `Under ${underOf(report.profile)} request-response ${ended(request)} ${count(lost)} of ${count(offered)} calls (${share(lost, offered)})${most}.`;
  if (!retrying) return first;
  const { clientRetries } = retrying.lane.counts;
  const more = `A client that repeats what was refused sent ${count(clientRetries)} requests more (${times(clientRetries, retrying.offered)} a call)`;
  return retrying.lost === 0
    ? `${first} ${more} and got all of it done, 99 of 100 within ${milliseconds(retrying.lane.done.p99)}.`
    : `${first} ${more} and still lost ${count(retrying.lost)} (${share(retrying.lost, retrying.offered)}).`;
}

function ended({ lane }: LaneFacts): string {
  const { refused, failed } = lane.counts;
  if (failed === 0) return "refused";
  return refused === 0 ? "failed" : "refused or failed";
}

/** What became of what a lane took. */
function fate({ lane, lost }: LaneFacts): string {
  const { dead, retried } = lane.counts;
  const done = `99 of 100 were done within ${milliseconds(lane.done.p99)}`;
  const again = retried === 0 ? "" : `, ${count(retried)} attempts repeated by the server`;
  if (lost === 0) return `none was lost and ${done}${again}`;
  return `${count(lost)} were lost${dead > 0 ? ` (${count(dead)} ended as dead letters)` : ""} and ${done}${again}`;
}

function held({ lost, waiting, lane }: LaneFacts): string {
  if (waiting > 0) return `left ${count(waiting)} waiting`;
  const done = `had 99 of 100 done within ${milliseconds(lane.done.p99)}`;
  return lost === 0 ? `lost none either and ${done}` : `lost ${count(lost)} and ${done}`;
}

/** Whether the peak lasted: a queue that needs longer than the load did is no remedy for the next one. */
function drain({ profile }: Measured, { lane }: LaneFacts): string | undefined {
  const { drainSeconds, queue } = lane;
  if (drainSeconds < 1) return undefined;
  const drained = `The queue, ${count(queue.peakDepth)} deep at its peak, was empty ${seconds(drainSeconds)} after the last arrival`;
  return drainSeconds <= profile.seconds
    ? `${drained}.`
    : `${drained}, longer than the load had lasted: if such peaks follow each other sooner, only more capacity helps.`;
}

function cost({ cost: { ways, breakEven, basis } }: Measured): string | undefined {
  const compared = comparedWays(ways);
  if (compared === undefined) return undefined;
  const { request, event, ratio } = compared;
  const found = breakEven.find(({ way }) => way === event.name);
  const verdict = Math.abs(ratio - 1) < 0.05 ? "about the same" : ratio > 1 ? "dearer" : "cheaper";
  return `On AWS event-driven would be ${verdict}: ${dollars(event.usdPerMillion)} a million (${descriptionOf(event)}) against ${dollars(request.usdPerMillion)} for request-response; ${crossing(found?.handlerMs ?? null, basis.handlerMs)}.`;
}

/** A mix of both, by what was measured of it. */
function spillCost({ cost: { ways } }: Measured): string | undefined {
  const spill = ways.find(({ flow }) => flow === "spill");
  return spill && `As the mix that it was here, a spill would be ${dollars(spill.usdPerMillion)}.`;
}

/** Request-response, and the cheapest event-driven way whose callers hear of the outcome as its callers do. */
function comparedWays(ways: readonly Way[]) {
  const request = ways.find(({ flow }) => flow === "request");
  const event = cheapestTold(ways);
  return request && event && { request, event, ratio: event.usdPerMillion / request.usdPerMillion };
}

/** What nobody needs for its sake alone may still be worth having for its price. */
function worthItsPrice({ cost: { ways } }: Measured): string | undefined {
  const ratio = comparedWays(ways)?.ratio ?? 1;
  return ratio < WORTH_A_CHANGE
    ? "For callers who can wait for a notice, that alone is a reason to think again."
    : undefined;
}

function descriptionOf({ name }: Way): string {
  return name.replace(/^event, /, "");
}

/** From when on the other way is the cheaper one, seen from where this handler stands. */
function crossing(fromMs: BreakEven["handlerMs"], handlerMs: number): string {
  if (fromMs === null) return "it would be cheaper for no handler, however long it took";
  if (fromMs === 0) return "it would be cheaper for any handler, however short";
  const took = `here it took ${milliseconds(handlerMs)}`;
  return handlerMs < fromMs
    ? `it would be cheaper only if the handler took ${milliseconds(fromMs)} or more; ${took}`
    : `it is cheaper as long as the handler takes ${milliseconds(fromMs)} or more; ${took}`;
}

function isBatched(way: string): boolean {
  return way.includes("in parallel");
}

function caveat({ repeats }: Measured): string | undefined {
  return repeats > 1 ? undefined : "This rests on one repeat: how far another would differ is not known.";
}

function underOf({ kind, basePerSecond, peakPerSecond, seconds: lasted }: Profile): string {
  const rate = (value: number) => `${count(value)}/s`;
  const long = `for ${seconds(lasted)}`;
  if (kind === "steady") return `a steady ${rate(peakPerSecond)} ${long}`;
  if (kind === "replay") return `the recorded arrivals (${seconds(lasted)}, ${rate(peakPerSecond)} at most)`;
  if (kind === "ramp") return `a ramp from ${rate(basePerSecond)} to ${rate(peakPerSecond)} ${long}`;
  return `a ${kind} of ${rate(peakPerSecond)} over ${rate(basePerSecond)} ${long}`;
}

function times(part: number, all: number): string {
  return all === 0 ? "0" : (part / all).toFixed(1);
}

function paragraph(...sentences: readonly (string | undefined)[]): string {
  return sentences.filter((sentence) => sentence !== undefined).join(" ");
}
