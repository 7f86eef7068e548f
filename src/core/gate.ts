/**
 * The gate: one admission budget for calls that are answered at once and for jobs that a worker runs. Every
 * resource and every operation with a limit of its own has a `Budget` of slots; a call takes one of each it
 * names, all or none. Decides at once and never waits: who finds no slot is refused, spills, or is called back.
 */

import type { Allowance } from "./allowance.ts";
import { Budget, type Room, type Side } from "./budget.ts";
import type { Clock } from "./clock.ts";
import type { Setting } from "./engine.ts";
import { configurationError } from "./errors.ts";
import type { AnySpec } from "./operation.ts";

type Refusal = { readonly kind: "saturated" | "paused" };
/** Of each budget that the operation is under. Goes back once, by either way. */
export type Slot = {
  readonly kind: "slot";
  release(): void;
  /** Nothing was begun with it, so that it does not count as a start. */
  giveBack(): void;
};

type Entry = {
  readonly budgets: readonly Budget[];
  readonly own: Budget;
  /** Where its jobs were refused, and wait. */
  waitingAt: readonly Budget[];
};

/** A budget by the name of its limit. */
export type Limit = { readonly scope: Setting["scope"]; readonly name: string; readonly budget: Budget };

const SATURATED: Refusal = { kind: "saturated" };
const PAUSED: Refusal = { kind: "paused" };
const NOWHERE: readonly Budget[] = [];

export class Gate {
  readonly #clock: Clock;
  readonly #resources = new Map<string, Budget>();
  readonly #operations = new Map<string, Entry>();
  readonly #waiters = new Set<() => void>();
  #lacking: (() => void) | undefined;

  constructor(specs: readonly AnySpec[], clock: Clock) {
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
      this.#operations.set(spec.name, { own, budgets: [...shared, own], waitingAt: [] });
    }
  }

  /**
   * A slot for one run, or why there is none. `release` it when the handler has really ended. `isKnown`: it was turned
   * away before, and what it wants is counted already.
   */
  take(operation: string, side: Side, isKnown = false): Slot | Refusal {
    const entry = this.#entry(operation);
    const { budgets } = entry;
    const now = this.#clock.monotonic();
    for (const budget of budgets) if (budget.paused) return PAUSED;
    if (!budgets.every((budget) => budget.hasRoom(now))) {
      const full = budgets.filter((budget) => !budget.hasRoom(now));
      // A share is kept only where it would let the caller in: not at one resource while another is the obstacle.
      const obstacle = full.length === 1 ? full : NOWHERE;
      for (const budget of obstacle) budget.ask(side, now);
      this.#miss(full, isKnown ? undefined : side, now);
      return this.#refuse(entry, side, obstacle);
    }
    for (const budget of budgets) budget.ask(side, now);
    if (!budgets.every((budget) => budget.allows(side, now))) {
      const kept = budgets.filter((budget) => !budget.allows(side, now));
      this.#miss(kept, isKnown ? undefined : side, now);
      return this.#refuse(entry, side, kept);
    }
    for (const budget of budgets) budget.take(side, now);
    return new HeldSlot(budgets, side, this.#room);
  }

  /** From now on only what is granted may be taken. `lacking` hears when that was not enough, or the limit is another. */
  share(allowance: () => Allowance, lacking: () => void): readonly Limit[] {
    this.#lacking = lacking;
    const limits: readonly Limit[] = [
      ...[...this.#resources].map(([name, budget]) => ({ scope: "resource" as const, name, budget })),
      ...[...this.#operations].map(([name, { own }]) => ({ scope: "operation" as const, name, budget: own })),
    ];
    for (const { budget } of limits) budget.allowance = allowance();
    return limits;
  }

  /** Whether a call that is refused now might be let in after the other nodes were asked. */
  mayGrow(operation: string): boolean {
    const now = this.#clock.monotonic();
    const lacking = this.#entry(operation).budgets.filter(
      (budget) => !budget.hasRoom(now) || !budget.allows("call", now),
    );
    return lacking.every((budget) => budget.mayGrow(now));
  }

  /** Slots may have become free elsewhere. */
  tellRoom(): void {
    this.#room();
  }

  /** No jobs of the operation wait for a slot any more: what was kept for them is free. */
  noBacklog(operation: string): void {
    this.#wait(this.#entry(operation), NOWHERE);
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

  knows(scope: Setting["scope"], name: string): boolean {
    return this.#settable(scope, name) !== undefined;
  }

  set({ scope, name, paused, concurrency }: Setting): void {
    const budget = this.#settable(scope, name);
    if (!budget) return;
    const limit = concurrency ?? budget.declared;
    // Whoever waits for room is called, which is nothing to do once a second for the same again.
    if (budget.paused === paused && budget.concurrency === limit) return;
    budget.paused = paused;
    budget.concurrency = limit;
    // What is granted was a part of another limit.
    this.#lacking?.();
    this.#room();
  }

  resources(): readonly Room[] {
    return [...this.#resources.values()].map((budget) => budget.room());
  }

  /** An operation's own budget; the smallest limit it is under decides how fast it can go. */
  operation(name: string): Room & { readonly limit: number } {
    const { own, budgets } = this.#entry(name);
    return { ...own.room(), limit: Math.min(...budgets.map(({ concurrency }) => concurrency ?? Infinity)) };
  }

  /** Every budget with a limit that an operation is under. */
  budgets(operation: string): readonly Room[] {
    const { budgets } = this.#entry(operation);
    return budgets.filter(({ concurrency }) => concurrency !== null).map((budget) => budget.room());
  }

  #settable(scope: Setting["scope"], name: string): Budget | undefined {
    return scope === "resource" ? this.#resources.get(name) : this.#operations.get(name)?.own;
  }

  #entry(operation: string): Entry {
    const entry = this.#operations.get(operation);
    if (entry) return entry;
    throw new RangeError(`The gate knows no operation "${operation}".`);
  }

  #miss(lacking: readonly Budget[], side: Side | undefined, now: number): void {
    if (!this.#lacking) return;
    if (side) for (const { allowance } of lacking) allowance?.miss(side);
    if (lacking.every((budget) => budget.mayGrow(now))) this.#lacking();
  }

  #refuse(entry: Entry, side: Side, at: readonly Budget[]): Refusal {
    if (side === "job") this.#wait(entry, at);
    return SATURATED;
  }

  #wait(entry: Entry, at: readonly Budget[]): void {
    for (const budget of entry.waitingAt) budget.backlog--;
    for (const budget of at) budget.backlog++;
    entry.waitingAt = at;
  }

  readonly #room = (): void => {
    for (const waiter of this.#waiters) waiter();
  };
}

/** Without a closure: there is one for each job and each call. */
class HeldSlot implements Slot {
  readonly kind = "slot";
  readonly #budgets: readonly Budget[];
  readonly #side: Side;
  readonly #freed: () => void;
  #isHeld = true;

  constructor(budgets: readonly Budget[], side: Side, freed: () => void) {
    this.#budgets = budgets;
    this.#side = side;
    this.#freed = freed;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    for (const budget of this.#budgets) budget.release(this.#side);
    this.#freed();
  }

  giveBack(): void {
    if (this.#isHeld) for (const budget of this.#budgets) budget.giveBackStart();
    this.release();
  }
}
