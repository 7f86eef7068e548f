import type { Rule } from "../rule.ts";
import { referenceIn, textsIn } from "../template.ts";

export const logRetention: Rule = {
  id: "log-retention",
  severity: "cost",
  why: "Logs are kept for ever where nobody says for how long, and are paid by the month; they can come to exceed all other costs.",
  source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
  check: ({ template }) => {
    const groups = template.of("AWS::Logs::LogGroup");
    const fix = "RetentionInDays: 30";
    const kept = groups
      .filter((group) => template.value(group, "RetentionInDays") === undefined)
      .map((at) => ({ at, property: "RetentionInDays", says: "is not set.", fix }));
    const without = template
      .of("AWS::Lambda::Function")
      .filter((consumer) => {
        const named = template.referred(consumer, "LoggingConfig.LogGroup");
        return (
          named?.type !== "AWS::Logs::LogGroup" &&
          !groups.some(({ properties }) => isOf(properties["LogGroupName"], consumer.id))
        );
      })
      .map((at) => ({
        at,
        property: "LoggingConfig.LogGroup",
        says: "names no log group of this template, so that Lambda makes one that keeps everything.",
        fix: "Add an AWS::Logs::LogGroup with RetentionInDays, and name it here",
      }));
    return [...kept, ...without];
  },
};

/** `/aws/lambda/${Function}`, the group that a function writes to by default. */
function isOf(name: unknown, id: string): boolean {
  return textsIn(name).some(({ text }) => text.startsWith("/aws/lambda/")) && referenceIn(name) === id;
}
