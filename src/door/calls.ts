/**
 * What a call gets, whatever carried it here: an answer at once, a receipt, a replay or a refusal. The three flows
 * meet in this file; how a result is written on a wire is for others.
 */
import type { AnswerOf, NewCall } from "../core/engine.ts";
import { problem, SpillwayError } from "../core/errors.ts";
import type { Slot } from "../core/gate.ts";
import { isFinal, type Job } from "../core/job.ts";
import type { Flow } from "../core/operation.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { type Validated, validate } from "../core/schema.ts";
import { Streak } from "../core/streak.ts";
import { AtOnce } from "./at-once.ts";
import {
  type Caller,
  type CallNotes,
  type CallRequest,
  type CallResult,
  newCall,
  turnedAway,
} from "./call.ts";
import { type CallSlot, callSlot, type NoSlot } from "./call-slot.ts";
import { Depths } from "./depths.ts";
import type { Preference } from "./prefer.ts";
import type { Quotas } from "./quotas.ts";
import { ending, Replays } from "./replays.ts";
import { untilFinal } from "./waiting.ts";

type Keeping = { readonly store: Store; readonly depths: Depths; readonly replays: Replays };

const STORE_RETRY_S = 2;

export class Calls {
  readonly #runtime: Runtime;
  readonly #quotas: Quotas | undefined;
  readonly #refusals: Streak;
  readonly #keeping: Keeping | undefined;

  constructor(runtime: Runtime, quotas: Quotas | undefined) {
    const { store } = runtime;
    this.#runtime = runtime;
    this.#quotas = quotas;
    this.#refusals = new Streak(runtime);
    if (!store) return;
    const depths = new Depths(runtime, store);
    this.#keeping = { store, depths, replays: new Replays(runtime, store, depths) };
  }

  call(request: CallRequest): Promise<CallResult> {
    return new Promise((answered, failed) => this.begin(request, { answered, failed }));
  }

  /** The same without a promise, for the paths that many calls take. */
  begin(request: CallRequest, caller: Caller): void {
    try {
      const checking = validate(request.operation.spec.input, request.value);
      if (!(checking instanceof Promise)) this.#checked(request, checking, caller);
      else this.#checkedLater(request, checking, caller).catch(caller.failed);
    } catch (error) {
      caller.failed(error);
    }
  }

