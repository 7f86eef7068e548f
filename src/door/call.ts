/** A call as the flows see it, whatever carried it here, and what it can get. */
import type { NewCall } from "../core/engine.ts";
import type { Problem } from "../core/errors.ts";
import type { Job, JsonText, Principal } from "../core/job.ts";
import type { JsonValue } from "../core/json.ts";
import type { Operation } from "../core/operation.ts";
import type { Runtime } from "../core/runtime.ts";
import { fingerprint, type Key, keyedId } from "./idempotency.ts";
import type { Preference } from "./prefer.ts";

export type CallRequest = {
  readonly operation: Operation;
  readonly principal: Principal;
  readonly text: JsonText;
  readonly value: JsonValue;
  readonly key: Key | undefined;
  readonly prefer: Preference;
  readonly origin: string;
  readonly traceparent?: string;
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

/** A call that is not yet decided to be queued or run at once. */
export type Unplaced = Omit<NewCall, "start">;

export function unplaced(request: CallRequest, { store, ids }: Runtime): Unplaced {
  const { operation, principal, text, value, key, origin, traceparent } = request;
  const { spec } = operation;
  const minted = ids.mint();
  return {
    id: key && store ? keyedId(store.engine.secret, principal, spec.name, key) : minted.id,
    sequence: minted.sequence,
    operation: spec.name,
    principal,
    input: text,
    inputVersion: spec.version,
    delayMs: 0,
    maxAttempts: spec.retry.maxAttempts,
    details: { origin, ...(traceparent !== undefined && { traceparent }) },
    ...(key && { fingerprint: fingerprint(value) }),
  };
}

export function turnedAway(problem: Problem, retryAfterSeconds?: number): CallResult {
  if (retryAfterSeconds === undefined) return { kind: "problem", problem };
  return { kind: "problem", problem, headers: ["retry-after", String(retryAfterSeconds)] };
}
