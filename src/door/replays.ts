/**
 * The same key again: what a repeat is answered by what its first call left behind. Only reads, mostly, so that it costs
 * a repeat neither a slot nor anything else that is counted, and works while the store takes nothing on.
 */
import type { NewCall } from "../core/engine.ts";
import { problem } from "../core/errors.ts";
import { isFinal, type Job, type JobId } from "../core/job.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { isLost } from "../core/transition.ts";
import { type CallRequest, type CallResult, turnedAway } from "./call.ts";
import type { Depths } from "./depths.ts";
import { errorOf } from "./receipt.ts";
import { untilFinal } from "./waiting.ts";

/** How long a repeat waits for a handler that has outlived its timeout, before it is told to come again. */
const PATIENCE_MS = 5_000;

export class Replays {
  readonly #runtime: Runtime;
  readonly #store: Store;
  readonly #depths: Depths;

  constructor(runtime: Runtime, store: Store, depths: Depths) {
    this.#runtime = runtime;
    this.#store = store;
    this.#depths = depths;
  }

  /** Undefined: nothing is known of this key, and the call is to go on. */
  async answer(request: CallRequest, call: NewCall): Promise<CallResult | undefined> {
    const [job] = await this.#store.engine.find([{ id: call.id, principal: call.principal }]);
    if (job && !isLost(job, this.#runtime.clock.now())) {
      if (job.fingerprint !== call.fingerprint) return this.of(request, "mismatch", job);
      if (await this.#isCertain(job)) return this.of(request, "existing", job);
    }
    return this.#runtime.live.isHaunted(call.id) ? this.#afterReturn(call.id) : undefined;
  }

  /** A receipt is a promise, whoever gives it: not of a job that only its first caller's process could still take back. */
  async #isCertain({ id, status, revision }: Job): Promise<boolean> {
    if (status !== "queued" || revision > 1) return true;
    return (await this.#store.engine.assured?.(id)) ?? true;
  }

  /** Nothing was kept of a run that timed out; but two runs of one id must not be at work at once. */
  async #afterReturn(id: JobId): Promise<CallResult | undefined> {
    const { clock, live } = this.#runtime;
    const patience = Promise.withResolvers<void>();
    const timer = clock.after(PATIENCE_MS, patience.resolve);
    await Promise.race([live.unhaunted(id), patience.promise]);
    timer.cancel();
    return live.isHaunted(id) ? inFlight() : undefined;
  }

  /** As the store saw it when the call was to be opened. */
  of({ prefer }: CallRequest, known: "existing" | "mismatch", job: Job): CallResult | Promise<CallResult> {
    if (known === "mismatch") {
      return turnedAway(problem("idempotency-mismatch", "Use a new key for another input."));
    }
    if (isFinal(job.status)) return ending(job, true);
    if (!job.listed) return inFlight();
    const { waitSeconds } = prefer;
    return waitSeconds === undefined ? this.#receipt(job) : this.#held(job, waitSeconds);
  }

  async #held(job: Job, seconds: number): Promise<CallResult> {
    const ended = await untilFinal(job, seconds * 1_000, this.#runtime, this.#store);
    return ended && isFinal(ended.status) ? ending(ended, true) : this.#receipt(ended ?? job);
  }

  #receipt(job: Job): CallResult {
    const retryAfterSeconds = this.#depths.waitSeconds(job.operation);
    return { kind: "receipt", job, retryAfterSeconds, replayed: true };
  }
}

/** What a final record answers. */
export function ending(job: Job, replayed = false): CallResult {
  const notes = replayed ? { replayed } : {};
  if (job.status === "succeeded") {
    return {
      kind: "output",
      output: job.output ?? "null",
      ...(job.listed && replayed && { id: job.id }),
      ...notes,
    };
  }
  if (job.status === "cancelled") return turnedAway(problem("cancelled"));
  return { kind: "problem", problem: errorOf(job), ...notes };
}

function inFlight(): CallResult {
  return turnedAway(problem("idempotency-in-flight", "The first call under this key has not ended."), 1);
}
