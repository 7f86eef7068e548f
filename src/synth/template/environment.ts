/** The environment of the functions, which src/lambda reads: where things are, and the plan's numbers. */
import type { AwsRefusal, Plan, PlannedOperation } from "../plan.ts";
import { filledIn, type Json, type JsonObject, NOTHING, ref } from "./cloudformation.ts";
import { KEPT_S, queueId } from "./queues.ts";
import { TABLE } from "./table.ts";

export const SOCKET_API = "SocketApi";
export const SOCKET_STAGE = "live";

/** For Powertools, which names logs and metrics by it. */
const NAMES = { POWERTOOLS_METRICS_NAMESPACE: "Spillway", POWERTOOLS_SERVICE_NAME: ref("AWS::StackName") };

/** Of the one function that serves operators: who else could read the token has no use for it. */
export const ADMIN_ENVIRONMENT: JsonObject = {
  SPILLWAY_ADMIN_TOKEN: { "Fn::If": ["HasAdminToken", ref("AdminToken"), NOTHING] },
};

/** The authorizer has no store. */
export function authorizerEnvironmentOf({ environment }: Plan): JsonObject {
  return { ...NAMES, ...environment };
}

export function environmentOf({ operations, limits, queues, environment }: Plan): JsonObject {
  const urls = queues.flatMap((queue) =>
    queue.operations.map((operation) => [operation, `\${${queueId(queue)}}`] as const),
  );
  const atOnce = operations.filter((operation) => operation.atOnce);
  const shared = limits.filter(({ name }) => atOnce.some((operation) => operation.limits.includes(name)));
  return {
    ...NAMES,
    ...(operations.some(({ accept }) => accept === "direct") && { SPILLWAY_DIRECT_SECONDS: `${KEPT_S}` }),
    SPILLWAY_LIMITS: JSON.stringify(Object.fromEntries(operations.flatMap(limitsOf))),
    SPILLWAY_QUEUES: urls.length === 0 ? "{}" : filledIn(JSON.stringify(Object.fromEntries(urls))),
    SPILLWAY_SHARES: JSON.stringify(Object.fromEntries(shared.map(({ name, atOnce }) => [name, { atOnce }]))),
    SPILLWAY_SOCKET_ENDPOINT: filledIn(
      `https://\${${SOCKET_API}}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}/${SOCKET_STAGE}`,
    ),
    SPILLWAY_TABLE: ref(TABLE),
    ...environment,
  };
}

/** Calls at once take a slot of each; what is only queued must know which resources an operator may pause it by. */
function limitsOf({
  name,
  atOnce,
  limits,
}: PlannedOperation): readonly (readonly [string, readonly string[]])[] {
  const needed = atOnce ? limits : limits.filter((limit) => limit.startsWith("resources/"));
  return needed.length === 0 ? [] : [[name, needed]];
}

/** All names and values of one function's together. */
const MOST_BYTES = 4_096;
/** As long as what CloudFormation fills in may be: a queue's address, the name of a stack or a table. */
const FILLED_IN: readonly (readonly [RegExp, number])[] = [
  [/\$\{AWS::Region\}|\$\{AWS::URLSuffix\}/g, 14],
  [/\$\{Queue\w+\}/g, 112],
  [/\$\{\w+\}/g, 10],
];

/** Functions that AWS would refuse for the size of their environment, which would be found at the deployment. */
export function overfull(
  functions: readonly { readonly id: string; readonly environment: JsonObject }[],
): readonly AwsRefusal[] {
  const sizes = functions.map(({ id, environment }) => ({ id, bytes: bytesOf(environment) }));
  const [largest] = sizes.sort((a, b) => b.bytes - a.bytes);
  if (largest === undefined || largest.bytes <= MOST_BYTES) return [];
  return [
    {
      operation: undefined,
      reason: `The environment of ${largest.id}, which tells it the queue and the limits of every operation, has about ${largest.bytes} bytes, and AWS gives a function ${MOST_BYTES}.`,
      next: "Make two apps of its operations, each with a stack of its own.",
    },
  ];
}

function bytesOf(environment: JsonObject): number {
  const texts = Object.entries(environment).flatMap(([name, value]) => [name, textOf(value)]);
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

function textOf(value: Json | undefined): string {
  if (typeof value === "string") return value;
  const text = (value as JsonObject)["Fn::Sub"];
  if (typeof text !== "string") return "x".repeat(64);
  return FILLED_IN.reduce((filled, [hole, bytes]) => filled.replace(hole, "x".repeat(bytes)), text);
}
