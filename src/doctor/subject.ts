/**
 * What rules look at: the template's resources in the parts that Spillway gives them, beside what the app's plan asks of
 * each. A part that is missing is undefined here, and is spoken of by one rule only.
 */
import type { AppOptions } from "../app/app.ts";
import { FREE_THROTTLES } from "../core/decide.ts";
import type { AnySpec } from "../core/operation.ts";
import { LONGEST_AT_ONCE_MS } from "../synth/bounds.ts";
import type { Plan, PlannedLimit, PlannedQueue } from "../synth/plan.ts";
import { objectOf, type Resource, type Template } from "./template.ts";

/** An event source mapping of a queue. */
export type Mapping = {
  readonly mapping: Resource;
  readonly queue: Resource | undefined;
  readonly consumer: Resource | undefined;
  /** Of a queue of Spillway's, its dead letters among them; not one that somebody has added. */
  readonly isOurs: boolean;
};

export type WiredQueue = {
  readonly planned: PlannedQueue;
  readonly queue: Resource | undefined;
  readonly dead: Resource | undefined;
  readonly mapping: Resource | undefined;
  readonly consumer: Resource | undefined;
  /** Jobs at once in an invocation, as its function is told. */
  readonly parallel: number;
  /** Of the operation that may be tried most often. */
  readonly attempts: number;
  /** A throttle costs no attempt, and is a delivery too. */
  readonly deliveries: number;
  /** The longest timeout of one of its jobs. */
  readonly longestMs: number;
  /** The largest input that the gateway writes to it by itself, where it does. */
  readonly directBytes: number | undefined;
};

/** A limit as the template divides it. */
export type DividedLimit = {
  readonly planned: PlannedLimit;
  readonly atOnce: number;
  readonly queued: number;
  readonly queue: WiredQueue | undefined;
  readonly http: Resource | undefined;
};

export type Subject = {
  readonly template: Template;
  readonly plan: Plan;
  readonly mappings: readonly Mapping[];
  readonly queues: readonly WiredQueue[];
  readonly limits: readonly DividedLimit[];
  readonly functions: readonly Resource[];
  readonly http: Resource | undefined;
  readonly sweep: Resource | undefined;
  readonly table: Resource | undefined;
  /** How long a call at once may take, and whose. */
  readonly atOnce: { readonly ms: number; readonly names: string } | undefined;
};

/** The logical ids of a queue's parts. */
export function idsOf({ id }: PlannedQueue) {
  const queue = `Queue${id}`;
  return { queue, dead: `${queue}Dead`, mapping: `${queue}Mapping`, consumer: `${queue}Function` } as const;
}

const FUNCTIONS = ["Http", "Status", "Events", "Dead", "Socket", "Sweep", "Authorizer"];

export function subjectOf(app: AppOptions, plan: Plan, template: Template): Subject {
  const specs = new Map(app.operations.map(({ spec }) => [spec.name, spec]));
  const mappings = mappingsOf(plan, template);
  const queues = plan.queues.map((planned) => wired(planned, plan, specs, template, mappings));
  const http = template.get("HttpFunction");
  const ours = [
    ...FUNCTIONS.map((name) => `${name}Function`),
    ...plan.queues.map((queue) => idsOf(queue).consumer),
  ];
  return {
    template,
    plan,
    mappings,
    queues,
    limits: plan.limits.map((planned) => divided(planned, queues, http, template)),
    functions: ours.flatMap((id) => template.get(id) ?? []),
    http,
    sweep: template.get("SweepFunction"),
    table: template.get("Table"),
    atOnce: atOnceOf(plan),
  };
}

function mappingsOf({ queues }: Plan, template: Template): readonly Mapping[] {
  const ours = queues.flatMap((planned) => [idsOf(planned).queue, idsOf(planned).dead]);
  return template
    .of("AWS::Lambda::EventSourceMapping")
    .map((mapping) => ({
      mapping,
      queue: template.referred(mapping, "EventSourceArn"),
      consumer: template.referred(mapping, "FunctionName"),
    }))
    .filter(({ queue }) => queue?.type === "AWS::SQS::Queue")
    .map((one) => ({ ...one, isOurs: ours.includes(one.queue?.id ?? "") }));
}

function wired(
  planned: PlannedQueue,
  plan: Plan,
  specs: ReadonlyMap<string, AnySpec>,
  template: Template,
  mappings: readonly Mapping[],
): WiredQueue {
  const ids = idsOf(planned);
  const queue = template.get(ids.queue);
  const fed = mappings.find((one) => one.queue !== undefined && one.queue === queue);
  const own = planned.operations.flatMap((name) => specs.get(name) ?? []);
  const direct = plan.operations.filter(
    ({ name, accept }) => accept === "direct" && planned.operations.includes(name),
  );
  const attempts = Math.max(...own.map(({ retry }) => retry.maxAttempts));
  return {
    planned,
    queue,
    dead: template.get(ids.dead),
    mapping: fed?.mapping,
    consumer: fed?.consumer,
    parallel:
      (fed?.consumer && template.number(fed.consumer, "Environment.Variables.SPILLWAY_PARALLEL")) ??
      planned.parallel,
    attempts,
    deliveries: attempts * (1 + FREE_THROTTLES),
    longestMs: Math.max(...own.map(({ timeoutMs }) => timeoutMs)),
    directBytes:
      direct.length === 0
        ? undefined
        : Math.max(...direct.map(({ name }) => specs.get(name)?.inputBytes ?? 0)),
  };
}

function divided(
  planned: PlannedLimit,
  queues: readonly WiredQueue[],
  http: Resource | undefined,
  template: Template,
): DividedLimit {
  const queue = queues.find(({ planned: { limits } }) => limits.includes(planned.name));
  const most = queue?.mapping && template.number(queue.mapping, "ScalingConfig.MaximumConcurrency");
  return {
    planned,
    atOnce: http === undefined ? planned.atOnce : (atOnceIn(http, planned.name, template) ?? planned.atOnce),
    // Where it is missing altogether, another rule says so.
    queued: queue === undefined ? 0 : (most ?? queue.planned.maximumConcurrency) * queue.parallel,
    queue,
    http,
  };
}

/** `SPILLWAY_SHARES`: `{ "resources/orders-db": { "atOnce": 5 } }`. */
function atOnceIn(http: Resource, limit: string, template: Template): number | undefined {
  const text = template.value(http, "Environment.Variables.SPILLWAY_SHARES");
  if (typeof text !== "string") return undefined;
  try {
    const { atOnce } = objectOf(objectOf(JSON.parse(text))[limit]);
    return typeof atOnce === "number" ? atOnce : undefined;
  } catch {
    return undefined;
  }
}

/** What lasts longer than the gateway waits is cut by the function. */
function atOnceOf({ operations }: Plan): Subject["atOnce"] {
  const all = operations.filter(({ atOnce }) => atOnce);
  if (all.length === 0) return undefined;
  const ms = Math.max(...all.map(({ timeoutMs }) => Math.min(timeoutMs, LONGEST_AT_ONCE_MS)));
  const names = all.filter(({ timeoutMs }) => timeoutMs >= ms).map(({ name }) => name);
  return {
    ms,
    names:
      names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", "),
  };
}
