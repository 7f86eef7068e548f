/**
 * Keeps what this node was granted of the limits that nodes share: asks the store when something is turned away, gives
 * back what is not used, and says in time that it is alive. One request at a time, for all limits and all who wait.
 */
import { Allowance } from "./allowance.ts";
import type { Timer } from "./clock.ts";
import type { Engine } from "./engine.ts";
import { SpillwayError } from "./errors.ts";
import type { Gate, Limit, Slot } from "./gate.ts";
import type { JsonText } from "./job.ts";
import { limitsOf } from "./notifier.ts";
import type { Runtime } from "./runtime.ts";
import type { LimitAsk, NodeFacts, ShareAnswer, ShareRequest } from "./share.ts";
import { Streak } from "./streak.ts";

/** What is granted is held for so long. */
export const GRANTED_MS = 5_000;
/** Thrice within that time, so that one lost answer is none. */
const RENEW_MS = 1_500;
/** Whoever was not answered for so long may not be the only one. */
const UNHEARD_MS = 2 * RENEW_MS;
/** An answer that takes longer counts as none. */
const ANSWER_MS = 2_000;
/** A call at once that finds no slot waits for so long for one that another node is asked to give back. */
const CALL_WAITS_MS = 250;
/** Others were asked to give slots back, and hint when they have. */
const COMING_MS = 20;
/** Between two requests at least, whatever is wanted. */
const APART_MS = 5;
const FAILED_MS = 500;

type Asked = { readonly limit: Limit; readonly ask: LimitAsk };
type Share = NonNullable<Engine["share"]>;

type GrantsOptions = {
  readonly share: Share;
  readonly node: NodeFacts;
  /** How this node fares, for others to read. */
  readonly report: () => JsonText;
};

export class Grants {
  readonly #gate: Gate;
  readonly #runtime: Pick<Runtime, "clock" | "notifier" | "onError" | "outage">;
  readonly #options: GrantsOptions;
  readonly #limits: readonly Limit[];
  readonly #failures: Streak;
  readonly #leave: () => void;
  #timer: Timer | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #notBefore = Number.NEGATIVE_INFINITY;
  #number = 0;
  /** The last request that was answered, or given up. */
  #answered = 0;
  #isAsking = false;
  #asking: Promise<void> = Promise.resolve();
  #again = false;
  #givesBack = false;
  #isStopped = false;
  /** Whether the last request was not answered. */
  #isBlind = false;
  /** When it last asked what was answered. */
  #answeredAt: number;
  /** It was not answered for long: since when, and until when others may still be on their way back. */
  #unheardSince = 0;
  #backUntil = Number.NEGATIVE_INFINITY;
  #heard = Promise.withResolvers<void>();

  constructor(
    gate: Gate,
    runtime: Pick<Runtime, "clock" | "notifier" | "onError" | "outage">,
    options: GrantsOptions,
  ) {
    this.#gate = gate;
    this.#runtime = runtime;
    this.#options = options;
    this.#failures = new Streak(runtime);
    this.#answeredAt = runtime.clock.monotonic();
    this.#limits = gate.share(
      () => new Allowance(),
      () => this.#soon(),
    );
    const leaveRoom = gate.onRoom(() => this.#settleDebts());
    const leaveHints = runtime.notifier.subscribe("control", limitsOf(options.node.id), () => this.#hear());
    this.#leave = () => {
      leaveRoom();
      leaveHints();
    };
  }

  /** Says that this node is there. */
  async start(): Promise<void> {
    this.#asking = this.#ask();
    await this.#asking;
  }

  /** Everything goes back. What still runs is nobody's any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#leave();
    // What is under way would bring this node back.
    await this.#asking;
    try {
      await this.#said({ limits: [], report: "{}", leaves: true });
    } catch {
      // It ends by itself.
    }
  }

  /** Whether the store cannot be asked, so that nobody knows whether there is a slot. */
  get isBlind(): boolean {
    return this.#isBlind;
  }

