import type { Rule } from "../rule.ts";

export const reservedConcurrency: Rule = {
  id: "reserved-concurrency",
  severity: "lose",
  why: "The pollers take as many batches from the queue as MaximumConcurrency allows. What the function's reserved concurrency then refuses is throttled, each time counts as a receive, and messages end among the dead letters without having run.",
  source: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html",
  check: ({ template, mappings }) =>
    template.of("AWS::Lambda::Function").flatMap((consumer) => {
      const property = "ReservedConcurrentExecutions";
      const reserved = template.number(consumer, property);
      const fed = mappings.filter((one) => one.consumer === consumer);
      const most = fed.reduce(
        (sum, { mapping }) => sum + template.number(mapping, "ScalingConfig.MaximumConcurrency", 0),
        0,
      );
      if (reserved === undefined || !(reserved < most)) return [];
      const from = fed.map(({ mapping }) => mapping.id).join(" and ");
      return [
        {
          at: consumer,
          property,
          says: `is ${reserved}, and ${from} may invoke it ${most} times at once.`,
          fix: `${property}: ${most}, or leave it out`,
        },
      ];
    }),
};
