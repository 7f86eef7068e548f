/** One claimed job, from its stored input to its settlement. */
import { NOTHING } from "../core/effects.ts";
import type { Claim, Verdict } from "../core/engine.ts";
import { problem } from "../core/errors.ts";
import type { Slot } from "../core/gate.ts";
import type { Attempt } from "../core/job.ts";
import { parseJson } from "../core/json-build.ts";
import type { Operation } from "../core/operation.ts";
import { perform } from "../core/perform.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { type Fault, type Validated, validate } from "../core/schema.ts";
import type { Soon } from "../core/soon.ts";
import { type Work, whereOf } from "../core/work.ts";

/** When an earlier run of a job is not over, it is looked at again after this long. */
const HAUNTED_MS = 1_000;

/** `over` is called once, when the job is settled or lost to another. */
export type JobHost = { readonly runtime: Runtime; readonly store: Store; readonly over: () => void };

export class ClaimedJob implements Work {
  readonly running = "job";
  readonly durable = true;
  readonly operation: Operation;
  readonly slot: Slot;
  input: unknown;
  readonly #claim: Claim;
  readonly #host: JobHost;

  constructor(claim: Claim, operation: Operation, slot: Slot, host: JobHost) {
    this.operation = operation;
    this.slot = slot;
    this.#claim = claim;
    this.#host = host;
  }

  /** Never throws. */
  run(): void {
    const { runtime } = this.#host;
    try {
      if (runtime.live.isHaunted(this.id)) return this.giveBack(HAUNTED_MS);
      const input = this.#checkedInput();
      if (!(input instanceof Promise)) return this.#begin(input);
      input.then((checked) => this.#begin(checked)).catch((error) => this.broke(error));
    } catch (error) {
      this.broke(error);
    }
  }

  /** Unrun, so that it costs no attempt. */
  giveBack(delayMs = 0): void {
    this.#settleUnrun({ kind: "released", delayMs });
  }

  get id() {
    return this.#claim.lease.id;
  }

  get lease() {
    return this.#claim.lease;
  }

  get claimed() {
    return this.#claim.job;
  }

  get principal() {
    return this.#claim.job.principal;
  }

  get keyed() {
    return this.#claim.job.fingerprint !== undefined;
  }

  get attempt() {
    return this.#claim.job.attempt;
  }

  get maxAttempts() {
    return this.#claim.job.maxAttempts;
  }

  get throttles() {
    return this.#claim.job.throttles;
  }

  get policy() {
    return this.operation.spec.retry;
  }

  record(): undefined {
    return undefined;
  }

  runsAgain(): void {}

  ended(): void {
    this.#host.over();
  }

  broke(error: unknown): void {
    this.#host.runtime.onError(error, whereOf(this));
    this.#host.over();
  }

  #begin(checked: Validated<unknown> | undefined): void {
    if (!checked) return this.#fail(`It could not be upgraded from version ${this.#claim.inputVersion}.`);
    if (!checked.ok) return this.#fail("It was valid when it was accepted.", { errors: checked.faults });
    this.input = checked.value;
    perform(this, this.#host.runtime);
  }

  /** Stored as it was sent, so checked again: the operation may have changed since. `undefined`: it has, too much. */
  #checkedInput(): Soon<Validated<unknown> | undefined> {
    const { spec } = this.operation;
    const { input: text, inputVersion } = this.#claim;
    try {
      let input = parseJson(text);
      if (inputVersion !== spec.version && spec.upgrade) input = spec.upgrade(input, inputVersion);
      const checked = validate(spec.input, input);
      return checked instanceof Promise ? checked.catch(() => undefined) : checked;
    } catch {
      return undefined;
    }
  }

  #fail(detail: string, more?: { readonly errors: readonly Fault[] }): void {
    const { clock, node } = this.#host.runtime;
    const error = problem("invalid-input", detail, more);
    const now = clock.now();
    const note = { number: this.attempt, startedAt: now, endedAt: now, node, error: { code: error.code } };
    this.#settleUnrun({ kind: "failed", error }, note);
  }

  #settleUnrun(verdict: Verdict, attempt?: Attempt): void {
    const { store, over } = this.#host;
    this.slot.giveBack();
    const settlement = {
      lease: this.lease,
      claimed: this.claimed,
      verdict,
      ...(attempt && { attempt }),
      ...NOTHING,
    };
    store.committer.put({ kind: "settle", settlement }, over);
  }
}
