/**
 * How many jobs wait, nearly: asked of the store now and then and carried on by what was accepted since, so that
 * a hot path can have an estimate without a query. For Retry-After and for backlog bounds.
 */
import type { Runtime, Store } from "../core/runtime.ts";

const FRESH_MS = 250;

export class Depths {
  readonly #runtime: Runtime;
  readonly #store: Store;
  readonly #queued = new Map<string, number>();
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(runtime: Runtime, store: Store) {
    this.#runtime = runtime;
    this.#store = store;
  }

  accepted(operation: string): void {
    this.#queued.set(operation, (this.#queued.get(operation) ?? 0) + 1);
  }

  of(operation: string): number {
    const now = this.#runtime.clock.monotonic();
    if (now - this.#askedAt > FRESH_MS) {
      this.#askedAt = now;
      void this.#refresh();
    }
    return this.#queued.get(operation) ?? 0;
  }

  waitSeconds(operation: string): number {
    const { limit } = this.#runtime.gate.operation(operation);
    return this.#runtime.meters.get(operation)?.waitSeconds(this.of(operation), limit) ?? 1;
  }

  async #refresh(): Promise<void> {
    const figures = await this.#store.engine.figures();
    this.#queued.clear();
    for (const { operation, queued } of figures) this.#queued.set(operation, queued);
  }
}
