import type { Rule } from "../rule.ts";

const BY_DEFAULT_S = 345_600;
const LONGEST_S = 1_209_600;

export const deadLetterRetention: Rule = {
  id: "dead-letter-retention",
  severity: "lose",
  why: "A message keeps the age that it had when it becomes a dead letter. One that waited long is deleted from a dead-letter queue that keeps messages no longer than its source, before anyone has seen it.",
  source:
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html",
  check: ({ template }) =>
    template.of("AWS::SQS::Queue").flatMap((queue) => {
      const dead = template.referred(queue, "RedrivePolicy.deadLetterTargetArn");
      if (dead === undefined || template.value(queue, "FifoQueue") === true) return [];
      const property = "MessageRetentionPeriod";
      const kept = template.number(dead, property, BY_DEFAULT_S);
      const source = template.number(queue, property, BY_DEFAULT_S);
      if (!(kept <= source)) return [];
      const fix =
        source < LONGEST_S
          ? `${property}: ${LONGEST_S}`
          : `${property}: ${LONGEST_S} here, and less on ${queue.id}`;
      return [
        {
          at: dead,
          property,
          says: `is ${days(kept)}, no longer than the ${days(source)} of ${queue.id}.`,
          fix,
        },
      ];
    }),
};

function days(seconds: number): string {
  return seconds % 86_400 === 0 ? `${seconds / 86_400} days` : `${seconds} s`;
}
