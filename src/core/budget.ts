/**
 * The slots of one resource, and who may have the next one. While jobs wait, half of the slots can be reached by
 * them whatever the calls at once do; while calls at once keep coming, a quarter by those; the rest is first
 * come. A single slot alternates. Nobody keeps a share that the other side does not ask for.
 */
import type { Allowance } from "./allowance.ts";
import { burstOf } from "./starts.ts";

/** What an operator sees of one resource or operation. */
export type Room = {
  readonly name: string;
  readonly concurrency: number | null;
  readonly declared: number | null;
  readonly inUse: number;
  readonly peak: number;
  readonly paused: boolean;
};

/** A call that is answered at once, or a job that a worker runs. */
export type Side = "call" | "job";

/** A side counts as asking for this long after its last request. */
const DEMAND_MS = 250;

export class Budget {
  readonly name: string;
  readonly declared: number | null;
  readonly ratePerSecond: number | undefined;
  /** In force; `null`: no limit of its own. */
  concurrency: number | null;
  paused = false;
  /** Operations that have jobs waiting for a slot of this. */
  backlog = 0;
  /** Where nodes share their limits: what of this one was granted here. */
  allowance: Allowance | undefined = undefined;
  readonly #inUse = { call: 0, job: 0 };
  #peak = 0;
  #last: Side = "job";
  #callAskedAt = Number.NEGATIVE_INFINITY;
  #tokens: number;
  #tokensAt = 0;

  constructor(name: string, concurrency: number | null, ratePerSecond: number | undefined) {
    this.name = name;
    this.declared = concurrency;
    this.concurrency = concurrency;
    this.ratePerSecond = ratePerSecond;
    this.#tokens = ratePerSecond === undefined ? 0 : burstOf(ratePerSecond);
  }

  /** Whether there is a slot and a start left for anyone at all. */
  hasRoom(now: number): boolean {
    const limit = this.#most(now);
    return this.#hasToken(now) && (limit === null || this.#inUse.call + this.#inUse.job < limit);
  }

  /** Whether other nodes may have what is lacking here: not where all there is was granted to this one. */
  mayGrow(now: number): boolean {
    const { allowance, concurrency, ratePerSecond } = this;
    if (!allowance || concurrency === null || allowance.isDenied(now)) return false;
    return allowance.most(now) < concurrency || (ratePerSecond !== undefined && !allowance.hasStart(now));
  }

  /** This side would come in, but for what is kept here. */
  ask(side: Side, now: number): void {
    if (side === "call") this.#callAskedAt = now;
  }

  /** Whether a slot that is free may be had by this side, or is kept for the other. */
  allows(side: Side, now: number): boolean {
    const limit = this.#most(now);
    if (limit === null) return true;
    const { call, job } = this.#inUse;
    if (side === "call") {
      if (this.backlog === 0) return true;
      return limit === 1 ? this.#last === "job" : call < limit - Math.ceil(limit / 2);
    }
    if (!this.#callsKeepComing(now)) return true;
    return limit === 1 ? this.#last === "call" : job < limit - Math.ceil(limit / 4);
  }

  take(side: Side, now: number): void {
    this.#inUse[side]++;
    this.#last = side;
    this.#peak = Math.max(this.#peak, this.#inUse.call + this.#inUse.job);
    this.allowance?.took(side, this.#inUse);
    if (this.ratePerSecond === undefined || !this.#hasToken(now)) return;
    if (this.allowance) this.allowance.useStart();
    else this.#tokens--;
  }

  release(side: Side): void {
    this.#inUse[side]--;
  }

  /** By side; alters as slots are taken. */
  get inUse(): Readonly<Record<Side, number>> {
    return this.#inUse;
  }

  /** Nothing was begun with the slot, so its start is not spent. */
  giveBackStart(): void {
    if (this.ratePerSecond === undefined) return;
    if (this.allowance) this.allowance.giveBackStart();
    else this.#tokens = Math.min(burstOf(this.ratePerSecond), this.#tokens + 1);
  }

  retryInMs(now: number): number {
    const forToken = this.#startInMs(now);
    const forShare = this.#callsKeepComing(now) ? this.#callAskedAt + DEMAND_MS - now : 0;
    return Math.ceil(Math.max(forToken, forShare));
  }

  room(): Room {
    const { name, concurrency, declared, paused } = this;
    return {
      name,
      concurrency,
      declared,
      paused,
      inUse: this.#inUse.call + this.#inUse.job,
      peak: this.#peak,
    };
  }

  #callsKeepComing(now: number): boolean {
    return now - this.#callAskedAt < DEMAND_MS;
  }

  /** All that is in force, or what was granted of it. */
  #most(now: number): number | null {
    const { allowance, concurrency } = this;
    if (!allowance || concurrency === null) return concurrency;
    return Math.min(concurrency, allowance.most(now));
  }

  #startInMs(now: number): number {
    if (this.#hasToken(now)) return 0;
    if (this.allowance) return this.allowance.startInMs(now);
    return ((1 - this.#tokens) * 1_000) / (this.ratePerSecond as number);
  }

  #hasToken(now: number): boolean {
    if (this.ratePerSecond === undefined) return true;
    if (this.allowance) return this.allowance.hasStart(now);
    const refill = ((now - this.#tokensAt) / 1_000) * this.ratePerSecond;
    this.#tokens = Math.min(burstOf(this.ratePerSecond), this.#tokens + refill);
    this.#tokensAt = now;
    return this.#tokens >= 1;
  }
}
