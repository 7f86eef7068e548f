/**
 * One call that runs at once. It has no durable record while it runs, or one that is forgotten should the process
 * die; a caller who will not wait longer turns it into a job without cutting it off.
 */
import type { NewCall } from "../core/engine.ts";
import type { Slot } from "../core/gate.ts";
import type { Job } from "../core/job.ts";
import { type OpenRecord, type Performed, perform } from "../core/perform.ts";
import type { Runtime } from "../core/runtime.ts";
import type { CallRequest } from "./call.ts";

type Promoted = { readonly kind: "promoted"; readonly job: Job };

export class AtOnce {
  readonly #runtime: Runtime;
  readonly #call: NewCall & { readonly start: { readonly token: string } };
  readonly #performed: Promise<Performed>;
  #record: OpenRecord | Promise<OpenRecord>;
  #settling = false;
  #runsAgain = Promise.withResolvers<"again">();

  /** `call` is born running; with a key, it has been opened. */
  constructor(
    request: CallRequest,
    call: NewCall & { readonly start: { readonly token: string } },
    input: unknown,
    slot: Slot,
    runtime: Runtime,
  ) {
    const { spec } = request.operation;
    const keyed = request.key !== undefined;
    this.#runtime = runtime;
    this.#call = call;
    this.#record = keyed ? {} : { born: call };
    this.#performed = perform(
      {
        operation: request.operation,
        id: call.id,
        principal: call.principal,
        input,
        slot,
        lease: { id: call.id, token: call.start.token },
        durable: keyed,
        record: () => {
          this.#settling = true;
          return this.#record;
        },
        onRerun: () => {
          this.#settling = false;
          this.#runsAgain.resolve("again");
          this.#runsAgain = Promise.withResolvers();
        },
        circumstances: {
          running: spec.flow === "request" ? "request" : "spill",
          keyed,
          attempt: 1,
          maxAttempts: spec.retry.maxAttempts,
          throttles: 0,
          policy: spec.retry,
        },
      },
      runtime,
    );
  }

  outcome(): Promise<Performed> {
    return this.#performed;
  }

  /** The outcome if it comes in time, else a receipt for what goes on. */
  async outcomeWithin(ms: number): Promise<Performed | Promoted> {
    const late = Promise.withResolvers<"late">();
    const timer = this.#runtime.clock.after(ms, () => late.resolve("late"));
    const first = await Promise.race([this.#performed, late.promise]);
    timer.cancel();
    if (first !== "late") return first;
    if (!this.#settling) return this.#promote();
    // Its outcome is on the way to the store: nothing is left to be turned into a job, unless it comes back.
    const next = await Promise.race([this.#performed, this.#runsAgain.promise]);
    return next === "again" ? this.#promote() : next;
  }

  async #promote(): Promise<Performed | Promoted> {
    const { store, live, leaseMs } = this.#runtime;
    if (!store) return this.#performed;
    const start = { token: this.#call.start.token, leaseMs, ifLost: "queue" } as const;
    const opening = store.committer.submit({ kind: "open", call: { ...this.#call, start } });
    const before = this.#record;
    // From this moment on a settlement must wait to learn whether there is a record to settle.
    this.#record = opening.then(({ kind }) => (kind === "opened" ? { promoted: true } : before));
    const answer = await opening;
    if (answer.kind !== "opened") return this.#performed;
    live.makeDurable(this.#call.start.token);
    return { kind: "promoted", job: answer.job };
  }
}
