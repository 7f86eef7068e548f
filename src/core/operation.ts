/**
 * An operation: a name, schemas, what it may use, and the handler. Written once, it is served request-response,
 * event-driven or spilling; the handler cannot see which. The spec alone (`spec()`) is a value that other
 * operations `send` to and clients import without dragging the handler along.
 */
import { type RetryOptions, type RetryPolicy, retryPolicy } from "./backoff.ts";
import { type Duration, durationMs } from "./duration.ts";
import type { ReadTable, Send, WriteTable } from "./effects.ts";
import { configurationError } from "./errors.ts";
import type { Principal, Progress } from "./job.ts";
import type { JsonValue } from "./json.ts";
import { checkOptions, shown } from "./options.ts";
import { assertConcurrency, assertName, type Resource } from "./resource.ts";

import type { InputOf, OutputOf, Schema } from "./schema.ts";
import type { Sql } from "./sql-transaction.ts";
import { PORTABLE_SIZES } from "./store-defaults.ts";

export const FLOWS = ["request", "event", "spill"] as const;
/**
 * What a call gets. `request`: an answer or a refusal, nothing kept. `event`: a durable receipt. `spill`: an
 * answer while a slot is free, a durable receipt otherwise.
 */
export type Flow = (typeof FLOWS)[number];

export type Access = "public" | "admin" | "internal";

export type Upgrade = (input: JsonValue, from: number) => JsonValue | PromiseLike<JsonValue>;

export type SpecOptions<I extends Schema, O extends Schema | undefined, S extends boolean = false> = {
  readonly name: string;
  readonly input: I;
  readonly output?: O;
  /** `spill` by default. */
  readonly flow?: Flow;
  /** Resources it uses, or `{ concurrency }` for a limit of its own. 16 at once by default, said at start. */
  readonly limits?: Resource | readonly Resource[] | { readonly concurrency: number };
  readonly retry?: RetryOptions;
  /** One attempt's time. "30s" by default; 15 minutes at most. */
  readonly timeout?: Duration;
  /** One more path that calls it, e.g. "/orders". */
  readonly route?: `/${string}`;
  /** `admin`: with the admin token only. `internal`: reached by `send` only. `public` by default. */
  readonly access?: Access;
  /** Whether callers must send an Idempotency-Key. */
  readonly idempotency?: "optional" | "required";
  /** The largest input, in bytes. 256 KiB by default and at most. */
  readonly inputBytes?: number;
  /** Queued calls at most; beyond that `503 backlog-full`. Unbounded by default. */
  readonly backlog?: number;
  /** Of the input's shape; 1 by default. Raise it with `upgrade` when queued inputs must be converted. */
  readonly version?: number;
  /** Makes an input of an older `version` into one of this one, before it is validated; it may take its time. */
  readonly upgrade?: Upgrade;
  /** Gives the handler `sql`, a transaction on tables of your own; on postgres only. */
  readonly sql?: S;
};

/** A checked spec, with every default filled in; without `sql`, unless it says `true` for the last. */
export type Spec<
  I extends Schema = Schema,
  O extends Schema | undefined = Schema | undefined,
  S extends boolean = false,
> = {
  readonly name: string;
  readonly input: I;
  readonly output: O;
  readonly flow: Flow;
  readonly resources: readonly Resource[];
  /** The operation's own limit beside its resources', if it has one. */
  readonly concurrency: number | undefined;
  /** Whether the limit was chosen, or is the default. */
  readonly declaresLimits: boolean;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  readonly route: string | undefined;
  readonly access: Access;
  readonly keyRequired: boolean;
  readonly inputBytes: number;
  readonly backlog: number | undefined;
  readonly version: number;
  readonly upgrade: Upgrade | undefined;
  readonly sql: S;
};

export type AnySpec = Spec<Schema, Schema | undefined, boolean>;

/**
 * What a handler gets beside its input. Take out what it needs, `(input, { id, write }) => …`, or pass all of it on
 * as it is: a copy by `{ ...context }` has `id`, `attempt` and `principal` only. The rest is made when it is asked
 * for; as members of each context's own, 420 bytes and 1.3 µs a run, they would be dear to all who want few of them.
 */
