/**
 * Where the front of each queue was found last. While a transaction of anybody's lasts, what was claimed since cannot
 * be cleared away, and a claim that began at the front would read over all of it, more each time. So a claim that
 * found all it asked for leaves its place for the next ones; once in a while one looks from the very front again.
 */
import type { Claim } from "../../core/engine.ts";
import type { ClaimChange } from "./claims.ts";
import { monotonic } from "./pauses.ts";

/** What became due before that place waits so long at most. */
const FROM_FRONT_MS = 1_000;

type Bound = { readonly from: number; readonly setAt: number };

export class Bounds {
  readonly #bounds = new Map<string, Bound>();

  /** Jobs that were due before are left to a later claim. */
  of(operation: string): number {
    const bound = this.#bounds.get(operation);
    if (!bound) return Number.NEGATIVE_INFINITY;
    if (monotonic() - bound.setAt < FROM_FRONT_MS) return bound.from;
    this.#bounds.delete(operation);
    return Number.NEGATIVE_INFINITY;
  }

  claimed({ queues }: ClaimChange, claims: readonly Claim[]): void {
    for (const { operation, limit } of queues) {
      let taken = 0;
      let from = Number.POSITIVE_INFINITY;
      for (const { job } of claims) {
        if (job.operation !== operation) continue;
        taken++;
        from = Math.min(from, job.availableAt);
      }
      // Fewer than were asked for: the rest may stand before the place.
      if (taken < limit || taken === 0) this.#bounds.delete(operation);
      else this.#bounds.set(operation, { from, setAt: this.#bounds.get(operation)?.setAt ?? monotonic() });
    }
  }
}