  /** A schema that asks elsewhere has as long as an attempt; so it has when a job is checked again. */
  async #checkedLater(
    request: CallRequest,
    checking: Promise<Validated<unknown>>,
    caller: Caller,
  ): Promise<void> {
    const { timeoutMs } = request.operation.spec;
    const late = Promise.withResolvers<undefined>();
    const timer = this.#runtime.clock.after(timeoutMs, () => late.resolve(undefined));
    const input = await Promise.race([checking, late.promise]).finally(() => timer.cancel());
    if (input) return this.#checked(request, input, caller);
    const detail = `Its input was not checked within ${timeoutMs} ms.`;
    caller.answered(turnedAway(problem("handler-timeout", detail)));
  }

  #checked(request: CallRequest, input: Validated<unknown>, caller: Caller): void {
    if (!input.ok)
      return caller.answered(turnedAway(problem("invalid-input", undefined, { errors: input.faults })));
    const fault = this.#keyFault(request);
    if (fault) return caller.answered(fault);
    const call = newCall(request, this.#runtime);
    if (!request.key || this.#isToldByOpening(request, call)) this.#place(request, call, input.value, caller);
    else this.#placeNew(request, call, input.value, caller).catch(caller.failed);
  }

  /**
   * Whether a repeat may be left to the store's own answer, which spares every new key a look-up: where nothing is
   * counted that a repeat must not spend, not even for a moment, and nothing but the store can hold it up.
   */
  #isToldByOpening({ operation, prefer }: CallRequest, { id }: NewCall): boolean {
    const { spec } = operation;
    if (this.#quotas || spec.backlog !== undefined || !isQueued(spec.flow, prefer)) return false;
    return !this.#runtime.live.isHaunted(id) && !this.#keeping?.store.committer.congested;
  }

  /** Looks up the key before anything is counted: a repeat spends nothing, and no load turns it away. */
  async #placeNew(request: CallRequest, call: NewCall, input: unknown, caller: Caller): Promise<void> {
    const known = await this.#keeping?.replays.answer(request, call);
    if (known) caller.answered(known);
    else this.#place(request, call, input, caller);
  }

  #place(request: CallRequest, call: NewCall, input: unknown, caller: Caller): void {
    const overload = this.#overload(request);
    if (overload) caller.answered(overload);
    else if (isQueued(request.operation.spec.flow, request.prefer)) this.#queue(request, call, caller);
    else this.#now(request, call, input, caller);
  }

  /** When it is worth asking for the job again. */
  waitSecondsOf(job: Job): number {
    return this.#keeping?.depths.waitSecondsOf(job) ?? 1;
  }

  #keyFault({ operation, key }: CallRequest): CallResult | undefined {
    if (operation.spec.keyRequired && !key)
      return turnedAway(problem("idempotency-required", "Send an Idempotency-Key header."));
    return key && !this.#keeping ? turnedAway(problem("idempotency-unsupported")) : undefined;
  }

  #overload(request: CallRequest): CallResult | undefined {
    const { key, principal } = request;
    // Without a key the routes have asked already, before they read the body.
    if (key && this.#keeping?.store.committer.congested) {
      this.#count(request, "refused");
      return turnedAway(
        problem("storage-unavailable", "The store is behind; nothing was kept."),
        STORE_RETRY_S,
      );
    }
    const over = this.#quotas?.spend(principal);
    return over && { kind: "problem", ...over };
  }

  #now(request: CallRequest, call: NewCall, input: unknown, caller: Caller): void {
    const slot = callSlot(request.operation.spec, this.#runtime);
    if (slot instanceof Promise)
      slot.then((found) => this.#placed(request, call, input, found, caller)).catch(caller.failed);
    else this.#placed(request, call, input, slot, caller);
  }

  #placed(request: CallRequest, call: NewCall, input: unknown, slot: CallSlot, caller: Caller): void {
    if (slot.kind !== "slot") this.#later(slot.kind, request, call, caller);
    else this.#run(request, call, input, slot).then(caller.answered, caller.failed);
  }

  #later(why: NoSlot, request: CallRequest, call: NewCall, caller: Caller): void {
    const { name, flow } = request.operation.spec;
    if (flow === "spill") return this.#queue(request, call, caller);
    this.#count(request, "refused");
    caller.answered(turnedAway(problem(why, whyNot(name, why))));
  }

  async #run(request: CallRequest, queued: NewCall, input: unknown, slot: Slot): Promise<CallResult> {
    const { leaseMs, random } = this.#runtime;
    const call = { ...queued, start: { token: random.hex(16), leaseMs, ifLost: "forget" } } as const;
    if (request.key && this.#keeping) {
      const answer = await this.#keeping.store.committer.submit({ kind: "open", call });
      if (answer.kind !== "opened") {
        slot.giveBack();
        return this.#notOpened(request, call, answer, this.#keeping);
      }
      this.#refusals.over();
    }
    const atOnce = new AtOnce(request, call, input, slot, this.#runtime);
    const { waitSeconds } = request.prefer;
    const held = request.operation.spec.flow === "spill" ? waitSeconds : undefined;
    const since = this.#runtime.clock.monotonic();
    // What goes on after the answer needs a process that does.
    const waits = held === undefined || this.#runtime.timeLeftMs !== undefined;
    const performed = waits ? await atOnce.outcome() : await atOnce.outcomeWithin(held * 1_000);
    const overrun = waits && this.#runtime.clock.monotonic() - since > (held ?? 0) * 1_000;
    const notes: CallNotes = held === undefined || overrun ? {} : { applied: `wait=${held}` };
    if (performed.kind === "promoted") {
      this.#count(request, "accepted");
      return { ...this.#receipt(performed.job), ...notes };
    }
    if (performed.kind === "stale") return { ...turnedAway(problem("internal")), ...notes };
    const { verdict, error, job } = performed;
    this.#count(request, verdict.kind === "queued" ? "accepted" : "answered");
    if (verdict.kind === "succeeded") return { kind: "output", output: verdict.output, ...notes };
    if (verdict.kind === "queued" && job) {
      const leftMs = (held ?? 0) * 1_000 - (this.#runtime.clock.monotonic() - since);
      return this.#held(job, leftMs, notes);
    }
    return { ...turnedAway(error ?? problem("internal")), ...notes };
  }

  #queue(request: CallRequest, call: NewCall, caller: Caller): void {
    if (!this.#keeping) return caller.answered(turnedAway(problem("internal")));
    const { name, backlog } = request.operation.spec;
    const room = this.#keeping.depths.reserve(name, backlog);
    if (room === true) this.#open(request, call, this.#keeping, caller);
    else this.#openWhere(room, request, call, this.#keeping, caller).catch(caller.failed);
  }

  async #openWhere(
    room: false | Promise<boolean>,
    request: CallRequest,
    call: NewCall,
    keeping: Keeping,
    caller: Caller,
  ): Promise<void> {
    if (await room) return this.#open(request, call, keeping, caller);
    const { name, backlog } = request.operation.spec;
    this.#count(request, "refused");
    const full = problem("backlog-full", `${backlog} calls of "${name}" wait already.`);
    caller.answered(turnedAway(full, keeping.depths.waitSeconds(name)));
  }

  #open(request: CallRequest, call: NewCall, keeping: Keeping, caller: Caller): void {
    keeping.store.committer.put({ kind: "open", call }, (answer) => {
      keeping.depths.answered(call.operation, answer.kind === "opened");
      if (answer.kind === "opened") this.#opened(request, answer.job, caller);
      else this.#notOpened(request, call, answer, keeping).then(caller.answered, caller.failed);
    });
  }

  #opened(request: CallRequest, job: Job, caller: Caller): void {
    this.#refusals.over();
    this.#count(request, "accepted");
    const { waitSeconds, respondAsync } = request.prefer;
    if (waitSeconds !== undefined) {
      const notes = { applied: `wait=${waitSeconds}` };
      this.#held(job, waitSeconds * 1_000, notes).then(caller.answered, caller.failed);
    } else {
      const receipt = this.#receipt(job);
      caller.answered(respondAsync ? { ...receipt, applied: "respond-async" } : receipt);
    }
  }

  /** Another call of the same key came first, or the store takes nothing on: either way this one has cost nothing. */
  async #notOpened(
    request: CallRequest,
    call: NewCall,
    answer: Exclude<AnswerOf<"open">, { kind: "opened" }>,
    { replays }: Keeping,
  ): Promise<CallResult> {
    this.#quotas?.giveBack(request.principal);
    if (answer.kind !== "refused") return replays.of(request, answer.kind, answer.job);
    const known = request.key && (await replays.answer(request, call));
    if (known) return known;
    // The engine's own words may name files and tables, which are for the log.
    this.#refusals.failed(new SpillwayError(answer.code, answer.detail));
    this.#count(request, "refused");
    return turnedAway(problem("storage-unavailable", "The store could not take it; nothing was kept."));
  }

  /** The outcome of a job, if it comes in time. What was taken on is told so, also where it cannot be looked at now. */
  async #held(job: Job, forMs: number, notes: CallNotes): Promise<CallResult> {
    const { store } = this.#runtime;
    const ended =
      store && forMs > 0
        ? await untilFinal(job, forMs, this.#runtime, store).catch(() => undefined)
        : undefined;
    if (!ended || !isFinal(ended.status)) return { ...this.#receipt(ended ?? job), ...notes };
    return { ...ending(ended), ...notes };
  }

  #receipt(job: Job) {
    return { kind: "receipt", job, retryAfterSeconds: this.waitSecondsOf(job) } as const;
  }

  #count({ operation }: CallRequest, what: "accepted" | "answered" | "refused"): void {
    this.#runtime.meters.get(operation.spec.name)?.count(what);
  }
}

/** Whether it is queued whatever slots are free. */
function isQueued(flow: Flow, { respondAsync, waitSeconds }: Preference): boolean {
  return flow === "event" || (flow === "spill" && respondAsync && waitSeconds === undefined);
}

function whyNot(operation: string, code: NoSlot): string {
  if (code === "paused") return `"${operation}" is paused by an operator.`;
  if (code === "draining") return "The server is shutting down; another will answer.";
  if (code === "storage-unavailable") return "The store cannot be asked whether there is a slot.";
  return `All slots of "${operation}" are in use.`;
}
