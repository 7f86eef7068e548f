/**
 * Runs jobs that were claimed as they were delivered, where no worker looks for them: each as soon as the gate has a
 * slot for it, and only if it can end in the time that is left.
 */
import type { Claim } from "../core/engine.ts";
import { SpillwayError } from "../core/errors.ts";
import type { Slot } from "../core/gate.ts";
import type { Job } from "../core/job.ts";
import type { Operation } from "../core/operation.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { LanedSlot, Lanes } from "./lanes.ts";
import { extendLeases } from "./leases.ts";
import { ClaimedJob, release } from "./run-job.ts";

/**
 * What operators stopped is looked at again when it has waited half as long again, within these. Each look is a
 * delivery, of which a queue allows so many; the longest is one at which a queue need not keep the job.
 */
const PAUSED_MS = { least: 30_000, most: 16 * 60_000 };
/** So is what this app does not know, or no longer: another version of it may. */
const UNSERVED_MS = 20 * 60_000;
/** A rate's next start is not announced. */
const LOOK_AGAIN_MS = 100;

export class Deliveries {
  readonly #runtime: Runtime;
  readonly #store: Store;
  readonly #lanes: Lanes;
  readonly #complained = new Set<string>();

  /** @param most run at once, whatever the gate has room for */
  constructor(runtime: Runtime, store: Store, most: number) {
    this.#runtime = runtime;
    this.#store = store;
    this.#lanes = new Lanes(most, runtime.clock);
  }

  /** Resolves when the job is settled, given back, or lost to another; never rejects. */
  run(claim: Claim): Promise<void> {
    return new Promise((over) => void this.#begin(claim, over));
  }

  /** Of all that runs; tells the handlers of those that were cancelled. */
  extend(leaseMs: number): Promise<void> {
    return extendLeases(this.#runtime, this.#store, leaseMs);
  }

  /** Resolves when no handler is at it any more, not even one that has outlived its attempt. */
  ended(): Promise<void> {
    return this.#lanes.empty();
  }

  async #begin(claim: Claim, over: () => void): Promise<void> {
    const runtime = this.#runtime;
    const host = { runtime, store: this.#store, over };
    const operation = runtime.operations.get(claim.job.operation);
    if (!operation) {
      this.#complain(`A job of "${claim.job.operation}" waits, and no such operation is registered here.`);
      return release(claim, UNSERVED_MS, host);
    }
    const leave = await this.#lanes.take(this.#spareMs(operation));
    const slot = leave ? await this.#slot(operation) : "late";
    if (leave && typeof slot === "object") {
      new ClaimedJob(claim, operation, new LanedSlot(slot, leave), host).run();
    } else {
      leave?.();
      release(claim, slot === "paused" ? this.#pauseMs(claim.job) : 0, host);
    }
  }

  async #slot(operation: Operation): Promise<Slot | "paused" | "late"> {
    const { gate } = this.#runtime;
    const { name } = operation.spec;
    for (;;) {
      const spareMs = this.#spareMs(operation);
      if (spareMs < 0) return "late";
      const slot = gate.take(name, "job");
      if (slot.kind === "slot") {
        gate.noBacklog(name);
        return slot;
      }
      if (slot.kind === "paused") return "paused";
      await this.#room(Math.min(gate.retryInMs(name) || LOOK_AGAIN_MS, spareMs + 1));
    }
  }

  /** How long it may wait and still be sure to end in time. */
  #spareMs({ spec }: Operation): number {
    const { timeLeftMs } = this.#runtime;
    return timeLeftMs ? timeLeftMs() - spec.timeoutMs : Number.POSITIVE_INFINITY;
  }

  #pauseMs({ acceptedAt }: Job): number {
    const waited = this.#runtime.clock.now() - acceptedAt;
    return Math.min(PAUSED_MS.most, Math.max(PAUSED_MS.least, waited / 2));
  }

  #room(orAfterMs: number): Promise<void> {
    const { gate, clock } = this.#runtime;
    return new Promise((resolve) => {
      const heard = () => {
        leave();
        timer.cancel();
        resolve();
      };
      const leave = gate.onRoom(heard);
      const timer = clock.after(orAfterMs, heard);
    });
  }

  #complain(what: string): void {
    if (this.#complained.has(what)) return;
    this.#complained.add(what);
    this.#runtime.onError(new SpillwayError("unknown-operation", what));
  }
}
