import type { Rule } from "../rule.ts";
import { idsOf } from "../subject.ts";

export const deadLetters: Rule = {
  id: "dead-letters",
  severity: "lose",
  why: 'Without a dead-letter queue a message that can never be taken is delivered again until its retention ends, and is then deleted; its receipt says "queued" for ever.',
  source:
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html",
  check: ({ template, queues }) =>
    queues.flatMap(({ queue, planned }) => {
      const property = "RedrivePolicy.deadLetterTargetArn";
      if (queue === undefined || template.value(queue, property) !== undefined) return [];
      return [
        {
          at: queue,
          property,
          says: "is not set.",
          fix: `RedrivePolicy: { "deadLetterTargetArn": { "Fn::GetAtt": ["${idsOf(planned).dead}", "Arn"] }, "maxReceiveCount": ${planned.maxReceiveCount} }`,
        },
      ];
    }),
};
