/** What each function may do: the actions it uses, on the resources it uses them on, and nothing else. */
import type { Plan } from "../plan.ts";
import { arnOf, filledIn, type JsonObject, type Resource } from "./cloudformation.ts";
import { SOCKET_API, SOCKET_STAGE } from "./environment.ts";
import { deadQueueId, queueId } from "./queues.ts";
import { indexNames, TABLE } from "./table.ts";

type Statement = {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly JsonObject[];
};

const READS = ["dynamodb:BatchGetItem", "dynamodb:Query"];
/** With what watches need, which functions that only read never look at. */
const WRITES = [
  "dynamodb:BatchWriteItem",
  "dynamodb:ConditionCheckItem",
  "dynamodb:DeleteItem",
  "dynamodb:GetItem",
  "dynamodb:PutItem",
  "dynamodb:UpdateItem",
];

export function mayRead({ queues }: Plan): readonly Statement[] {
  const indexes = indexNames().map((name) => filledIn(`\${${TABLE}.Arn}/index/${name}`));
  return [
    allow(READS, [arnOf(TABLE)]),
    allow(["dynamodb:Query"], indexes),
    // How many wait, for Retry-After.
    ...onQueues(["sqs:GetQueueAttributes"], queues.map(queueId)),
  ];
}

export function mayWrite({ queues }: Plan): readonly Statement[] {
  return [allow(WRITES, [arnOf(TABLE)]), ...onQueues(["sqs:SendMessage"], queues.map(queueId))];
}

/** What a mapping does in the name of its function, and the function itself: hide what is to come again. */
export function mayReceive(queues: readonly string[]): readonly Statement[] {
  return onQueues(
    ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
    queues,
  );
}

export function mayReceiveDead({ queues }: Plan): readonly Statement[] {
  return mayReceive(queues.map(deadQueueId));
}

/** Connections have no names before they are made: the one wildcard. */
export function mayPush(): readonly Statement[] {
  const connections = `\${AWS::Region}:\${AWS::AccountId}:\${${SOCKET_API}}/${SOCKET_STAGE}`;
  const arn = (method: string) =>
    filledIn(`arn:\${AWS::Partition}:execute-api:${connections}/${method}/@connections/*`);
  return [allow(["execute-api:ManageConnections"], [arn("DELETE"), arn("POST")])];
}

/** @param policies besides, of the app's own */
export function roleOf(
  logGroup: string,
  statements: readonly Statement[],
  policies: readonly string[],
): Resource {
  const logs = allow(["logs:CreateLogStream", "logs:PutLogEvents"], [arnOf(logGroup)]);
  const { Properties, ...role } = roleFor("lambda.amazonaws.com", [logs, ...statements]);
  if (policies.length === 0) return { ...role, Properties };
  return { ...role, Properties: { ...Properties, ManagedPolicyArns: policies } };
}

export function roleFor(service: string, statements: readonly Statement[]): Resource {
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      ...trusting(service),
      Policies: [
        { PolicyName: "own", PolicyDocument: { Version: "2012-10-17", Statement: [...statements] } },
      ],
    },
  };
}

export function trusting(service: string): JsonObject {
  return {
    AssumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: service } }],
    },
  };
}

export function allow(actions: readonly string[], resources: readonly JsonObject[]): Statement {
  return { Effect: "Allow", Action: actions, Resource: resources };
}

function onQueues(actions: readonly string[], queues: readonly string[]): readonly Statement[] {
  return queues.length === 0 ? [] : [allow(actions, queues.map(arnOf))];
}
