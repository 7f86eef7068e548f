import type { Rule } from "../rule.ts";

export const maximumConcurrency: Rule = {
  id: "maximum-concurrency",
  severity: "overrun",
  why: "It is what keeps the queue's share of a limit: so many invocations at once, each with so many jobs. Without it as many begin as the account allows, and what is behind them gets all of that.",
  source: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html",
  check: ({ template, queues }) =>
    queues.flatMap(({ mapping, planned }) => {
      const property = "ScalingConfig.MaximumConcurrency";
      if (mapping === undefined || template.value(mapping, property) !== undefined) return [];
      return [
        {
          at: mapping,
          property,
          says: "is not set.",
          fix: `MaximumConcurrency: ${planned.maximumConcurrency}`,
        },
      ];
    }),
};
