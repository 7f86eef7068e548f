import type { Rule } from "../rule.ts";

export const disabledMapping: Rule = {
  id: "disabled-mapping",
  severity: "lose",
  why: "Nobody takes messages out of the queue. They are kept until its retention ends, and then deleted.",
  source: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html",
  check: ({ template, mappings }) =>
    mappings.flatMap(({ mapping, isOurs }) =>
      isOurs && template.value(mapping, "Enabled") === false
        ? [{ at: mapping, property: "Enabled", says: "is false.", fix: "Enabled: true" }]
        : [],
    ),
};