  /**
   * A slot for a call at once that found none. It is turned away only after the store has answered what was asked once
   * it had come; where others were asked to give slots back, it waits for those a little.
   */
  async slot(operation: string): Promise<Slot | { readonly kind: "saturated" | "paused" }> {
    const { clock } = this.#runtime;
    const last = this.#number;
    let counted = last + 1;
    let until = clock.monotonic() + 2 * ANSWER_MS;
    let isAnswered = false;
    for (;;) {
      const slot = this.#gate.take(operation, "call", counted > this.#number);
      counted = this.#number + 1;
      if (slot.kind !== "saturated" || this.#isStopped || !this.#gate.mayGrow(operation)) return slot;
      const now = clock.monotonic();
      if (!isAnswered && this.#answered > last) {
        isAnswered = true;
        until = now + CALL_WAITS_MS;
      }
      if (now >= until) return slot;
      await this.#hears(until - now);
    }
  }

  /** The next answer, whatever it is. */
  async #hears(withinMs: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = this.#runtime.clock.after(withinMs, () => late.resolve());
    await Promise.race([this.#heard.promise, late.promise]);
    timer.cancel();
  }

  /** Another node wants slots, or has left some. */
  #hear(): void {
    for (const { budget } of this.#limits) budget.allowance?.hope();
    this.#givesBack = true;
    this.#notBefore = Math.min(this.#notBefore, this.#runtime.clock.monotonic() + APART_MS);
    this.#gate.tellRoom();
    this.#soon();
  }

  #settleDebts(): void {
    const now = this.#runtime.clock.monotonic();
    for (const { budget } of this.#limits) if (budget.allowance?.owes(budget.inUse, now)) return this.#soon();
  }

  /** In this turn's end, so that all who want something now want it together. */
  #soon(): void {
    if (this.#isAsking) this.#again = true;
    else this.#wakeIn(0);
  }

  #wakeIn(ms: number): void {
    const { clock } = this.#runtime;
    const now = clock.monotonic();
    const at = Math.max(now + ms, this.#notBefore);
    if (this.#isStopped || at >= this.#wakeAt) return;
    this.#timer?.cancel();
    this.#wakeAt = at;
    if (at <= now) queueMicrotask(() => void this.#wake());
    else this.#timer = clock.after(at - now, () => void this.#wake());
  }

  async #wake(): Promise<void> {
    if (this.#isStopped || this.#isAsking) return;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.#timer?.cancel();
    this.#isAsking = true;
    // Whoever still wants something says so before it is asked for.
    this.#gate.tellRoom();
    await undefined;
    if (this.#isStopped) return;
    this.#asking = this.#ask();
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    this.#again = false;
    const { clock } = this.#runtime;
    const asked = clock.monotonic();
    this.#notBefore = asked + APART_MS;
    const asks = this.#asks(asked);
    this.#givesBack = false;
    let nextMs = FAILED_MS;
    try {
      const limits = asks.map(({ ask }) => ask);
      const unheardMs = this.#unheardMs(asked);
      const answer = await this.#said({ limits, report: this.#options.report(), unheardMs });
      nextMs = this.#granted(asks, answer, asked);
      this.#answeredAt = asked;
      this.#isBlind = false;
      this.#failures.over();
    } catch (error) {
      this.#isBlind = true;
      this.#failures.failed(error);
      for (const { budget } of this.#limits) budget.allowance?.deny(FAILED_MS, clock.monotonic());
    }
    this.#isAsking = false;
    this.#answered = this.#number;
    this.#heard.resolve();
    this.#heard = Promise.withResolvers();
    this.#wakeIn(this.#again ? 0 : nextMs);
  }

  /** For how long others too may not have been answered. */
  #unheardMs(now: number): number {
    if (now - this.#answeredAt > UNHEARD_MS) {
      if (this.#answeredAt >= this.#backUntil) this.#unheardSince = this.#answeredAt;
      this.#backUntil = now + GRANTED_MS;
    }
    return now < this.#backUntil ? now - this.#unheardSince : 0;
  }

  #asks(now: number): readonly Asked[] {
    return this.#limits.flatMap((limit) => {
      const { scope, name, budget } = limit;
      const { allowance, concurrency, declared, ratePerSecond, inUse } = budget;
      if (!allowance || concurrency === null) return [];
      const wants = allowance.ask(inUse, concurrency, ratePerSecond, this.#givesBack, now);
      return wants ? [{ limit, ask: { scope, name, concurrency: declared, ...wants } }] : [];
    });
  }

  /** What the store answers to it, in time. */
  async #said(what: Omit<ShareRequest, "node" | "number" | "forMs">): Promise<ShareAnswer> {
    const { share, node } = this.#options;
    const late = Promise.withResolvers<never>();
    const timer = this.#runtime.clock.after(ANSWER_MS, () => late.reject(tooLate()));
    const request = { node, number: ++this.#number, forMs: GRANTED_MS, ...what };
    return await Promise.race([share(request), late.promise]).finally(() => timer.cancel());
  }

  /** Returns when to ask again. */
  #granted(asks: readonly Asked[], answer: ShareAnswer, asked: number): number {
    const now = this.#runtime.clock.monotonic();
    let nextMs = RENEW_MS;
    let hasGrown = false;
    for (const [place, { limit, ask }] of asks.entries()) {
      const { allowance, inUse, concurrency } = limit.budget;
      const grant = answer.limits[place];
      if (!allowance || !grant) continue;
      const wanted = Math.min(concurrency ?? 0, ask.calls + ask.jobs);
      if (allowance.grant(grant, wanted, asked, GRANTED_MS, now)) hasGrown = true;
      if (allowance.owes(inUse, now)) nextMs = 0;
      if (grant.coming > 0) {
        nextMs = Math.min(nextMs, COMING_MS);
        this.#notBefore = now + COMING_MS;
      }
      nextMs = Math.min(nextMs, Math.max(0, allowance.startsEndAt - now));
      if (allowance.isDenied(now)) nextMs = Math.min(nextMs, allowance.deniedUntil - now);
    }
    if (hasGrown) this.#gate.tellRoom();
    return nextMs;
  }
}

function tooLate(): SpillwayError {
  return new SpillwayError(
    "storage-unavailable",
    `The store did not say within ${ANSWER_MS} ms what this node may have of its limits.`,
  );
}
