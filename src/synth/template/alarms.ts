/** Alarms: queues that fall behind, messages that came to nothing, functions that fail or are held back, bad answers. */
import type { Plan, PlannedQueue } from "../plan.ts";
import { attribute, type JsonObject, NOTHING, type Part, type Resource, ref } from "./cloudformation.ts";
import type { PlannedFunction } from "./functions.ts";
import { HTTP_API } from "./http-api.ts";
import { deadQueueId, queueId } from "./queues.ts";

const MINUTE_S = 60;
/** Younger is no news: a burst is meant to wait. */
const OLD_S = 900;
/** Of all answers: fewer are those that callers are meant to make up for by coming again. */
const MOST_ERRORS = 0.05;
const ACTIONS: JsonObject = { "Fn::If": ["HasAlarmTopic", [ref("AlarmTopic")], NOTHING] };

type Watched = { readonly namespace: string; readonly metric: string; readonly dimension: JsonObject };
type Bound = {
  readonly above: number;
  readonly statistic: "Maximum" | "Sum";
  readonly periodSeconds: number;
  readonly periods: number;
};

export function alarmsPart({ queues }: Plan, functions: readonly PlannedFunction[]): Part {
  return {
    resources: Object.fromEntries([
      ...queues.flatMap((queue) => ofQueue(queue)),
      ...functions.flatMap((one) => ofFunction(one)),
      ["HttpApiErrorsAlarm", ofAnswers()],
    ]),
  };
}

function ofQueue(queue: PlannedQueue): readonly (readonly [string, Resource])[] {
  const { name, functionTimeoutSeconds } = queue;
  const old = Math.max(OLD_S, 2 * functionTimeoutSeconds);
  const watched = (id: string, metric: string): Watched => ({
    namespace: "AWS/SQS",
    metric,
    dimension: { Name: "QueueName", Value: attribute(id, "QueueName") },
  });
  return [
    [
      `${queueId(queue)}OldAlarm`,
      alarm(
        `The oldest job in the queue of ${name} has waited for more than ${old} s.`,
        watched(queueId(queue), "ApproximateAgeOfOldestMessage"),
        { above: old, statistic: "Maximum", periodSeconds: MINUTE_S, periods: 5 },
      ),
    ],
    [
      // Received rather than visible: a function takes them out at once.
      `${deadQueueId(queue)}Alarm`,
      alarm(
        `Messages of ${name} came to nothing, and their jobs are failed: look for delivery-exhausted.`,
        watched(deadQueueId(queue), "NumberOfMessagesReceived"),
        { above: 0, statistic: "Sum", periodSeconds: 5 * MINUTE_S, periods: 1 },
      ),
    ],
    [
      `${deadQueueId(queue)}StuckAlarm`,
      alarm(
        `Messages of ${name} came to nothing, and their jobs cannot be ended.`,
        watched(deadQueueId(queue), "ApproximateNumberOfMessagesVisible"),
        { above: 0, statistic: "Maximum", periodSeconds: 5 * MINUTE_S, periods: 3 },
      ),
    ],
  ];
}

function ofFunction({ id }: PlannedFunction): readonly (readonly [string, Resource])[] {
  const bound: Bound = { above: 0, statistic: "Sum", periodSeconds: 5 * MINUTE_S, periods: 1 };
  const watched = (metric: string): Watched => ({
    namespace: "AWS/Lambda",
    metric,
    dimension: { Name: "FunctionName", Value: ref(id) },
  });
  return [
    [`${id}ErrorsAlarm`, alarm(`${id} threw, or ran out of time.`, watched("Errors"), bound)],
    [
      `${id}ThrottlesAlarm`,
      alarm(
        `${id} was held back: the account's concurrent executions, or its own, are used up.`,
        watched("Throttles"),
        { ...bound, periods: 3 },
      ),
    ],
  ];
}

/** A function that has no store answers that, and fails in nobody's count: only what callers are answered tells. */
function ofAnswers(): Resource {
  const sumOf = (id: string, metric: string): JsonObject => ({
    Id: id,
    MetricStat: {
      Metric: {
        Namespace: "AWS/ApiGateway",
        MetricName: metric,
        Dimensions: [{ Name: "ApiId", Value: ref(HTTP_API) }],
      },
      Period: 5 * MINUTE_S,
      Stat: "Sum",
    },
    ReturnData: false,
  });
  const rate = { Id: "rate", Expression: "errors / calls", ReturnData: true };
  return {
    Type: "AWS::CloudWatch::Alarm",
    Properties: {
      AlarmActions: ACTIONS,
      AlarmDescription: `For a quarter of an hour more than ${100 * MOST_ERRORS} % of all calls were refused for load, or failed.`,
      ComparisonOperator: "GreaterThanThreshold",
      EvaluationPeriods: 3,
      Metrics: [rate, sumOf("errors", "5xx"), sumOf("calls", "Count")],
      Threshold: MOST_ERRORS,
      TreatMissingData: "notBreaching",
    },
  };
}

export function alarm(about: string, watched: Watched, bound: Bound): Resource {
  return {
    Type: "AWS::CloudWatch::Alarm",
    Properties: {
      AlarmActions: ACTIONS,
      AlarmDescription: about,
      ComparisonOperator: "GreaterThanThreshold",
      Dimensions: [watched.dimension],
      EvaluationPeriods: bound.periods,
      MetricName: watched.metric,
      Namespace: watched.namespace,
      Period: bound.periodSeconds,
      Statistic: bound.statistic,
      Threshold: bound.above,
      TreatMissingData: "notBreaching",
    },
  };
}
