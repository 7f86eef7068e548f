/** Queues with their dead-letter queues, and the mappings that hand their messages to functions. */
import type { Plan, PlannedQueue } from "../plan.ts";
import { arnOf, type Part, RETAINED, type Resource, ref } from "./cloudformation.ts";

const DAY_S = 86_400;
/** A message takes its age along to the dead letters, which must keep it longer than any queue before. */
export const KEPT_S = 12 * DAY_S;
const DEAD_KEPT_S = 14 * DAY_S;
const LONGEST_POLL_S = 20;
/** SQS's largest: what API Gateway puts into a queue directly is an input with its attributes. */
const MESSAGE_BYTES = 1_048_576;

export const DEAD_TIMEOUT_S = 30;

export const queueId = ({ id }: PlannedQueue) => `Queue${id}`;
export const deadQueueId = (queue: PlannedQueue) => `${queueId(queue)}Dead`;
export const queueFunctionId = (queue: PlannedQueue) => `${queueId(queue)}Function`;
export const DEAD_FUNCTION = "DeadFunction";

/**
 * Kept when the stack no longer has them, since what is in them was promised: a queue is named after its first
 * limit, and another limit makes another queue.
 */
export function queuesPart({ queues }: Plan): Part {
  return {
    resources: Object.fromEntries(
      queues.flatMap((queue) => [
        [queueId(queue), source(queue)],
        [deadQueueId(queue), dead()],
        [`${queueId(queue)}Mapping`, mapping(queue)],
        [`${deadQueueId(queue)}Mapping`, deadMapping(queue)],
      ]),
    ),
    outputs: Object.fromEntries(
      queues.flatMap((queue) => [
        [
          `${queueId(queue)}Url`,
          { Description: `Jobs of ${queue.operations.join(", ")}`, Value: ref(queueId(queue)) },
        ],
        [
          `${deadQueueId(queue)}Url`,
          { Description: `Its messages that came to nothing`, Value: ref(deadQueueId(queue)) },
        ],
      ]),
    ),
  };
}

function source(queue: PlannedQueue): Resource {
  return {
    Type: "AWS::SQS::Queue",
    Properties: {
      MaximumMessageSize: MESSAGE_BYTES,
      MessageRetentionPeriod: KEPT_S,
      ReceiveMessageWaitTimeSeconds: LONGEST_POLL_S,
      RedrivePolicy: {
        deadLetterTargetArn: arnOf(deadQueueId(queue)),
        maxReceiveCount: queue.maxReceiveCount,
      },
      SqsManagedSseEnabled: true,
      VisibilityTimeout: queue.visibilitySeconds,
    },
    ...RETAINED,
  };
}

function dead(): Resource {
  return {
    Type: "AWS::SQS::Queue",
    Properties: {
      MaximumMessageSize: MESSAGE_BYTES,
      MessageRetentionPeriod: DEAD_KEPT_S,
      ReceiveMessageWaitTimeSeconds: LONGEST_POLL_S,
      SqsManagedSseEnabled: true,
      VisibilityTimeout: 6 * DEAD_TIMEOUT_S,
    },
    ...RETAINED,
  };
}

function mapping(queue: PlannedQueue): Resource {
  return mappingOf(queueId(queue), queueFunctionId(queue), {
    BatchSize: queue.batchSize,
    MaximumBatchingWindowInSeconds: queue.windowSeconds,
    ScalingConfig: { MaximumConcurrency: queue.maximumConcurrency },
  });
}

/** Settling rows is light, and there should be none: the least that AWS lets a mapping have. */
function deadMapping(queue: PlannedQueue): Resource {
  return mappingOf(deadQueueId(queue), DEAD_FUNCTION, {
    BatchSize: 10,
    MaximumBatchingWindowInSeconds: 0,
    ScalingConfig: { MaximumConcurrency: 2 },
  });
}

function mappingOf(queue: string, target: string, sizes: Resource["Properties"]): Resource {
  return {
    Type: "AWS::Lambda::EventSourceMapping",
    Properties: {
      EventSourceArn: arnOf(queue),
      FunctionName: ref(target),
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ...sizes,
    },
  };
}
