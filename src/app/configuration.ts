/** Refuses a configuration that cannot work, with the next step in the message. Opens and starts nothing. */
import { systemClock } from "../core/clock.ts";
import type { EngineSource } from "../core/engine.ts";
import { configurationError } from "../core/errors.ts";
import { Gate } from "../core/gate.ts";
import type { AnySpec, Operation } from "../core/operation.ts";
import { checkOptions, shown } from "../core/options.ts";
import type { Role } from "../core/runtime.ts";
import { Origins } from "../door/origins.ts";
import type { QuotaOptions } from "../door/quotas.ts";
import type { AppOptions } from "./app.ts";
import { checkTransactions } from "./transactions.ts";

export type Configuration = {
  readonly options: AppOptions;
  readonly operations: ReadonlyMap<string, Operation>;
  readonly origins: Origins;
};

const APP_OPTIONS: readonly (keyof AppOptions)[] = [
  "operations",
  "engine",
  "authenticate",
  "allowedOrigins",
  "quota",
  "onError",
];

export function checkedConfiguration(options: AppOptions): Configuration {
  checkOptions("spillway()", options, APP_OPTIONS);
  const { engine, authenticate, onError } = options;
  if (engine !== undefined && typeof engine?.open !== "function") {
    throw configurationError(`engine is ${shown(engine)}.`, 'Call it: engine: sqlite("./data").');
  }
  for (const [name, hook] of Object.entries({ authenticate, onError })) {
    if (hook !== undefined && typeof hook !== "function") {
      throw configurationError(`${name} is ${shown(hook)}.`, "Give a function.");
    }
  }
  const operations = named(options.operations);
  for (const { spec } of operations.values()) checkEngine(spec, options.engine);
  checkTransactions(specsOf(operations), options.engine);
  if (options.quota) checkQuota(options.quota, options.engine);
  // Limits that contradict each other are found by building a gate; the one that runs gets the host's clock.
  new Gate(specsOf(operations), systemClock());
  return { options, operations, origins: new Origins((options.allowedOrigins ?? []).map(checkedOrigin)) };
}

/** Processes of different roles have one store together, so it must be one that several can have open. */
export function checkRole(role: Role, engine: EngineSource | undefined): void {
  if (role === "all" || (engine && !engine.limits.singleOwner)) return;
  const why = engine ? `${engine.name} is one process's only` : "this app has no engine to share with others";
  throw configurationError(
    `The role is ${role}, and ${why}.`,
    "Serve it without a role, or share a store between processes: engine: postgres(url).",
  );
}

export function specsOf(operations: ReadonlyMap<string, Operation>): readonly AnySpec[] {
  return [...operations.values()].map(({ spec }) => spec);
}

function named(list: readonly Operation[]): ReadonlyMap<string, Operation> {
  if (!Array.isArray(list) || list.length === 0) {
    throw configurationError(
      `operations is ${shown(list)}.`,
      "Give spillway({ operations: […] }) one at least.",
    );
  }
  const operations = new Map<string, Operation>();
  const routes = new Set<string>();
  for (const [place, operation] of list.entries()) {
    if (operation?.kind !== "operation") {
      throw configurationError(
        `operations[${place}] is no operation; a spec alone has no handler.`,
        "Make one with operation(spec, handler).",
      );
    }
    const { name, route } = operation.spec;
    if (operations.has(name))
      throw configurationError(`Two operations are called "${name}".`, "Give each its own name.");
    if (route !== undefined && routes.has(route))
      throw configurationError(`Two operations have the route ${route}.`, "Give each its own.");
    operations.set(name, operation);
    if (route !== undefined) routes.add(route);
  }
  return operations;
}

function checkEngine(spec: AnySpec, engine: EngineSource | undefined): void {
  const what = `Operation "${spec.name}"`;
  if (!engine && spec.flow !== "request") {
    throw configurationError(
      `${what} has flow "${spec.flow}", and there is no engine to queue it in.`,
      'Give spillway({ … }) an engine, such as sqlite("./data"), or make the flow "request".',
    );
  }
  if (!engine && spec.keyRequired) {
    throw configurationError(
      `${what} requires keys, and there is no engine to keep them.`,
      'Give spillway({ … }) an engine, such as sqlite("./data").',
    );
  }
  if (engine && spec.inputBytes > engine.limits.inputBytes) {
    throw configurationError(
      `${what} takes ${spec.inputBytes} bytes, and ${engine.name} holds ${engine.limits.inputBytes}.`,
      "Lower its inputBytes.",
    );
  }
}

function checkQuota(quota: QuotaOptions, engine: EngineSource | undefined): void {
  checkOptions("quota", quota, ["calls", "seconds", "per"]);
  const { calls, seconds, per } = quota;
  if (![calls, seconds].every((number) => Number.isInteger(number) && number >= 1)) {
    throw configurationError(
      `quota is ${calls} calls in ${seconds} seconds.`,
      "Use whole numbers from 1: { calls: 1000, seconds: 60 }.",
    );
  }
  if (per !== undefined && per !== "process") {
    throw configurationError(`quota is per ${shown(per)}.`, 'There is "process", or leave it out.');
  }
  if (engine?.limits.singleOwner === false && per === undefined) {
    throw configurationError(
      `quota is ${calls} calls in ${seconds} seconds, and processes that share ${engine.name} do not count together.`,
      'Say that each of them may allow so many: { calls, seconds, per: "process" }. Or bound callers at the load balancer.',
    );
  }
}

function checkedOrigin(origin: string): string {
  if (URL.canParse(origin) && new URL(origin).origin === origin) return origin;
  throw configurationError(
    `allowedOrigins has ${JSON.stringify(origin)}.`,
    'Write origins as browsers send them: "https://shop.example".',
  );
}
