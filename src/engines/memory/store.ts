/**
 * All that is kept, and the indexes over it. `put` and `remove` are the only ways to alter a job, and every
 * index follows them; nothing here decides what a job becomes.
 */
import type { Setting } from "../../core/engine.ts";
import type { JobId, JobStatus, Principal } from "../../core/job.ts";
import { Audit } from "./audit.ts";
import type { Entry } from "./entry.ts";
import { Items } from "./items.ts";
import { Log } from "./log.ts";
import { Schedule } from "./schedule.ts";

/** Of one operation: due jobs wait in `ready` for a claim, the others in `later`. */
export type Waiting = { readonly ready: Schedule; readonly later: Schedule };

export class Store {
  readonly items = new Items();
  readonly settings = new Map<string, Setting>();
  readonly audit = new Audit();
  /** Listed jobs by sequence. */
  readonly listed = new Log();
  /** Listed jobs by the position of their last change, for each principal. */
  readonly changed = new Map<Principal, Log>();
  readonly leases: Schedule;
  readonly expiries: Schedule;
  readonly #jobs = new Map<JobId, Entry>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #byStatus: Readonly<Record<JobStatus, Map<JobId, Entry>>> = {
    queued: new Map(),
    running: new Map(),
    succeeded: new Map(),
    failed: new Map(),
    cancelled: new Map(),
  };
  #lastPosition = 0;

  constructor() {
    this.leases = new Schedule("leaseUntil", this.#isCurrent);
    this.expiries = new Schedule("expiresAt", this.#isCurrent);
  }

  get(id: JobId): Entry | undefined {
    return this.#jobs.get(id);
  }

  withStatus(status: JobStatus): Iterable<Entry> {
    return this.#byStatus[status].values();
  }

  waiting(operation: string): Waiting {
    const known = this.#waiting.get(operation);
    if (known) return known;
    const waiting = {
      ready: new Schedule("availableAt", this.#isCurrent),
      later: new Schedule("availableAt", this.#isCurrent),
    };
    this.#waiting.set(operation, waiting);
    return waiting;
  }

  put(entry: Entry): void {
    const { job, sequence } = entry;
    const before = this.#jobs.get(job.id);
    if (before) this.#byStatus[before.job.status].delete(job.id);
    this.#jobs.set(job.id, entry);
    this.#byStatus[job.status].set(job.id, entry);
    if (job.status === "queued") this.waiting(job.operation).later.add(entry);
    else if (job.status === "running") this.leases.add(entry);
    else this.expiries.add(entry);
    // An extended lease is no change that anyone is told of.
    if (!job.listed || (before?.job.listed && before.job.revision === job.revision)) return;
    this.listed.write(job.id, sequence);
    this.#changesOf(job.principal).write(job.id, ++this.#lastPosition);
  }

  remove({ job }: Entry): void {
    this.#jobs.delete(job.id);
    this.#byStatus[job.status].delete(job.id);
    this.listed.strike(job.id);
    this.changed.get(job.principal)?.strike(job.id);
  }

  #changesOf(principal: Principal): Log {
    const known = this.changed.get(principal);
    if (known) return known;
    const log = new Log();
    this.changed.set(principal, log);
    return log;
  }

  readonly #isCurrent = (entry: Entry): boolean => this.#jobs.get(entry.job.id) === entry;
}
