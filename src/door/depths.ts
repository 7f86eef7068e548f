/**
 * How many jobs wait, nearly: asked of the store now and then and carried on by what was accepted since, so that
 * a hot path can have an estimate without a query. For Retry-After and for backlog bounds.
 */
import type { Job } from "../core/job.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { Streak } from "../core/streak.ts";

const FRESH_MS = 250;
/** Where the process may be stopped after each answer, and whoever asks waits for the store. */
const FRESH_WHERE_ASKED_MS = 10_000;
/** As far ahead as a Retry-After may point. */
const LONGEST_WAIT_S = 300;

/** `since` those `stored`; `opening` are on their way to the store, and count as if they were there. */
type Depth = { stored: number; since: number; opening: number };

export class Depths {
  readonly #runtime: Runtime;
  readonly #store: Store;
  readonly #depths = new Map<string, Depth>();
  readonly #failures: Streak;
  #askedAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;

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
    await this.#refresh();
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
    const now = this.#runtime.clock.monotonic();
    if (now - this.#askedAt > (this.#runtime.timeLeftMs ? FRESH_WHERE_ASKED_MS : FRESH_MS)) {
      this.#askedAt = now;
      void this.#refresh();
    }
    const { stored, since, opening } = this.#depth(operation);
    return stored + since + opening;
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
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Keeps the numbers it has where the store cannot be asked. */
  async #ask(): Promise<void> {
    const before = new Map([...this.#depths].map(([operation, { since }]) => [operation, since]));
    try {
      const figures = await this.#store.engine.figures();
      const stored = new Map(figures.map(({ operation, queued }) => [operation, queued]));
      // What was accepted while the store was asked may be in its figures or not: a bound rather counts it twice.
      for (const operation of new Set([...this.#depths.keys(), ...stored.keys()])) {
        const depth = this.#depth(operation);
        depth.stored = stored.get(operation) ?? 0;
        depth.since -= before.get(operation) ?? 0;
      }
      this.#failures.over();
    } catch (error) {
      this.#failures.failed(error);
    }
  }

  #depth(operation: string): Depth {
    const known = this.#depths.get(operation);
    if (known) return known;
    const fresh = { stored: 0, since: 0, opening: 0 };
    this.#depths.set(operation, fresh);
    return fresh;
  }
}
