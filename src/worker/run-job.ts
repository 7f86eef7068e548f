/** One claimed job, from its stored input to its settlement. */
import { NOTHING } from "../core/effects.ts";
import type { Claim } from "../core/engine.ts";
import { ProblemError, problem } from "../core/errors.ts";
import type { Slot } from "../core/gate.ts";
import type { JsonValue } from "../core/json.ts";
import { parseJson } from "../core/json-build.ts";
import type { Operation, Upgrade } from "../core/operation.ts";
import { perform } from "../core/perform.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { type Fault, type Validated, validate } from "../core/schema.ts";
import { type Soon, settled, then } from "../core/soon.ts";
import { type Work, whereOf } from "../core/work.ts";

/** When an earlier run of a job is not over, it is looked at again after this long. */
const HAUNTED_MS = 1_000;

/** `over` is called once, when the job is settled or lost to another. */
export type JobHost = { readonly runtime: Runtime; readonly store: Store; readonly over: () => void };

/** A claim that was not begun; without a slot. */
export function release({ lease, job: claimed }: Claim, delayMs: number, { store, over }: JobHost): void {
  const settlement = { lease, claimed, verdict: { kind: "released", delayMs }, ...NOTHING } as const;
  store.committer.put({ kind: "settle", settlement }, over);
}

export class ClaimedJob implements Work {
  readonly running = "job";
  readonly durable = true;
  readonly operation: Operation;
  readonly slot: Slot;
  readonly #claim: Claim;
  readonly #host: JobHost;
  #input: Soon<unknown>;

  constructor(claim: Claim, operation: Operation, slot: Slot, host: JobHost) {
    this.operation = operation;
    this.slot = slot;
    this.#claim = claim;
    this.#host = host;
  }

  run(): void {
    const { runtime } = this.#host;
    if (runtime.live.isHaunted(this.id)) this.giveBack(HAUNTED_MS);
    else perform(this, runtime);
  }

  /** Unrun, so that it costs no attempt. */
  giveBack(delayMs = 0): void {
    this.slot.giveBack();
    release(this.#claim, delayMs, this.#host);
  }

  /** Stored as it was sent, so checked again: the operation may have changed since. */
  get input(): Soon<unknown> {
    this.#input ??= this.#checked(parseJson(this.#claim.input));
    return this.#input;
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

  #checked(input: JsonValue): Soon<unknown> {
    const { spec } = this.operation;
    if (this.#claim.inputVersion === spec.version || !spec.upgrade)
      return then(validate(spec.input, input), fitted);
    return then(this.#upgraded(input, spec.upgrade), (upgraded) =>
      then(validate(spec.input, upgraded), fitted),
    );
  }

  #upgraded(input: JsonValue, upgrade: Upgrade): Soon<JsonValue> {
    const { inputVersion } = this.#claim;
    const failed = (error: unknown): never => {
      // The job's record has the problem alone: what went wrong in the app's own code is for whoever wrote it.
      this.#host.runtime.onError(error, whereOf(this));
      throw unfit(`It could not be upgraded from version ${inputVersion}.`);
    };
    try {
      const upgraded = settled(upgrade(input, inputVersion));
      return upgraded instanceof Promise ? upgraded.catch(failed) : upgraded;
    } catch (error) {
      return failed(error);
    }
  }
}

function fitted(checked: Validated<unknown>): unknown {
  if (checked.ok) return checked.value;
  throw unfit("It was valid when it was accepted.", { errors: checked.faults });
}

/** Permanent: it will be no better the next time. */
function unfit(detail: string, more: { readonly errors?: readonly Fault[] } = {}): ProblemError {
  return new ProblemError({ ...problem("invalid-input"), detail, more });
}
