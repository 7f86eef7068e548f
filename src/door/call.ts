/** A call as the flows see it, whatever carried it here, and what it can get. */
import type { NewCall } from "../core/engine.ts";
import type { Problem } from "../core/errors.ts";
import type { CallDetails, Job, JsonText, Principal } from "../core/job.ts";
import type { JsonValue } from "../core/json.ts";
import type { Key } from "../core/keyed.ts";
import type { Operation } from "../core/operation.ts";
import type { Runtime } from "../core/runtime.ts";
import { fingerprint, keyedId } from "./idempotency.ts";
import type { Preference } from "./prefer.ts";

export type CallRequest = {
  readonly operation: Operation;
  readonly principal: Principal;
  readonly text: JsonText;
  readonly value: JsonValue;
  readonly key: Key | undefined;
  readonly prefer: Preference;
  readonly details: CallDetails;
};

/** Hears what became of a call: once, at once or later, and never both. */
export type Caller = {
  readonly answered: (result: CallResult) => void;
  /** By a mistake of ours, or a store that cannot be read. */
  readonly failed: (error: unknown) => void;
};

/** What the caller is told besides. */
export type CallNotes = {
  /** What of `Prefer` was acted on. */
  readonly applied?: string;
  readonly replayed?: boolean;
};

export type CallResult = CallNotes &
  (
    | { readonly kind: "output"; readonly output: JsonText; readonly id?: string }
    | { readonly kind: "receipt"; readonly job: Job; readonly retryAfterSeconds: number }
    | { readonly kind: "problem"; readonly problem: Problem; readonly headers?: readonly string[] }
  );

/** As it is queued; where it runs at once, its start is another. */
export function newCall(request: CallRequest, { store, ids }: Runtime): NewCall {
  const { operation, principal, key } = request;
  const { name, version, retry } = operation.spec;
  const keyed = key && store && keyedId(store.engine.secret, principal, name, key);
  const sequence = ids.sequence();
  const call: NewCall = {
    id: keyed ?? ids.of(sequence),
    sequence,
    operation: name,
    principal,
    input: request.text,
    inputVersion: version,
    delayMs: 0,
    maxAttempts: retry.maxAttempts,
    details: request.details,
    start: "queued",
  };
  return keyed === undefined ? call : { ...call, fingerprint: fingerprint(request.value) };
}

export function turnedAway(problem: Problem, retryAfterSeconds?: number): CallResult {
  if (retryAfterSeconds === undefined) return { kind: "problem", problem };
  return { kind: "problem", problem, headers: ["retry-after", String(retryAfterSeconds)] };
}
