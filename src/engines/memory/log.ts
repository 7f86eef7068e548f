/**
 * Job ids under growing numbers, to be read on from any of them in either direction. What was struck out is
 * skipped, and swept away once it is the larger part.
 */
import type { JobId } from "../../core/job.ts";

type Row = { readonly number: number; readonly id: JobId };

const SMALL = 64;

export class Log {
  #rows: Row[] = [];
  readonly #numbers = new Map<JobId, number>();

  /** A job stands in it once: under its latest number. */
  write(id: JobId, number: number): void {
    this.#numbers.set(id, number);
    const place = this.#firstFrom(number);
    const there = this.#rows[place];
    // Written already, and perhaps struck out since: either way it stands again.
    if (there?.number === number && there.id === id) return;
    if (place === this.#rows.length) this.#rows.push({ number, id });
    else this.#rows.splice(place, 0, { number, id });
    this.#tidy();
  }

  strike(id: JobId): void {
    this.#numbers.delete(id);
    this.#tidy();
  }

  *after(number: number): Generator<Row> {
    for (let i = this.#firstFrom(number + 1); i < this.#rows.length; i++) {
      const row = this.#rows[i] as Row;
      if (this.#stands(row)) yield row;
    }
  }

  *before(number: number): Generator<Row> {
    for (let i = this.#firstFrom(number) - 1; i >= 0; i--) {
      const row = this.#rows[i] as Row;
      if (this.#stands(row)) yield row;
    }
  }

  #stands({ id, number }: Row): boolean {
    return this.#numbers.get(id) === number;
  }

  #firstFrom(number: number): number {
    let low = 0;
    let high = this.#rows.length;
    if (high === 0 || (this.#rows[high - 1] as Row).number < number) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#rows[middle] as Row).number < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #tidy(): void {
    if (this.#rows.length < SMALL || this.#rows.length < 2 * this.#numbers.size) return;
    this.#rows = this.#rows.filter((row) => this.#stands(row));
  }
}
