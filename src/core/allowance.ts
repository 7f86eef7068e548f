/** What this node was granted of one limit that nodes share, and what it would take more. Held by that limit's budget. */
import type { Side } from "./budget.ts";
import type { LimitAsk, LimitGrant } from "./share.ts";
import { burstOf } from "./starts.ts";

/** A start that is not used within this time goes back: it counts in the second in which it was drawn. */
const STARTS_MS = 250;
/** What jobs try to have more, at first, while they find no slot. */
const FIRST_BLOCK = 4;
const LEAST_SPARE = 2;
const PEAK_MS = 1_000;
/** For so long it is wanted what was not given, though nobody comes again. */
const SOUGHT_MS = 100;
const STARTS_SOUGHT_MS = 1_000;
/** After an answer that gave nothing more, until it is worth asking again: longer each time. */
const DENIED_MS = 50;
const DENIED_MOST_MS = 400;

export type InUse = Readonly<Record<Side, number>>;

export class Allowance {
  /** Granted, whether it may be used or has to go back. */
  #slots = 0;
  /** Slots that may be in use. */
  #bound = 0;
  #until = Number.NEGATIVE_INFINITY;
  #starts = 0;
  #startsUntil = Number.NEGATIVE_INFINITY;
  #startAt = 0;
  readonly #missed = { call: 0, job: 0 };
  /** The most in use in this second, and in the one before. */
  readonly #peak = { call: 0, job: 0 };
  #peakBefore: InUse = { call: 0, job: 0 };
  #peakSince = 0;
  /** What was wanted when something was last turned away, and when that was asked for. */
  readonly #sought = { call: 0, job: 0, starts: 0 };
  readonly #soughtAt = { call: Number.NEGATIVE_INFINITY, job: Number.NEGATIVE_INFINITY, starts: 0 };
  #deniedMs = 0;
  #deniedUntil = Number.NEGATIVE_INFINITY;

  /** Slots that may be in use at this moment. */
  most(now: number): number {
    return now < this.#until ? this.#bound : 0;
  }

  hasStart(now: number): boolean {
    return this.#starts >= 1 && now < this.#startsUntil && now < this.#until;
  }

  took(side: Side, inUse: InUse): void {
    this.#peak[side] = Math.max(this.#peak[side], inUse[side]);
  }

  useStart(): void {
    this.#starts--;
  }

  giveBackStart(): void {
    this.#starts++;
  }

