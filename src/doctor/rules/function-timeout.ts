import { LONGEST_FUNCTION_S, OVERHEAD_S } from "../../synth/bounds.ts";
import type { Rule } from "../rule.ts";

export const functionTimeout: Rule = {
  id: "function-timeout",
  severity: "lose",
  why: "The function begins a job only while it has time for the whole of it, and gives back the others. A job for which no invocation ever has the time is delivered again and again, and ends among the dead letters without having run.",
  source: "https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html",
  check: ({ template, queues }) =>
    queues.flatMap(({ mapping, consumer, parallel, longestMs, planned }) => {
      if (mapping === undefined || consumer === undefined) return [];
      const property = "Timeout";
      const timeout = template.number(consumer, property, 3);
      const batch = template.number(mapping, "BatchSize", 10);
      const rounds = Math.ceil(batch / parallel);
      const worst = Math.ceil((rounds * longestMs) / 1_000) + OVERHEAD_S;
      if (timeout > LONGEST_FUNCTION_S) {
        const says = `is ${timeout} s; AWS gives a function ${LONGEST_FUNCTION_S} s at most.`;
        return [{ at: consumer, property, says, fix: `Timeout: ${planned.functionTimeoutSeconds}` }];
      }
      if (!(timeout < worst)) return [];
      const inRounds = rounds === 1 ? "at once" : `in ${rounds} rounds of ${parallel}`;
      const fix =
        batch > planned.batchSize ? `BatchSize: ${planned.batchSize} in ${mapping.id}` : `Timeout: ${worst}`;
      return [
        {
          at: consumer,
          property,
          says: `is ${timeout} s; a batch of ${batch}, ${inRounds}, may take ${worst} s: handlers of up to ${longestMs / 1_000} s, and ${OVERHEAD_S} s around them.`,
          fix,
        },
      ];
    }),
};
