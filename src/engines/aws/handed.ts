/**
 * How a process works that is handed messages. A message stays until its row is final, so that it is the way back of
 * a job which is lost or comes again soon; what nobody holds a message of stands in the work index, for the sweep.
 */

import type { Clock } from "../../core/clock.ts";
import type { Lease } from "../../core/engine.ts";
import { isFinal, type Job } from "../../core/job.ts";
import type { Fate } from "./delivered.ts";
import { LONGEST_DELAY_MS } from "./message.ts";
import type { Queues } from "./queues.ts";
import type { Mode, Way } from "./store.ts";

/** If the message of a job that was sent is not there by then, the sweep sends it. */
export const OUTBOX_MS = 60_000;
/** A job that has waited for so long is told of once more by a repeat, and not only by the sweep. */
const MESSAGE_LATE_MS = 5_000;
const NOT_SETTLED: Fate = { kind: "leave" };

export class Handed implements Mode {
  readonly #queues: Queues;
  readonly #clock: Clock;
  /** Leases that came of a message, by their token; and how they were settled. */
  readonly #held = new Map<string, Job | undefined>();

  constructor(queues: Queues, clock: Clock) {
    this.#queues = queues;
    this.#clock = clock;
  }

  accepted(job: Job): Way {
    const notice = this.#notice(job);
    return notice ? { notice } : { due: job.availableAt };
  }

  repeated(job: Job, now: number): Way {
    const due = Math.max(job.availableAt, now) + OUTBOX_MS;
    const isLate = now - job.availableAt >= MESSAGE_LATE_MS;
    const notice = isLate ? this.#notice(job) : undefined;
    return notice ? { notice: { id: notice.id, operation: notice.operation }, due } : { due };
  }

  sent(job: Job): Way {
    return this.returned(job);
  }

  again(job: Job, leaseToken: string): Way {
    if (!this.#held.has(leaseToken)) return this.returned(job);
    return this.#isSoon(job) ? {} : { due: job.availableAt };
  }

  returned(job: Job): Way {
    const notice = this.#notice(job);
    return notice ? { notice, due: job.availableAt + OUTBOX_MS } : { due: job.availableAt };
  }

  born(job: Job): Way {
    return job.listed ? { watchesLease: true } : {};
  }

  running(_job: Job, wayBack: "due" | "lease" | undefined): Way {
    return wayBack === "lease" ? { watchesLease: true } : {};
  }

  wrote(job: Job): void {
    const { token, status } = job;
    if (token !== undefined && status !== "running" && this.#held.has(token)) this.#held.set(token, job);
  }

  /** Claimed from a message, which is held until it is asked what is to become of it. */
  hold(token: string): void {
    this.#held.set(token, undefined);
  }

  fateOf({ token }: Lease): Fate {
    const settled = this.#held.get(token);
    this.#held.delete(token);
    if (!settled) return NOT_SETTLED;
    if (isFinal(settled.status) || !this.#isSoon(settled)) return { kind: "delete" };
    return { kind: "hide", ms: Math.max(0, settled.availableAt - this.#clock.now()) };
  }

  /** Whether a message can wait for it; by the moment that it was written, so that the answer stays the same. */
  #isSoon({ availableAt, updatedAt }: Job): boolean {
    return availableAt - updatedAt <= LONGEST_DELAY_MS;
  }

  #notice(job: Job): Way["notice"] {
    const { id, operation, availableAt, updatedAt } = job;
    if (!this.#isSoon(job) || !this.#queues.has(operation)) return undefined;
    const delayMs = availableAt - updatedAt;
    return delayMs > 0 ? { id, operation, delayMs } : { id, operation };
  }
}
