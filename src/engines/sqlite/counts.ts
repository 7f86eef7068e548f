/**
 * What must never be counted by looking: jobs per operation and status, the last position of a change, the last
 * version of an item. Kept in memory while a transaction runs and written at its end.
 *
 * Persisted, not rebuilt at open: counting 1,000,000 queued rows through their index takes 70 ms, and a row or
 * two more in a group costs 3 µs. Position and version have to be durable in any case: a number given to a row
 * that was deleted since must not be given again.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Job } from "../../core/job.ts";
import { STATUS } from "../../core/kept.ts";

type Tally = {
  readonly operation: string;
  readonly status: number;
  readonly errorCode: string;
  jobs: number;
};

export class Counts {
  readonly #add: StatementSync;
  readonly #tidy: StatementSync;
  readonly #store: StatementSync;
  readonly #load: StatementSync;
  readonly #queued = new Map<string, Tally>();
  readonly #running = new Map<string, Tally>();
  readonly #failed = new Map<string, Tally>();
  #position = 0;
  #version = 0;
  #storedPosition = 0;
  #storedVersion = 0;

  constructor(database: DatabaseSync) {
    this.#add = database.prepare(
      `INSERT INTO counts (operation, status, error_code, jobs) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT DO UPDATE SET jobs = jobs + ?4`,
    );
    this.#tidy = database.prepare(
      "DELETE FROM counts WHERE operation = ? AND status = ? AND error_code = ? AND jobs = 0",
    );
    this.#store = database.prepare("UPDATE counters SET value = ? WHERE name = ?");
    this.#load = database.prepare("SELECT value FROM counters WHERE name = ?");
    this.#position = this.#storedPosition = this.#read("position");
    this.#version = this.#storedVersion = this.#read("version");
  }

  /** Of the next change of a job that belongs to somebody. */
  nextPosition(): number {
    return ++this.#position;
  }

  /** Of so many changes; answers the first one's. */
  nextPositions(count: number): number {
    const first = this.#position + 1;
    this.#position += count;
    return first;
  }

  nextVersion(): number {
    return ++this.#version;
  }

  accepted(operation: string): void {
    const tally = this.#queued.get(operation);
    if (tally) tally.jobs++;
    else this.#queued.set(operation, { operation, status: STATUS.queued, errorCode: "", jobs: 1 });
  }

  moved(before: Job | undefined, after: Job | undefined): void {
    if (before?.listed) this.#count(before, -1);
    if (after?.listed) this.#count(after, 1);
  }

  /** A failed job is gone. */
  forgot(operation: string, errorCode: string): void {
    this.#change(this.#failed, `${operation} ${errorCode}`, operation, STATUS.failed, errorCode, -1);
  }

  /** The last statements of a transaction. */
  write(): void {
    for (const tallies of [this.#queued, this.#running, this.#failed]) {
      for (const { operation, status, errorCode, jobs } of tallies.values()) {
        if (jobs === 0) continue;
        this.#add.run(operation, status, errorCode, jobs);
        // An error code that nobody has any more; queued and running come and go all the time.
        if (jobs < 0 && errorCode !== "") this.#tidy.run(operation, status, errorCode);
      }
      tallies.clear();
    }
    if (this.#position !== this.#storedPosition) this.#store.run(this.#position, "position");
    if (this.#version !== this.#storedVersion) this.#store.run(this.#version, "version");
  }

  committed(): void {
    this.#storedPosition = this.#position;
    this.#storedVersion = this.#version;
  }

  /** Numbers that were given out stay so: a gap does no harm. */
  rolledBack(): void {
    this.#queued.clear();
    this.#running.clear();
    this.#failed.clear();
  }

  #count({ operation, status, errorCode = "" }: Job, by: number): void {
    if (status === "queued") this.#change(this.#queued, operation, operation, STATUS.queued, "", by);
    else if (status === "running") this.#change(this.#running, operation, operation, STATUS.running, "", by);
    else if (status === "failed")
      this.#change(this.#failed, `${operation} ${errorCode}`, operation, STATUS.failed, errorCode, by);
  }

  #change(
    tallies: Map<string, Tally>,
    place: string,
    operation: string,
    status: number,
    errorCode: string,
    by: number,
  ) {
    const tally = tallies.get(place);
    if (tally) tally.jobs += by;
    else tallies.set(place, { operation, status, errorCode, jobs: by });
  }

  #read(name: string): number {
    return Number(this.#load.get(name)?.["value"] ?? 0);
  }
}
