import { shown } from "../../core/options.ts";
import { LONGEST_FUNCTION_S } from "../../synth/bounds.ts";
import type { Rule } from "../rule.ts";

const TIMES = 6;

export const visibility: Rule = {
  id: "visibility",
  severity: "double",
  why: "A message that becomes visible again while its function still has it, or while Lambda repeats a throttled invocation, is given to a second one: what only the queue guards is done twice. Spillway's rows are a guard of their own; each such delivery is paid for nothing all the same, and counts towards the dead letters. AWS asks for six times the function's time and the batching window.",
  source: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
  check: ({ template, mappings }) =>
    mappings.flatMap(({ mapping, queue, consumer }) => {
      if (queue === undefined || consumer === undefined) return [];
      const visible = template.number(queue, "VisibilityTimeout", 30);
      const runs = template.number(consumer, "Timeout", 3);
      const window = template.number(mapping, "MaximumBatchingWindowInSeconds", 0);
      const least = TIMES * runs + window;
      if (!(visible < least) || runs > LONGEST_FUNCTION_S) return [];
      const waits = window === 0 ? "" : ` and a window of ${window} s`;
      return [
        {
          at: queue,
          property: "VisibilityTimeout",
          says: `is ${shown(visible)} s; six times the ${runs} s of ${consumer.id}${waits} is ${least} s.`,
          fix: `VisibilityTimeout: ${least}`,
        },
      ];
    }),
};
