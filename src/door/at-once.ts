/**
 * One call that runs at once. It has no durable record while it runs, or one that is forgotten should the process
 * die; a caller who will not wait longer turns it into a job without cutting it off.
 */
import type { Lease, NewCall } from "../core/engine.ts";
import type { Slot } from "../core/gate.ts";
import type { Job } from "../core/job.ts";
import type { Operation } from "../core/operation.ts";
import { perform } from "../core/perform.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Soon } from "../core/soon.ts";
import type { Performed, Work } from "../core/work.ts";
import type { CallRequest } from "./call.ts";

type Promoted = { readonly kind: "promoted"; readonly job: Job };
type BornRunning = NewCall & { readonly start: { readonly token: string } };

export class AtOnce implements Work {
  readonly operation: Operation;
  readonly input: unknown;
  readonly slot: Slot;
  readonly lease: Lease;
  readonly keyed: boolean;
  readonly attempt = 1;
  readonly throttles = 0;
  durable: boolean;
  running: Work["running"];
  readonly #runtime: Runtime;
  readonly #call: BornRunning;
  readonly #performed = Promise.withResolvers<Performed>();
  #record: Soon<NewCall | undefined>;
  #settling = false;
  #onRerun: (() => void) | undefined;

  /** `call` is born running; with a key, it has been opened. */
  constructor(request: CallRequest, call: BornRunning, input: unknown, slot: Slot, runtime: Runtime) {
    this.operation = request.operation;
    this.input = input;
    this.slot = slot;
    this.lease = { id: call.id, token: call.start.token };
    this.keyed = request.key !== undefined;
    this.durable = this.keyed;
    this.running = this.operation.spec.flow === "request" ? "request" : "spill";
    this.#runtime = runtime;
    this.#call = call;
    this.#record = this.keyed ? undefined : call;
    perform(this, runtime);
  }

  outcome(): Promise<Performed> {
    return this.#performed.promise;
  }

  /** The outcome if it comes in time, else a receipt for what goes on. */
  async outcomeWithin(ms: number): Promise<Performed | Promoted> {
    const late = Promise.withResolvers<"late">();
    const timer = this.#runtime.clock.after(ms, () => late.resolve("late"));
    const first = await Promise.race([this.outcome(), late.promise]);
    timer.cancel();
    if (first !== "late") return first;
    // While its outcome is on the way to the store, nothing is left to be turned into a job, unless it comes back; and
    // a handler that is done at once has the next one on its way before that is heard here.
    while (this.#settling) {
      const again = new Promise<"again">((resolve) => {
        this.#onRerun = () => resolve("again");
      });
      const next = await Promise.race([this.outcome(), again]);
      if (next !== "again") return next;
    }
    return this.#promote();
  }

  get id() {
    return this.#call.id;
  }

  get principal() {
    return this.#call.principal;
  }

  get maxAttempts() {
    return this.operation.spec.retry.maxAttempts;
  }

  get policy() {
    return this.operation.spec.retry;
  }

  record(): Soon<NewCall | undefined> {
    this.#settling = true;
    return this.#record;
  }

  runsAgain(): void {
    this.#settling = false;
    this.#onRerun?.();
  }

  ended(performed: Performed): void {
    this.#performed.resolve(performed);
  }

  broke(error: unknown): void {
    this.#performed.reject(error);
  }

  async #promote(): Promise<Performed | Promoted> {
    const { store, leaseMs } = this.#runtime;
    if (!store) return this.outcome();
    const start = { token: this.#call.start.token, leaseMs, ifLost: "queue" } as const;
    const opening = store.committer.submit({ kind: "open", call: { ...this.#call, start } });
    const before = this.#record;
    // From this moment on a settlement must wait to learn whether there is a record to settle.
    this.#record = opening.then(({ kind }) => {
      if (kind !== "opened") return before;
      // A job from now on: its end must be kept.
      this.running = "job";
      this.durable = true;
      return undefined;
    });
    const answer = await opening;
    if (answer.kind !== "opened") return this.outcome();
    return { kind: "promoted", job: answer.job };
  }
}
