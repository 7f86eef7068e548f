/** The functions: one code folder each, its role, its log group, what it is given and how long it may take. */

import { EVENT_STREAMS } from "../bounds.ts";
import type { Plan } from "../plan.ts";
import { arnOf, type JsonObject, type Part, ref } from "./cloudformation.ts";
import { ADMIN_ENVIRONMENT, authorizerEnvironmentOf, environmentOf } from "./environment.ts";
import { DEAD_FUNCTION, DEAD_TIMEOUT_S, queueFunctionId, queueId } from "./queues.ts";
import { mayPush, mayRead, mayReceive, mayReceiveDead, mayWrite, roleOf } from "./roles.ts";

/** What a bundle is made of: a handler of spillway/lambda. */
export type Bundle = "http" | "status" | "events" | "queue" | "dead" | "socket" | "sweep" | "authorizer";

export type PlannedFunction = {
  readonly id: string;
  readonly bundle: Bundle;
  readonly about: string;
  readonly timeoutSeconds: number;
  readonly memoryMiB: number;
  readonly reserved: number | undefined;
  readonly environment: JsonObject;
  readonly statements: Parameters<typeof roleOf>[1];
  readonly policies: readonly string[];
};

export const HTTP_FUNCTION = "HttpFunction";
export const STATUS_FUNCTION = "StatusFunction";
export const EVENTS_FUNCTION = "EventsFunction";
export const SOCKET_FUNCTION = "SocketFunction";
export const SWEEP_FUNCTION = "SweepFunction";
export const AUTHORIZER_FUNCTION = "AuthorizerFunction";

/** As long as the gateway waits. */
const AT_ONCE_S = 30;
/** An event stream ends then; its client comes back with Last-Event-ID. */
const STREAM_S = 300;
const SWEEP_S = 60;
/** Where the app's own code runs: its handlers, or its `authenticate`. */
const RUNS_HANDLERS: readonly Bundle[] = ["http", "queue", "socket"];
const ASKS: readonly Bundle[] = ["authorizer", "events", "status"];
/** Of functions that nobody waits for, or that wait themselves. */
const LIGHT_MIB = 256;

export function functionsOf(plan: Plan): readonly PlannedFunction[] {
  const everything = [...mayRead(plan), ...mayWrite(plan), ...mayPush()];
  const environment = environmentOf(plan);
  const one = (
    id: string,
    bundle: Bundle,
    about: string,
    timeoutSeconds: number,
    more: Partial<PlannedFunction> = {},
  ): PlannedFunction => ({
    ...{ id, bundle, about, timeoutSeconds, environment },
    ...{ memoryMiB: plan.memoryMiB, reserved: undefined, statements: everything },
    policies:
      RUNS_HANDLERS.includes(bundle) || (plan.authenticates && ASKS.includes(bundle)) ? plan.policies : [],
    ...more,
  });
  const readOnly = { statements: mayRead(plan) };
  return [
    one(HTTP_FUNCTION, "http", "Calls, and everything else over HTTP", AT_ONCE_S, {
      environment: { ...environment, ...ADMIN_ENVIRONMENT },
    }),
    one(STATUS_FUNCTION, "status", "Receipts, by id; reads only", AT_ONCE_S, readOnly),
    one(EVENTS_FUNCTION, "events", "Event streams of receipts; reads only", STREAM_S, {
      ...readOnly,
      memoryMiB: LIGHT_MIB,
      reserved: plan.reserve ? EVENT_STREAMS : undefined,
    }),
    one(SOCKET_FUNCTION, "socket", "Sockets: subscriptions and calls", AT_ONCE_S),
    one(SWEEP_FUNCTION, "sweep", "What is due, and what was lost, once a minute", SWEEP_S, {
      memoryMiB: LIGHT_MIB,
    }),
    ...plan.queues.map((queue) =>
      one(
        queueFunctionId(queue),
        "queue",
        `Jobs of ${queue.operations.join(", ")}`,
        queue.functionTimeoutSeconds,
        {
          environment: { ...environment, SPILLWAY_PARALLEL: String(queue.parallel) },
          reserved: plan.reserve ? queue.maximumConcurrency : undefined,
          statements: [...everything, ...mayReceive([queueId(queue)])],
        },
      ),
    ),
    ...(plan.queues.length === 0
      ? []
      : [
          one(DEAD_FUNCTION, "dead", "Ends the jobs of messages that came to nothing", DEAD_TIMEOUT_S, {
            memoryMiB: LIGHT_MIB,
            statements: [...everything, ...mayReceiveDead(plan)],
          }),
        ]),
    ...(plan.authenticates && plan.operations.some(({ accept }) => accept === "direct")
      ? [
          one(AUTHORIZER_FUNCTION, "authorizer", "Who calls a queue directly", AT_ONCE_S, {
            environment: authorizerEnvironmentOf(plan),
            statements: [],
          }),
        ]
      : []),
  ];
}

export function functionsPart(functions: readonly PlannedFunction[]): Part {
  return { resources: Object.fromEntries(functions.flatMap((one) => resourcesOf(one))) };
}

const logGroupOf = ({ id }: PlannedFunction) => `${id}Logs`;

function resourcesOf(one: PlannedFunction) {
  const { id, bundle, about, timeoutSeconds, memoryMiB, reserved, environment, statements, policies } = one;
  return [
    [logGroupOf(one), logGroup()],
    [`${id}Role`, roleOf(logGroupOf(one), statements, policies)],
    [
      id,
      {
        Type: "AWS::Lambda::Function",
        Properties: {
          Architectures: ["arm64"],
          // A folder beside the template; `aws cloudformation package` uploads it and puts the place here.
          Code: `./code/${bundle}`,
          Description: about.slice(0, 256),
          Environment: { Variables: environment },
          Handler: "index.handler",
          LoggingConfig: { LogGroup: ref(logGroupOf(one)) },
          MemorySize: memoryMiB,
          ...(reserved !== undefined && { ReservedConcurrentExecutions: reserved }),
          Role: arnOf(`${id}Role`),
          Runtime: "nodejs24.x",
          Timeout: timeoutSeconds,
        },
      },
    ],
  ] as const;
}

export function logGroup() {
  return {
    Type: "AWS::Logs::LogGroup",
    Properties: { RetentionInDays: ref("LogRetentionDays") },
  } as const;
}
