import type { Rule } from "../rule.ts";
import { listOf } from "../template.ts";

export const partialBatches: Rule = {
  id: "partial-batches",
  severity: "lose",
  why: "The function answers which messages of a batch are to come again. Without this setting Lambda does not read that answer and deletes all of them: a job that was to be tried again never is.",
  source: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html",
  check: ({ template, mappings }) =>
    mappings.flatMap(({ mapping, isOurs }) => {
      const property = "FunctionResponseTypes";
      if (!isOurs || listOf(template.value(mapping, property)).includes("ReportBatchItemFailures")) return [];
      return [
        {
          at: mapping,
          property,
          says: "does not have ReportBatchItemFailures.",
          fix: `${property}: ["ReportBatchItemFailures"]`,
        },
      ];
    }),
};
