/**
 * The gate: one admission budget for calls that are answered at once and for jobs that a worker runs. Every
 * resource and every operation with a limit of its own has a `Budget` of slots; a call takes one of each it
 * names, all or none. Decides at once and never waits: who finds no slot is refused, spills, or is called back.
 */

import { Budget, type Side } from "./budget.ts";
import type { Clock } from "./clock.ts";
import type { Setting } from "./engine.ts";
import { configurationError } from "./errors.ts";
import type { Spec } from "./operation.ts";

export type Refusal = { readonly kind: "saturated" | "paused" };
export type Slot = { readonly kind: "slot"; release(): void };

/** What an operator sees of one resource or operation. */
export type Room = {
  readonly name: string;
  readonly concurrency: number | null;
  readonly declared: number | null;
  readonly inUse: number;
  readonly peak: number;
  readonly paused: boolean;
};

type Entry = { readonly spec: Spec; readonly budgets: readonly Budget[]; own: Budget; backlog: boolean };

const SATURATED: Refusal = { kind: "saturated" };
const PAUSED: Refusal = { kind: "paused" };

export class Gate {
  readonly #clock: Clock;
  readonly #resources = new Map<string, Budget>();
  readonly #operations = new Map<string, Entry>();
  readonly #waiters = new Set<() => void>();

  constructor(specs: readonly Spec[], clock: Clock) {
    this.#clock = clock;
    for (const spec of specs) {
      for (const { name, concurrency, ratePerSecond } of spec.resources) {
        const known = this.#resources.get(name);
        if (known && (known.declared !== concurrency || known.ratePerSecond !== ratePerSecond)) {
          throw configurationError(
            `Resource "${name}" is declared twice, with other limits.`,
            "Declare it once and share the value.",
          );
        }
        if (!known) this.#resources.set(name, new Budget(name, concurrency, ratePerSecond));
      }
      const own = new Budget(spec.name, spec.concurrency ?? null, undefined);
      const shared = spec.resources.map(({ name }) => this.#resources.get(name) as Budget);
      this.#operations.set(spec.name, { spec, own, budgets: [...shared, own], backlog: false });
    }
  }

  /** A slot for one run, or why there is none. `release` it when the handler has really ended. */
  take(operation: string, side: Side): Slot | Refusal {
    const { budgets } = this.#entry(operation);
    const now = this.#clock.monotonic();
    for (const budget of budgets) if (budget.paused) return PAUSED;
    let free = true;
    // Every budget hears of the demand, so that each can keep its share for this side.
    for (const budget of budgets) free = budget.admits(side, now) && free;
    if (!free) return SATURATED;
    for (const budget of budgets) budget.take(side, now);
    return this.#slot(budgets, side);
  }

  /** Whether jobs of the operation wait for a slot: then calls at once leave them their share. */
  backlog(operation: string, waiting: boolean): void {
    const entry = this.#entry(operation);
    if (entry.backlog === waiting) return;
    entry.backlog = waiting;
    for (const budget of entry.budgets) budget.backlog += waiting ? 1 : -1;
  }

  /** Called whenever a slot may have become free; returns the way out. */
  onRoom(listener: () => void): () => void {
    this.#waiters.add(listener);
    return () => this.#waiters.delete(listener);
  }

  /** When a job that is refused now might be let in although nobody releases a slot; for a timer. */
  retryInMs(operation: string): number {
    const now = this.#clock.monotonic();
    return Math.max(...this.#entry(operation).budgets.map((budget) => budget.retryInMs(now)));
  }

  isPaused(operation: string): boolean {
    return this.#entry(operation).budgets.some(({ paused }) => paused);
  }

  set({ scope, name, paused, concurrency }: Setting): boolean {
    const budget = scope === "resource" ? this.#resources.get(name) : this.#operations.get(name)?.own;
    if (!budget) return false;
    budget.paused = paused;
    budget.concurrency = concurrency ?? budget.declared;
    this.#room();
    return true;
  }

  setting(scope: Setting["scope"], name: string): Setting | undefined {
    const budget = scope === "resource" ? this.#resources.get(name) : this.#operations.get(name)?.own;
    if (!budget) return undefined;
    const { paused, concurrency, declared } = budget;
    return { scope, name, paused, concurrency: concurrency === declared ? null : concurrency };
  }

  resources(): readonly Room[] {
    return [...this.#resources.values()].map((budget) => budget.room());
  }

  /** An operation's own budget; the smallest limit it is under decides how fast it can go. */
  operation(name: string): Room & { readonly limit: number } {
    const { own, budgets } = this.#entry(name);
    return { ...own.room(), limit: Math.min(...budgets.map(({ concurrency }) => concurrency ?? Infinity)) };
  }

  #entry(operation: string): Entry {
    const entry = this.#operations.get(operation);
    if (entry) return entry;
    throw new RangeError(`The gate knows no operation "${operation}".`);
  }

  #slot(budgets: readonly Budget[], side: Side): Slot {
    let held = true;
    return {
      kind: "slot",
      release: () => {
        if (!held) return;
        held = false;
        for (const budget of budgets) budget.release(side);
        this.#room();
      },
    };
  }

  #room(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}
