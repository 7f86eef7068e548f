/**
 * Entries by a moment of theirs, the earliest first and the oldest first within one: a binary heap. An entry
 * that was replaced is not sought out, but dropped when it comes to the top.
 */
import type { Job } from "../../core/job.ts";
import type { Entry } from "./entry.ts";

type Moment = "availableAt" | "leaseUntil" | "expiresAt";

export class Schedule {
  readonly #moment: Moment;
  readonly #isCurrent: (entry: Entry) => boolean;
  readonly #heap: Entry[] = [];

  constructor(moment: Moment, isCurrent: (entry: Entry) => boolean) {
    this.#moment = moment;
    this.#isCurrent = isCurrent;
  }

  add(entry: Entry): void {
    const heap = this.#heap;
    let hole = heap.push(entry) - 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!this.#isBefore(entry, above)) break;
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = entry;
  }

  /** The earliest, which stays. */
  first(): Entry | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (!top || this.#isCurrent(top)) return top;
      this.#drop();
    }
  }

  /** Takes out the earliest, if its moment has come. */
  takeDue(now: number): Entry | undefined {
    const top = this.first();
    if (!top || momentOf(top.job, this.#moment) > now) return undefined;
    this.#drop();
    return top;
  }

  #drop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let hole = 0;
    for (let child = 1; child < heap.length; child = 2 * hole + 1) {
      const right = heap[child + 1];
      if (right && this.#isBefore(right, heap[child] as Entry)) child++;
      if (!this.#isBefore(heap[child] as Entry, last)) break;
      heap[hole] = heap[child] as Entry;
      hole = child;
    }
    heap[hole] = last;
  }

  #isBefore(one: Entry, other: Entry): boolean {
    const apart = momentOf(one.job, this.#moment) - momentOf(other.job, this.#moment);
    return apart === 0 ? one.sequence < other.sequence : apart < 0;
  }
}

function momentOf(job: Job, moment: Moment): number {
  return job[moment] ?? Number.POSITIVE_INFINITY;
}
