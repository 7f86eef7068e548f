/** The environment of the functions, which src/lambda reads: where things are, and the plan's numbers. */
import type { Plan } from "../plan.ts";
import { filledIn, type JsonObject, NOTHING, ref } from "./cloudformation.ts";
import { queueId } from "./queues.ts";
import { TABLE } from "./table.ts";

export const SOCKET_API = "SocketApi";
export const SOCKET_STAGE = "live";

export function environmentOf({ operations, limits, queues }: Plan): JsonObject {
  const urls = queues.flatMap((queue) =>
    queue.operations.map((operation) => [operation, `\${${queueId(queue)}}`] as const),
  );
  const atOnce = operations.filter((operation) => operation.atOnce);
  const shared = limits.filter(({ name }) => atOnce.some((operation) => operation.limits.includes(name)));
  return {
    POWERTOOLS_METRICS_NAMESPACE: "Spillway",
    POWERTOOLS_SERVICE_NAME: ref("AWS::StackName"),
    SPILLWAY_ADMIN_TOKEN: { "Fn::If": ["HasAdminToken", ref("AdminToken"), NOTHING] },
    SPILLWAY_LIMITS: JSON.stringify(Object.fromEntries(atOnce.map(({ name, limits }) => [name, limits]))),
    SPILLWAY_QUEUES: filledIn(JSON.stringify(Object.fromEntries(urls))),
    SPILLWAY_SHARES: JSON.stringify(Object.fromEntries(shared.map(({ name, atOnce }) => [name, { atOnce }]))),
    SPILLWAY_SOCKET_ENDPOINT: filledIn(
      `https://\${${SOCKET_API}}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}/${SOCKET_STAGE}`,
    ),
    SPILLWAY_TABLE: ref(TABLE),
  };
}
