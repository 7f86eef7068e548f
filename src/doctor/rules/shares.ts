import type { Observation, Rule } from "../rule.ts";
import type { DividedLimit } from "../subject.ts";

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

/** Where it differs from what was planned. */
function overrun({ planned, atOnce, queued, queue, http }: DividedLimit): readonly Observation[] {
  const title = planned.name.replace(/^[a-z]+\//, "");
  const sum = `${atOnce} at once and ${queued} in the queue are ${atOnce + queued}; "${title}" has ${planned.concurrency}.`;
  const mapping = queue?.mapping;
  if (queue !== undefined && mapping !== undefined && queued > planned.queue) {
    const property = "ScalingConfig.MaximumConcurrency";
    const jobs = queue.parallel === 1 ? "" : `, with ${queue.parallel} jobs in each invocation`;
    const fix =
      queue.parallel === queue.planned.parallel
        ? `MaximumConcurrency: ${queue.planned.maximumConcurrency}`
        : `SPILLWAY_PARALLEL: "${queue.planned.parallel}" in ${queue.consumer?.id}, and MaximumConcurrency: ${queue.planned.maximumConcurrency}`;
    return [{ at: mapping, property, says: `is ${queued / queue.parallel}${jobs}: ${sum}`, fix }];
  }
  if (http === undefined) return [];
  const property = "Environment.Variables.SPILLWAY_SHARES";
  return [
    {
      at: http,
      property,
      says: `gives ${title} ${atOnce}: ${sum}`,
      fix: `"${planned.name}": { "atOnce": ${planned.atOnce} }`,
    },
  ];
}
