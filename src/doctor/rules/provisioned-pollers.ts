import type { Rule } from "../rule.ts";

export const provisionedPollers: Rule = {
  id: "provisioned-pollers",
  severity: "cost",
  why: "Pollers that are kept ready are paid by the hour, whether or not there is anything to take. Without them the first jobs of a burst wait some seconds longer, and nothing is lost.",
  source: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html",
  check: ({ template, mappings }) =>
    mappings.flatMap(({ mapping }) => {
      const property = "ProvisionedPollerConfig";
      if (template.value(mapping, property) === undefined) return [];
      const least = template.number(mapping, `${property}.MinimumPollers`, 2);
      return [{ at: mapping, property, says: `keeps ${least} pollers ready.`, fix: `Leave ${property} out` }];
    }),
};
