/**
 * The slots of one resource, and who may have the next one. While jobs wait, half of the slots can be reached by
 * them whatever the calls at once do; while calls at once keep coming, a quarter by those; the rest is first
 * come. A single slot alternates. Nobody keeps a share that the other side does not ask for.
 */
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
    this.#tokens = burst(ratePerSecond);
  }

  /** Whether there is a slot and a start left for anyone at all. */
  hasRoom(now: number): boolean {
    const limit = this.concurrency;
    return this.#hasToken(now) && (limit === null || this.#inUse.call + this.#inUse.job < limit);
  }

  /** This side would come in, but for what is kept here. */
  ask(side: Side, now: number): void {
    if (side === "call") this.#callAskedAt = now;
  }

  /** Whether a slot that is free may be had by this side, or is kept for the other. */
  allows(side: Side, now: number): boolean {
    const limit = this.concurrency;
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
    if (this.ratePerSecond !== undefined && this.#hasToken(now)) this.#tokens--;
  }

  release(side: Side): void {
    this.#inUse[side]--;
  }

  /** Nothing was begun with the slot, so its start is not spent. */
  giveBackStart(): void {
    if (this.ratePerSecond !== undefined)
      this.#tokens = Math.min(burst(this.ratePerSecond), this.#tokens + 1);
  }

  retryInMs(now: number): number {
    const forToken = this.#hasToken(now) ? 0 : ((1 - this.#tokens) * 1_000) / (this.ratePerSecond as number);
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

  #hasToken(now: number): boolean {
    if (this.ratePerSecond === undefined) return true;
    const refill = ((now - this.#tokensAt) / 1_000) * this.ratePerSecond;
    this.#tokens = Math.min(burst(this.ratePerSecond), this.#tokens + refill);
    this.#tokensAt = now;
    return this.#tokens >= 1;
  }
}

/** A tenth of a second's worth may start together, so that a coarse timer does not lower the rate. */
function burst(ratePerSecond: number | undefined): number {
  return ratePerSecond === undefined ? 0 : Math.max(1, ratePerSecond / 10);
}
