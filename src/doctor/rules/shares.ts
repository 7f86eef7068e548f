import type { Observation, Rule } from "../rule.ts";
import type { DividedLimit, WiredQueue } from "../subject.ts";

export const shares: Rule = {
  id: "shares",
  severity: "overrun",
  why: "On AWS a limit is divided once, since no counter stands before both flows: so many for calls at once, and MaximumConcurrency times the jobs of one invocation for the queue. What both come to is what the resource behind them gets.",
  source: "docs/adr/0011-aws.md",
  check: ({ limits }) =>
    limits.flatMap((limit) =>
      limit.atOnce + limit.queued > limit.planned.concurrency ? overrun(limit) : [],
    ),
};

/** At what differs from what was planned. */
function overrun({ planned, atOnce, queued, queue, http }: DividedLimit): readonly Observation[] {
  const title = planned.name.replace(/^[a-z]+\//, "");
  const sum = `${atOnce} at once and ${queued} in the queue are ${atOnce + queued}; "${title}" has ${planned.concurrency}.`;
  if (queue !== undefined && queued > planned.queue) return inQueue(queue, queued, sum);
  if (http === undefined) return [];
  const property = "Environment.Variables.SPILLWAY_SHARES";
  const fix = `"${planned.name}": { "atOnce": ${planned.atOnce} }`;
  return [{ at: http, property, says: `gives ${title} ${atOnce}: ${sum}`, fix }];
}

function inQueue(
  { mapping, consumer, parallel, planned }: WiredQueue,
  queued: number,
  sum: string,
): readonly Observation[] {
  const invocations = queued / parallel;
  if (consumer !== undefined && parallel > planned.parallel && invocations <= planned.maximumConcurrency) {
    const property = "Environment.Variables.SPILLWAY_PARALLEL";
    const says = `is ${parallel}, in ${invocations} invocations at once: ${sum}`;
    return [{ at: consumer, property, says, fix: `SPILLWAY_PARALLEL: "${planned.parallel}"` }];
  }
  if (mapping === undefined) return [];
  const property = "ScalingConfig.MaximumConcurrency";
  const jobs = parallel === 1 ? "" : `, with ${parallel} jobs in each invocation`;
  return [
    {
      at: mapping,
      property,
      says: `is ${invocations}${jobs}: ${sum}`,
      fix: `MaximumConcurrency: ${Math.floor((planned.maximumConcurrency * planned.parallel) / parallel)}`,
    },
  ];
}
