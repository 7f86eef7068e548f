/**
 * What a call gets, whatever carried it here: an answer at once, a receipt, a replay or a refusal. The three flows
 * meet in this file; how a result is written on a wire is for others.
 */
import type { NewCall } from "../core/engine.ts";
import { type Problem, problem } from "../core/errors.ts";
import type { Slot } from "../core/gate.ts";
import { isFinal, type Job, type JsonText, type Principal } from "../core/job.ts";
import type { JsonValue } from "../core/json.ts";
import type { Operation } from "../core/operation.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { type Validated, validate } from "../core/schema.ts";
import { AtOnce } from "./at-once.ts";
import { Depths } from "./depths.ts";
import { fingerprint, type Key, keyedId } from "./idempotency.ts";
import type { Preference } from "./prefer.ts";
import type { Quotas } from "./quotas.ts";
import { errorOf } from "./receipt.ts";
import { untilFinal } from "./waiting.ts";

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

type Refusal = Extract<CallResult, { kind: "problem" }>;

export class Calls {
  readonly #runtime: Runtime;
  readonly #quotas: Quotas | undefined;
  readonly #depths: Depths | undefined;

  constructor(runtime: Runtime, quotas: Quotas | undefined) {
    this.#runtime = runtime;
    this.#quotas = quotas;
    this.#depths = runtime.store && new Depths(runtime, runtime.store);
  }

  async call(request: CallRequest): Promise<CallResult> {
    const { spec } = request.operation;
    const checking = validate(spec.input, request.value);
    const input = checking instanceof Promise ? await checking : checking;
    const refusal = this.#unacceptable(request, input);
    if (refusal)
      return refusal.problem.code === "quota-exceeded" ? this.#replayOr(request, refusal) : refusal;
    const now = spec.flow === "request" || (spec.flow === "spill" && !queuesAtOnce(request.prefer));
    return now ? this.#now(request, (input as { value: unknown }).value) : this.#queue(request);
  }

  /** One item of a batch: queued, whatever the flow. */
  queue(request: Omit<CallRequest, "prefer">): Promise<CallResult> {
    return this.call({ ...request, prefer: { respondAsync: true, waitSeconds: undefined } });
  }

  waitSeconds(operation: string): number {
    return this.#depths?.waitSeconds(operation) ?? 1;
  }

  #unacceptable({ operation, key, principal }: CallRequest, input: Validated<unknown>): Refusal | undefined {
    if (!input.ok) return refusal("invalid-input", undefined, { errors: input.faults });
    if (operation.spec.keyRequired && !key)
      return refusal("idempotency-required", "Send an Idempotency-Key header.");
    if (key && !this.#runtime.store) return refusal("idempotency-unsupported");
    const over = this.#quotas?.spend(principal);
    return over && { kind: "problem", ...over };
  }

