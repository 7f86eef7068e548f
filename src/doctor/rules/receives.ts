import type { Rule } from "../rule.ts";

const FEWEST = 5;

export const receives: Rule = {
  id: "receives",
  severity: "lose",
  why: "A message that a throttled function could not take counts as received, too, and so does one whose job throttled itself. With few receives it ends among the dead letters before its attempts are used up; the row of a job decides those, and this count is a backstop only.",
  source: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
  check: ({ template, queues }) =>
    queues.flatMap(({ queue, planned, attempts, deliveries }) => {
      const property = "RedrivePolicy.maxReceiveCount";
      const count = queue && template.number(queue, property);
      if (queue === undefined || count === undefined) return [];
      const fix = `maxReceiveCount: ${planned.maxReceiveCount}`;
      if (count < FEWEST)
        return [{ at: queue, property, says: `is ${count}; AWS asks for ${FEWEST} at least.`, fix }];
      if (!(count < deliveries)) return [];
      const says = `is ${count}; ${planned.operations.join(", ")} may be tried ${attempts} times, which takes up to ${deliveries} deliveries.`;
      return [{ at: queue, property, says, fix }];
    }),
};