export type Context = {
  /** The same for every attempt, and for every call repeated under one key: hand it to other systems as their idempotency key. */
  readonly id: string;
  /** From 1. */
  readonly attempt: number;
  readonly principal: Principal;
  /** When this attempt began, by the store's clock. */
  readonly now: Date;
  /** Fires at the timeout, when the caller cancels, and when the server must stop. */
  readonly signal: AbortSignal;
  /** Reads of tables: what they return must be unchanged at the commit, or the handler runs again. */
  readonly read: ReadTable;
  /** Writes to tables: collected, and committed with the outcome. */
  readonly write: WriteTable;
  /** Queues another operation, in the same commit. */
  readonly send: Send;
  /** Shown on the receipt while it runs. */
  readonly progress: (progress: Progress) => void;
};

/** Of an operation with `sql: true`. */
export type SqlContext = Context & {
  /**
   * A statement in this attempt's own transaction, which is committed with the outcome. Pass values as parameters.
   * @example `const [seat] = await sql<Seat>("SELECT * FROM seats WHERE id = $1 FOR UPDATE", [id])`
   */
  readonly sql: Sql;
};

export type Handler<I extends Schema, O extends Schema | undefined, C = Context> = (
  input: OutputOf<I>,
  context: C,
) => HandlerResult<O> | Promise<HandlerResult<O>>;

type HandlerResult<O> = O extends Schema ? InputOf<O> : unknown;

export type Operation<I extends Schema = Schema, O extends Schema | undefined = Schema | undefined> = {
  readonly kind: "operation";
  readonly spec: Spec<I, O, boolean>;
  readonly handler: (input: never, context: SqlContext) => unknown;
};

export const DEFAULT_CONCURRENCY = 16;
const LONGEST_TIMEOUT_MS = 15 * 60_000;
const SPEC_OPTIONS: readonly (keyof SpecOptions<Schema, undefined>)[] = [
  ...(["name", "input", "output", "flow", "limits", "retry", "timeout", "route", "access"] as const),
  ...(["idempotency", "inputBytes", "backlog", "version", "upgrade", "sql"] as const),
];

/** A spec of its own, when clients or other operations need it without the handler. */
export function spec<
  I extends Schema,
  O extends Schema | undefined = undefined,
  const S extends boolean = false,
>(options: SpecOptions<I, O, S>): Spec<I, O, S> {
  checkOptions(`operation ${shown(options?.name)}`, options, SPEC_OPTIONS);
  const { name, limits } = options;
  const { inputBytes } = PORTABLE_SIZES;
  assertName("operation", name);
  const what = `operation "${name}"`;
  return {
    name,
    input: schemaOf(options.input, `${what}.input`),
    output: (options.output && schemaOf(options.output, `${what}.output`)) as O,
    flow: oneOf(FLOWS, options.flow ?? "spill", `${what}.flow`),
    ...limitsOf(what, limits),
    declaresLimits: limits !== undefined,
    retry: retryPolicy(options.retry, what),
    timeoutMs: atMost(
      durationMs(options.timeout ?? "30s", `${what}.timeout`),
      LONGEST_TIMEOUT_MS,
      `${what}.timeout`,
    ),
    route: routeOf(what, options.route),
    access: oneOf(["public", "admin", "internal"], options.access ?? "public", `${what}.access`),
    keyRequired:
      oneOf(["optional", "required"], options.idempotency ?? "optional", `${what}.idempotency`) ===
      "required",
    inputBytes: count(options.inputBytes ?? inputBytes, inputBytes, `${what}.inputBytes`),
    backlog:
      options.backlog === undefined
        ? undefined
        : count(options.backlog, Number.MAX_SAFE_INTEGER, `${what}.backlog`),
    version: count(options.version ?? 1, 1_000_000, `${what}.version`),
    upgrade: options.upgrade,
    sql: oneOf([true, false], options.sql ?? false, `${what}.sql`) as S,
  };
}

