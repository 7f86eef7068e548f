/**
 * Schemas, from whatever library speaks Standard Schema (standardschema.dev): Zod, Valibot, ArkType and
 * others. Only the part of the standard that Spillway uses is described here, so that core needs no package.
 */
import type { JsonValue } from "./json.ts";
import { type Soon, settled, then } from "./soon.ts";

type Issue = {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
};
type Result<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] };

export interface Schema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Result<Output> | Promise<Result<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    /** Standard JSON Schema, of libraries that speak it too. May throw. */
    readonly jsonSchema?: { readonly input: (options: { readonly target: string }) => unknown } | undefined;
  };
}

/** What a caller sends, before defaults and transforms. */
export type InputOf<S> = S extends Schema<infer Input, unknown> ? Input : never;
/** What a handler gets, after them. */
export type OutputOf<S> = S extends Schema<infer _, infer Output> ? Output : never;

/** One thing that is wrong, and where: an RFC 6901 pointer into the document. */
export type Fault = { readonly pointer: string; readonly detail: string };

export type Validated<Output> =
  | { readonly ok: true; readonly value: Output }
  | { readonly ok: false; readonly faults: readonly Fault[] };

const MOST_FAULTS = 20;

/** Answers at once where the library does: most do, and the hot path must not wait for a promise. */
export function validate<Output>(
  schema: Schema<unknown, Output>,
  value: JsonValue | undefined,
): Soon<Validated<Output>> {
  return then(settled(schema["~standard"].validate(value)), verdict);
}

/** What a caller may send, as JSON Schema 2020-12; undefined where the library cannot say. */
export function inputSchemaOf(schema: Schema): unknown {
  try {
    return schema["~standard"].jsonSchema?.input({ target: "draft-2020-12" });
  } catch {
    // A transform, a date, a library that knows another draft only.
    return undefined;
  }
}

function verdict<Output>(result: Result<Output>): Validated<Output> {
  if (!result.issues) return { ok: true, value: result.value };
  return { ok: false, faults: result.issues.slice(0, MOST_FAULTS).map(fault) };
}

function fault(issue: Issue): Fault {
  const steps = (issue.path ?? []).map((step) => String(typeof step === "object" ? step.key : step));
  const pointer = steps.map((step) => `/${step.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  return { pointer, detail: issue.message };
}
