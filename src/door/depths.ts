/**
 * How many jobs wait, nearly: asked of the store now and then and carried on by what was accepted since, so that
 * a hot path can have an estimate without a query. For Retry-After and for backlog bounds.
 */
import type { Job } from "../core/job.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { Streak } from "../core/streak.ts";

const FRESH_MS = 250;
/** Where a store's figures are dear, and each look at a queue costs as much as a message. */
const FRESH_WHERE_DEAR_MS = 10_000;
/** As far ahead as a Retry-After may point. */
const LONGEST_WAIT_S = 300;

/** `since` those `stored`; `opening` are on their way to the store, and count as if they were there. */
type Depth = Asking & { stored: number; since: number; opening: number };

type Asking = { askedAt: number; asking: Promise<void> | undefined };
const NEVER_ASKED: Asking = { askedAt: Number.NEGATIVE_INFINITY, asking: undefined };

export class Depths {
  readonly #runtime: Runtime;
  readonly #store: Store;
  readonly #depths = new Map<string, Depth>();
  readonly #failures: Streak;
  /** Of a store that is asked of all operations together. */
  readonly #all: Asking = { ...NEVER_ASKED };

  constructor(runtime: Runtime, store: Store) {
    this.#runtime = runtime;
    this.#store = store;
    this.#failures = new Streak(runtime);
  }

  /** Room for one more job, until `answered`; false where the backlog is full, which the store is asked to confirm. */
  reserve(operation: string, backlog: number | undefined): boolean | Promise<boolean> {
    if (backlog !== undefined && this.of(operation) >= backlog) return this.#confirm(operation, backlog);
    this.#depth(operation).opening++;
    return true;
  }

  async #confirm(operation: string, backlog: number): Promise<boolean> {
    await this.#refresh(operation);
    if (this.of(operation) >= backlog) return false;
    this.#depth(operation).opening++;
    return true;
  }

  answered(operation: string, opened: boolean): void {
    const depth = this.#depth(operation);
    depth.opening--;
    if (opened) depth.since++;
  }

  of(operation: string): number {
    const depth = this.#depth(operation);
    const now = this.#runtime.clock.monotonic();
    if (this.#store.engine.waiting) {
      if (now - depth.askedAt > FRESH_WHERE_DEAR_MS) void this.#refresh(operation);
    } else if (now - this.#all.askedAt > FRESH_MS) {
      void this.#refresh(operation);
    }
    return depth.stored + depth.since + depth.opening;
  }

  /** 1 too for an operation that this process does not serve, and so knows nothing of. */
  waitSeconds(operation: string): number {
    const meter = this.#runtime.meters.get(operation);
    if (!meter) return 1;
    return meter.waitSeconds(this.of(operation), this.#runtime.gate.operation(operation).limit);
  }

  /** Of a job: not before it may be tried again. */
  waitSecondsOf({ operation, status, availableAt }: Job): number {
    const inMs = status === "queued" ? availableAt - this.#runtime.clock.now() : 0;
    return Math.min(LONGEST_WAIT_S, Math.max(this.waitSeconds(operation), Math.ceil(inMs / 1_000)));
  }

  /** One at a time, shared by all who ask meanwhile. */
  #refresh(operation: string): Promise<void> {
    const asks = this.#store.engine.waiting ? this.#depth(operation) : this.#all;
    asks.askedAt = this.#runtime.clock.monotonic();
    asks.asking ??= this.#ask(operation).finally(() => {
      asks.asking = undefined;
    });
    return asks.asking;
  }

  /** Keeps the numbers it has where the store cannot be asked. */
  async #ask(operation: string): Promise<void> {
    const { engine } = this.#store;
    const before = new Map([...this.#depths].map(([name, { since }]) => [name, since]));
    try {
      const stored = engine.waiting
        ? new Map([[operation, await engine.waiting(operation)]])
        : new Map((await engine.figures()).map((figures) => [figures.operation, figures.queued]));
      // What was accepted while the store was asked may be in its figures or not: a bound rather counts it twice.
      const asked = engine.waiting ? [operation] : new Set([...this.#depths.keys(), ...stored.keys()]);
      for (const name of asked) {
        const depth = this.#depth(name);
        depth.stored = stored.get(name) ?? 0;
        depth.since -= before.get(name) ?? 0;
      }
      this.#failures.over();
    } catch (error) {
      this.#failures.failed(error);
    }
  }

  #depth(operation: string): Depth {
    const known = this.#depths.get(operation);
    if (known) return known;
    const fresh = { stored: 0, since: 0, opening: 0, ...NEVER_ASKED };
    this.#depths.set(operation, fresh);
    return fresh;
  }
}