// By overloads, not by a condition on a type parameter: so a handler that a function of the app's wraps gets its types.
// The plain one comes last, since that is the one a compiler's message tells of.
/** @example `operation({ name: "take-seat", input: Seat, sql: true }, async ({ id }, { sql }) => …)` */
export function operation<I extends Schema, O extends Schema | undefined = undefined>(
  specification: (SpecOptions<I, O, true> & { readonly sql: true }) | Spec<I, O, true>,
  handler: Handler<I, O, SqlContext>,
): Operation<I, O>;
/** @example `operation({ name: "place-order", input: NewOrder, output: Order, limits: ordersDb }, async (input, { write }) => …)` */
export function operation<I extends Schema, O extends Schema | undefined = undefined>(
  specification: SpecOptions<I, O> | Spec<I, O>,
  handler: Handler<I, O>,
): Operation<I, O>;
export function operation<I extends Schema, O extends Schema | undefined>(
  specification: SpecOptions<I, O, boolean> | Spec<I, O, boolean>,
  handler: Handler<I, O, SqlContext>,
): Operation<I, O> {
  const checked = isSpec(specification) ? specification : spec(specification);
  if (typeof handler !== "function") {
    throw configurationError(
      `operation "${checked.name}" has no handler.`,
      "Give it as the second argument.",
    );
  }
  return { kind: "operation", spec: checked, handler };
}

function isSpec<I extends Schema, O extends Schema | undefined>(
  value: SpecOptions<I, O, boolean> | Spec<I, O, boolean>,
): value is Spec<I, O, boolean> {
  return typeof value === "object" && value !== null && "keyRequired" in value;
}

function limitsOf(what: string, limits: SpecOptions<Schema, undefined>["limits"]) {
  if (limits === undefined) return { resources: [], concurrency: DEFAULT_CONCURRENCY };
  if (typeof limits === "object" && !("kind" in limits) && !Array.isArray(limits)) {
    checkOptions(`${what}.limits`, limits, ["concurrency"]);
    const { concurrency } = limits as { readonly concurrency: number };
    assertConcurrency(what, concurrency);
    return { resources: [], concurrency };
  }
  const resources = (Array.isArray(limits) ? limits : [limits]) as readonly Resource[];
  if (!resources.every((one) => one?.kind === "resource")) {
    throw configurationError(
      `${what}.limits is ${shown(limits)}.`,
      "Give a resource, a list of resources, or { concurrency: 5 }.",
    );
  }
  const byName = new Map(resources.map((one) => [one.name, one]));
  if (byName.size !== resources.length || resources.length === 0) {
    throw configurationError(
      `${what}.limits names ${resources.length === 0 ? "no resource" : "a resource twice"}.`,
      "Name each resource once.",
    );
  }
  // Taken in name order by everyone, so that two operations never hold what the other waits for.
  return { resources: [...resources].sort((a, b) => (a.name < b.name ? -1 : 1)), concurrency: undefined };
}

function schemaOf<S extends Schema>(schema: S, what: string): S {
  if (schema?.["~standard"]?.version === 1) return schema;
  throw configurationError(
    `${what} is no Standard Schema.`,
    "Use a schema of Zod 4, Valibot, ArkType or another library that implements it.",
  );
}

function oneOf<T extends string | boolean>(allowed: readonly T[], value: T, what: string): T {
  if (allowed.includes(value)) return value;
  throw configurationError(`${what} is ${JSON.stringify(value)}.`, `Use one of: ${allowed.join(", ")}.`);
}

function count(value: number, most: number, what: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw configurationError(`${what} is ${value}.`, `Use a whole number from 1 to ${most}.`);
}

function atMost(ms: number, mostMs: number, what: string): number {
  if (ms <= mostMs) return ms;
  throw configurationError(
    `${what} is ${ms} ms.`,
    `Use at most ${mostMs / 60_000} minutes; split longer work with send().`,
  );
}

const TAKEN_ROUTES =
  /^\/(?:operations|receipts|socket|admin|health|metrics|console|mcp|openapi\.json|asyncapi\.json)(?:\/|$)/;

function routeOf(what: string, route: string | undefined): string | undefined {
  if (route === undefined) return undefined;
  if (/^(?:\/[A-Za-z0-9._~-]+)+$/.test(route) && !TAKEN_ROUTES.test(route)) return route;
  throw configurationError(
    `${what}.route is ${JSON.stringify(route)}.`,
    'Use a plain path such as "/orders" that starts with none of Spillway\'s own segments (operations, receipts, socket, admin, health, …).',
  );
}
