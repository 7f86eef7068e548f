/** The sweep, once a minute: what is due goes to its queue, what was lost is found. */
import { arnOf, type Part } from "./cloudformation.ts";
import { SWEEP_FUNCTION } from "./functions.ts";

export function schedulePart(): Part {
  return {
    resources: {
      SweepSchedule: {
        Type: "AWS::Events::Rule",
        Properties: {
          ScheduleExpression: "rate(1 minute)",
          State: "ENABLED",
          Targets: [{ Arn: arnOf(SWEEP_FUNCTION), Id: "sweep" }],
        },
      },
      SweepPermission: {
        Type: "AWS::Lambda::Permission",
        Properties: {
          Action: "lambda:InvokeFunction",
          FunctionName: arnOf(SWEEP_FUNCTION),
          Principal: "events.amazonaws.com",
          SourceArn: arnOf("SweepSchedule"),
        },
      },
      // The next minute is as good a repetition as any.
      SweepRepetition: {
        Type: "AWS::Lambda::EventInvokeConfig",
        Properties: {
          FunctionName: { Ref: SWEEP_FUNCTION },
          MaximumEventAgeInSeconds: 60,
          MaximumRetryAttempts: 0,
          Qualifier: "$LATEST",
        },
      },
    },
  };
}