  async #now(request: CallRequest, input: unknown): Promise<CallResult> {
    const { spec } = request.operation;
    const slot = this.#runtime.drain.begun
      ? ({ kind: "draining" } as const)
      : this.#runtime.gate.take(spec.name, "call");
    if (slot.kind === "slot") return this.#run(request, input, slot);
    if (spec.flow === "spill") return this.#queue(request);
    this.#count(request, "refused");
    return this.#replayOr(request, {
      kind: "problem",
      problem: problem(slot.kind, whyNot(spec.name, slot.kind)),
    });
  }

  async #run(request: CallRequest, input: unknown, slot: Slot): Promise<CallResult> {
    const { store } = this.#runtime;
    const token = this.#runtime.random.hex(16);
    const { leaseMs } = this.#runtime;
    const call = { ...this.#newCall(request), start: { token, leaseMs, ifLost: "forget" } } as const;
    if (request.key && store) {
      const answer = await store.committer.submit({ kind: "open", call });
      if (answer.kind !== "opened") {
        slot.release();
        if (answer.kind === "refused")
          return { kind: "problem", problem: problem(answer.code, answer.detail) };
        return this.#replay(request, answer);
      }
    }
    const atOnce = new AtOnce(request, call, input, slot, this.#runtime);
    const { waitSeconds } = request.prefer;
    const held = request.operation.spec.flow === "spill" ? waitSeconds : undefined;
    const performed = held === undefined ? await atOnce.outcome() : await atOnce.outcomeWithin(held * 1_000);
    const notes: CallNotes = held === undefined ? {} : { applied: `wait=${held}` };
    if (performed.kind === "promoted") return { ...this.#receipt(performed.job), ...notes };
    if (performed.kind === "stale") return { kind: "problem", problem: problem("internal"), ...notes };
    const { verdict, error, job } = performed;
    this.#count(request, verdict.kind === "queued" ? "accepted" : "answered");
    if (verdict.kind === "succeeded") return { kind: "output", output: verdict.output, ...notes };
    if (verdict.kind === "queued" && job) return { ...this.#receipt(job), ...notes };
    return { kind: "problem", problem: error ?? problem("internal"), ...notes };
  }

  async #queue(request: CallRequest): Promise<CallResult> {
    const { store } = this.#runtime;
    if (!store) return { kind: "problem", problem: problem("internal") };
    const { spec } = request.operation;
    if (spec.backlog !== undefined && (this.#depths?.of(spec.name) ?? 0) >= spec.backlog) {
      const full = problem("backlog-full", `${spec.backlog} calls of "${spec.name}" wait already.`);
      return this.#replayOr(request, {
        kind: "problem",
        problem: full,
        headers: this.#retryAfter(spec.name),
      });
    }
    const answer = await store.committer.submit({
      kind: "open",
      call: { ...this.#newCall(request), start: "queued" },
    });
    if (answer.kind === "refused") return { kind: "problem", problem: problem(answer.code, answer.detail) };
    if (answer.kind !== "opened") return this.#replay(request, answer);
    this.#depths?.accepted(spec.name);
    this.#count(request, "accepted");
    const { waitSeconds, respondAsync } = request.prefer;
    if (waitSeconds !== undefined)
      return this.#held(answer.job, waitSeconds, { applied: `wait=${waitSeconds}` }, store);
    return { ...this.#receipt(answer.job), ...(respondAsync && { applied: "respond-async" }) };
  }

  /** The outcome of a job, if it comes in time. */
  async #held(job: Job, seconds: number, notes: CallNotes, store: Store): Promise<CallResult> {
    const ended = await untilFinal(job, seconds * 1_000, this.#runtime, store);
    if (!ended || !isFinal(ended.status)) return { ...this.#receipt(ended ?? job), ...notes };
    return { ...ending(ended), ...notes };
  }

  /** A refusal for load does not touch a call that was answered before. */
  async #replayOr(request: CallRequest, refusal: CallResult): Promise<CallResult> {
    const { store } = this.#runtime;
    if (!request.key || !store) return refusal;
    const { id, fingerprint } = this.#newCall(request);
    const [job] = await store.engine.find([{ id, principal: request.principal }]);
    if (!job) return refusal;
    return this.#replay(request, { kind: job.fingerprint === fingerprint ? "existing" : "mismatch", job });
  }

  async #replay(
    request: CallRequest,
    known: { kind: "existing" | "mismatch"; job: Job },
  ): Promise<CallResult> {
    const { job } = known;
    if (known.kind === "mismatch") {
      return {
        kind: "problem",
        problem: problem("idempotency-mismatch", "Use a new key for another input."),
      };
    }
    if (isFinal(job.status)) return ending(job, true);
    if (!job.listed) {
      const busy = problem("idempotency-in-flight", "The first call under this key has not ended.");
      return { kind: "problem", problem: busy, headers: ["retry-after", "1"] };
    }
    const { store } = this.#runtime;
    const { waitSeconds } = request.prefer;
    if (waitSeconds === undefined || !store) return { ...this.#receipt(job), replayed: true };
    const ended = await untilFinal(job, waitSeconds * 1_000, this.#runtime, store);
    return ended && isFinal(ended.status)
      ? ending(ended, true)
      : { ...this.#receipt(ended ?? job), replayed: true };
  }

  #newCall({
    operation,
    principal,
    text,
    value,
    key,
    origin,
    traceparent,
  }: CallRequest): Omit<NewCall, "start"> {
    const { spec } = operation;
    const { store, ids } = this.#runtime;
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

  #receipt(job: Job) {
    return { kind: "receipt", job, retryAfterSeconds: this.waitSeconds(job.operation) } as const;
  }

  #retryAfter(operation: string): readonly string[] {
    return ["retry-after", String(this.waitSeconds(operation))];
  }

  #count({ operation }: CallRequest, what: "accepted" | "answered" | "refused"): void {
    this.#runtime.meters.get(operation.spec.name)?.count(what);
  }
}

function refusal(...of: Parameters<typeof problem>): Refusal {
  return { kind: "problem", problem: problem(...of) };
}

function queuesAtOnce({ respondAsync, waitSeconds }: Preference): boolean {
  return respondAsync && waitSeconds === undefined;
}

/** What a final record answers. */
function ending(job: Job, replayed = false): CallResult {
  const notes = replayed ? { replayed } : {};
  if (job.status === "succeeded") {
    return {
      kind: "output",
      output: job.output ?? "null",
      ...(job.listed && replayed && { id: job.id }),
      ...notes,
    };
  }
  if (job.status === "cancelled") return { kind: "problem", problem: problem("cancelled") };
  return { kind: "problem", problem: errorOf(job), ...notes };
}

function whyNot(operation: string, code: "saturated" | "paused" | "draining"): string {
  if (code === "paused") return `"${operation}" is paused by an operator.`;
  if (code === "draining") return "The server is shutting down; another will answer.";
  return `All slots of "${operation}" are in use.`;
}
