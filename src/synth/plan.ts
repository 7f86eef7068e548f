/**
 * What an app becomes on AWS, decided before anything is written: which queue carries which operation, how each limit
 * is divided, and every number of the queues and of the functions behind them. Pure; refuses what AWS cannot honour.
 */
import type { AppOptions } from "../app/app.ts";
import type { Access, AnySpec, Flow } from "../core/operation.ts";
import { inputSchemaOf } from "../core/schema.ts";
import { type Division, dividedLimits, type LimitUse, limitUses } from "./limits.ts";
import { notesOf } from "./notes.ts";
import { queuesOf } from "./queues.ts";
import { refusalsOf } from "./refusals.ts";

/** What whoever deploys decides. */
export type Choices = {
  /** Operations that API Gateway puts into their queue by itself, besides the ordinary way. */
  readonly direct?: readonly string[];
  /** Of a limit, by its name or its operation's: how many of all are for calls at once. Half by default. */
  readonly shares?: Readonly<Record<string, { readonly atOnce: number; readonly of: number }>>;
  /** Jobs of one invocation at once, at most; 10 by default, 1 for handlers that compute rather than wait. */
  readonly parallel?: number;
  /** How long a queue gathers a batch. 0 by default: no job waits for another. */
  readonly windowSeconds?: number;
  /** Of each function that runs handlers; 512 by default. */
  readonly memoryMiB?: number;
  /** Keeps concurrency of the account for the queues' functions, and bounds that of event streams. Yes by default. */
  readonly reserve?: boolean;
  /** Variables of the app's own, for every function. */
  readonly environment?: Readonly<Record<string, string>>;
  /** ARNs of policies with what handlers and `authenticate` need of AWS besides. */
  readonly policies?: readonly string[];
};

/** Why AWS cannot do what the app asks for. `operation`: the one it is about, or none. */
export type AwsRefusal = {
  readonly operation: string | undefined;
  readonly reason: string;
  readonly next: string;
};

export type PlannedOperation = {
  readonly name: string;
  readonly flow: Flow;
  readonly access: Access;
  readonly accept: "function" | "direct";
  /** Whether a call may be answered at once. */
  readonly atOnce: boolean;
  /** The queue of its jobs, if it can have any. */
  readonly queue: string | undefined;
  /** Names of the limits it is under. */
  readonly limits: readonly string[];
  readonly timeoutMs: number;
  readonly route: string | undefined;
  readonly keyRequired: boolean;
  /** JSON Schema 2020-12 of what a caller sends; of operations that are called directly. */
  readonly inputSchema: unknown;
};

/** Of a resource, or an operation's own. `atOnce + queue` is never above `concurrency`. */
export type PlannedLimit = {
  /** "resources/orders-db", "operations/send-confirmation". */
  readonly name: string;
  readonly concurrency: number;
  /** For calls that are answered at once, of all functions together. */
  readonly atOnce: number;
  /** What the queue's functions can have in use at most; of all of its queue's operations together. */
  readonly queue: number;
};

export type PlannedQueue = {
  /** Of the resource or the operation whose jobs it carries. */
  readonly name: string;
  /** The same in the names of the template's resources. */
  readonly id: string;
  readonly operations: readonly string[];
  readonly limits: readonly string[];
  /** Jobs that may run at once: the smallest share of its limits. */
  readonly share: number;
  /** Invocations at once, and jobs at once in each: their product is never above the share. */
  readonly maximumConcurrency: number;
  readonly parallel: number;
  readonly batchSize: number;
  readonly windowSeconds: number;
  readonly functionTimeoutSeconds: number;
  readonly visibilitySeconds: number;
  readonly maxReceiveCount: number;
};

export type Plan = {
  readonly operations: readonly PlannedOperation[];
  readonly limits: readonly PlannedLimit[];
  readonly queues: readonly PlannedQueue[];
  readonly authenticates: boolean;
  readonly memoryMiB: number;
  readonly reserve: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly policies: readonly string[];
  /** What was decided for the app, and what differs from other deployments; for whoever deploys. */
  readonly notes: readonly string[];
};

export type Planned =
  | { readonly kind: "planned"; readonly plan: Plan }
  | { readonly kind: "refused"; readonly refusals: readonly AwsRefusal[] };

/** An operation with what is asked of it here. */
export type Asked = {
  readonly spec: AnySpec;
  readonly atOnce: boolean;
  readonly queued: boolean;
  readonly direct: boolean;
};

/** Everything that refusals and notes look at. */
export type Drawn = {
  readonly app: AppOptions;
  readonly choices: Choices;
  readonly asked: readonly Asked[];
  readonly uses: readonly LimitUse[];
  readonly divisions: readonly Division[];
  readonly queues: readonly PlannedQueue[];
};

export function planOf(app: AppOptions, choices: Choices = {}): Planned {
  const drawn = draw(app, choices);
  const refusals = refusalsOf(drawn);
  if (refusals.length > 0) return { kind: "refused", refusals };
  const { asked, divisions, queues } = drawn;
  const limits = divisions.map(({ name, concurrency, atOnce, queue }) => ({
    name,
    concurrency,
    atOnce,
    queue,
  }));
  return {
    kind: "planned",
    plan: {
      operations: asked.map((one) => plannedOperation(one, drawn)),
      limits,
      queues,
      authenticates: app.authenticate !== undefined,
      memoryMiB: choices.memoryMiB ?? 512,
      reserve: choices.reserve ?? true,
      environment: choices.environment ?? {},
      policies: choices.policies ?? [],
      notes: notesOf(drawn),
    },
  };
}

/** In the order of names, so that moving an operation in a list changes nothing that is deployed. */
function draw(app: AppOptions, choices: Choices): Drawn {
  const asked = app.operations
    .map(({ spec }) => asking(spec, choices))
    .sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  const uses = limitUses(asked);
  const queues = queuesOf(asked, uses, choices);
  return { app, choices, asked, uses, queues, divisions: dividedLimits(uses, queues, choices) };
}

function asking(spec: AnySpec, { direct = [] }: Choices): Asked {
  return {
    spec,
    atOnce: spec.flow !== "event" && spec.access !== "internal",
    queued: spec.flow !== "request",
    direct: direct.includes(spec.name),
  };
}

function plannedOperation({ spec, atOnce, direct }: Asked, { uses, queues }: Drawn): PlannedOperation {
  const { name, flow, access, timeoutMs, route, keyRequired } = spec;
  return {
    name,
    flow,
    access,
    accept: direct ? "direct" : "function",
    atOnce,
    queue: queues.find(({ operations }) => operations.includes(name))?.name,
    limits: uses.filter(({ users }) => users.some((user) => user.spec === spec)).map((use) => use.name),
    timeoutMs,
    route,
    keyRequired,
    inputSchema: direct ? inputSchemaOf(spec.input) : undefined,
  };
}