  startInMs(now: number): number {
    return this.hasStart(now) ? 0 : Math.max(0, this.#startAt - now);
  }

  miss(side: Side): void {
    this.#missed[side]++;
  }

  /** Whether the store has just said that there is no more. */
  isDenied(now: number): boolean {
    return now < this.deniedUntil;
  }

  /** Whether something is held that should go back. */
  owes({ call, job }: InUse, now: number): boolean {
    if (this.#starts > 0 && now >= this.#startsUntil) return true;
    return this.#slots > this.#bound && call + job < this.#slots;
  }

  /** When starts that are not used have to go back. */
  get startsEndAt(): number {
    return this.#starts > 0 ? this.#startsUntil : Number.POSITIVE_INFINITY;
  }

  /** What is to be asked; nothing, where nothing is held or wanted. From then on no more is used than is kept. */
  ask(inUse: InUse, inForce: number, perSecond: number | undefined, givesBack: boolean, now: number) {
    const total = inUse.call + inUse.job;
    const isOver = now >= this.#until;
    this.#turnPeaks(inUse, now);
    const calls = this.#wanted("call", inUse, inForce, now);
    const jobs = this.#wanted("job", inUse, inForce, now);
    const spare = calls + jobs > 0 ? Math.max(LEAST_SPARE, Math.ceil((calls + jobs) / 2)) : 0;
    const held = isOver ? 0 : this.#slots;
    const rate = perSecond === undefined ? undefined : this.#rateAsk(perSecond, now);
    this.#missed.call = 0;
    this.#missed.job = 0;
    const kept = isOver || givesBack ? 0 : Math.min(this.#bound, calls + jobs + spare);
    const keep = Math.max(total, kept);
    this.#bound = Math.min(this.#bound, keep);
    const isNothing = held + total + calls + jobs === 0 && !rate?.wanted && !rate?.unused;
    if (isNothing) return undefined;
    return { inUse: total, keep, calls, jobs, spare, ...(rate && { rate }) };
  }

  /** `asked` is when it was asked, from when on what is granted is held. Returns whether there is more than before. */
  grant(grant: LimitGrant, wanted: number, asked: number, forMs: number, now: number): boolean {
    const before = this.most(now);
    this.#slots = grant.slots;
    this.#bound = Math.min(grant.slots, grant.target);
    this.#until = asked + forMs;
    if (grant.starts > 0) {
      this.#starts += grant.starts;
      this.#startsUntil = asked + STARTS_MS;
      this.#sought.starts = 0;
    }
    const hasGrown = this.#bound > before || grant.starts > 0;
    this.#deny(grant.slots < wanted && grant.coming === 0, hasGrown, now);
    this.#startAt = now + grant.startInMs;
    return hasGrown;
  }

  /** The store could not be asked. */
  deny(forMs: number, now: number): void {
    this.#deniedUntil = now + forMs;
  }

  /** Something has changed elsewhere: it is worth asking at once. */
  hope(): void {
    this.#startAt = Number.NEGATIVE_INFINITY;
    this.#deniedMs = 0;
    this.#deniedUntil = Number.NEGATIVE_INFINITY;
  }

  get deniedUntil(): number {
    return Math.max(this.#deniedUntil, this.#startAt);
  }

  #deny(isDenied: boolean, hasGrown: boolean, now: number): void {
    if (!isDenied) return this.hope();
    this.#deniedMs = hasGrown ? DENIED_MS : Math.min(DENIED_MOST_MS, 2 * (this.#deniedMs || DENIED_MS / 2));
    this.#deniedUntil = now + this.#deniedMs;
  }

  #turnPeaks({ call, job }: InUse, now: number): void {
    if (now - this.#peakSince < PEAK_MS) return;
    this.#peakBefore = now - this.#peakSince < 2 * PEAK_MS ? { ...this.#peak } : { call, job };
    this.#peak.call = call;
    this.#peak.job = job;
    this.#peakSince = now;
  }

  /** As many as were in use lately, and those that were turned away since; or just before. */
  #wanted(side: Side, inUse: InUse, inForce: number, now: number): number {
    const lately = Math.max(inUse[side], this.#peak[side], this.#peakBefore[side]);
    const missed = this.#missed[side];
    // One job that finds no slot stands for many, and a claim wants slots for all it might find.
    const more = side === "job" && missed > 0 ? Math.max(FIRST_BLOCK, inUse.job) : missed;
    if (more > 0) this.#seek(side, lately + more, now);
    const sought = now - this.#soughtAt[side] < SOUGHT_MS ? this.#sought[side] : 0;
    return Math.min(inForce, Math.max(lately, sought));
  }

  #rateAsk(perSecond: number, now: number): NonNullable<LimitAsk["rate"]> {
    const isLate = now >= this.#startsUntil;
    const unused = isLate ? this.#starts : 0;
    if (isLate) this.#starts = 0;
    const { call, job } = this.#missed;
    const most = Math.max(1, Math.floor(burstOf(perSecond)));
    if (call + job > 0) this.#seek("starts", job > 0 ? most : Math.min(most, call), now);
    const wanted = now - this.#soughtAt.starts < STARTS_SOUGHT_MS ? this.#sought.starts : 0;
    return { perSecond, wanted: Math.max(0, wanted - this.#starts), unused };
  }

  #seek(what: Side | "starts", count: number, now: number): void {
    this.#sought[what] = count;
    this.#soughtAt[what] = now;
  }
}
