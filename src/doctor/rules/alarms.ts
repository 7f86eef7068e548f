import type { Rule } from "../rule.ts";
import { type Resource, refersTo, type Template } from "../template.ts";

export const alarms: Rule = {
  id: "alarms",
  severity: "unseen",
  why: "Nobody looks at a queue that falls behind or a function that fails until callers ask; an alarm does.",
  source:
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html",
  check: ({ template, functions, queues }) =>
    [
      ...functions.map((at) => ({ at, metric: "Errors" })),
      ...queues.flatMap(({ queue, dead, consumer }) => [
        { at: queue, metric: "ApproximateAgeOfOldestMessage" },
        { at: dead, metric: "ApproximateNumberOfMessagesVisible" },
        { at: consumer, metric: "Throttles" },
      ]),
    ].flatMap(({ at, metric }) => {
      if (at === undefined || isWatched(template, at, metric)) return [];
      const fix = `Add an AWS::CloudWatch::Alarm on ${metric} of ${at.id}`;
      return [{ at, says: `has no alarm on ${metric}.`, fix }];
    }),
};

function isWatched(template: Template, { id }: Resource, metric: string): boolean {
  return template
    .of("AWS::CloudWatch::Alarm")
    .some(({ properties }) => JSON.stringify(properties).includes(`"${metric}"`) && refersTo(properties, id));
}
