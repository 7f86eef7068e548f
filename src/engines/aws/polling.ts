/** How a process works that asks for its jobs: a message brings a new job, and everything else stands in the work index. */
import type { Job } from "../../core/job.ts";
import type { Parked } from "./parked.ts";
import type { Queues } from "./queues.ts";
import type { Mode, Way } from "./store.ts";

export class Polling implements Mode {
  readonly #queues: Queues;
  readonly #parked: Parked;

  constructor(queues: Queues, parked: Parked) {
    this.#queues = queues;
    this.#parked = parked;
  }

  accepted(job: Job): Way {
    const { id, operation, acceptedAt, availableAt } = job;
    if (availableAt > acceptedAt || !this.#queues.has(operation)) return { due: availableAt };
    return { notice: { id, operation } };
  }

  repeated(job: Job): Way {
    return { due: job.availableAt };
  }

  sent(job: Job): Way {
    return { due: job.availableAt };
  }

  again(job: Job): Way {
    return { due: job.availableAt };
  }

  returned(job: Job): Way {
    return { due: job.availableAt };
  }

  born(job: Job): Way {
    return this.running(job);
  }

  running(job: Job): Way {
    return job.listed ? { watchesLease: true } : {};
  }

  wrote(job: Job, { due }: Way): void {
    this.#parked.note(job.operation, job.id, job.status === "queued" ? due : undefined);
  }
}
