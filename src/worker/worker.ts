/**
 * Runs queued jobs: takes slots from the gate, claims as many jobs, performs them. Hears of new work by hints and
 * looks for itself once a second; claims no job without a slot for it, so that nothing waits under a lease.
 */
import type { Timer } from "../core/clock.ts";
import type { AnswerOf, Claim } from "../core/engine.ts";
import type { Slot } from "../core/gate.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { Streak } from "../core/streak.ts";
import { QueueState } from "./queue-state.ts";
import { ClaimedJob, type JobHost } from "./run-job.ts";

const POLL_MS = 1_000;
/** Slots taken in one claim. Twice as many cost as much a job, and calls would wait twice as long for their group. */
const CLAIM_MOST = 512;
/** Claims on their way: while the jobs of one run, the store takes the other's. */
const CLAIMS_IN_FLIGHT = 2;
/** So that one claim leaves slots for the other: half of an operation's, if that is enough to be worth a group. */
const WORTH_A_GROUP = 256;
/**
 * With so many outcomes waiting for their commit, as they do beside a crowd of calls, more handlers would only make
 * more of them. A settled job is what there is to wait for; the time is for when all of them were calls' at once.
 */
const UNSETTLED_MOST = 1_024;
const UNSETTLED_MS = 100;
/** A clock that is set by the store's, over a network, is right by some milliseconds. */
const CLOCKS_DIFFER_MS = 50;

/** What a claim asks for one queue, and the slots it has for that. */
type Asked = { readonly queue: QueueState; readonly most: number; readonly slots: Slot[] };

const NONE: AnswerOf<"claim"> & { kind: "claimed" } = { kind: "claimed", claims: [], full: [] };

export class Worker {
  readonly #runtime: Runtime;
  readonly #store: Store;
  readonly #queues: readonly QueueState[];
  /** Looks at the queues that failed. */
  readonly #blind: Streak;
  readonly #leave: (() => void)[] = [];
  readonly #host: JobHost;
  /** Jobs that are claimed and not settled. */
  #running = 0;
  readonly #resting: (() => void)[] = [];
  #timer: Timer | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #scheduled = false;
  #claiming = 0;
  #turn = 0;
  #open = false;

  constructor(runtime: Runtime, store: Store) {
    this.#runtime = runtime;
    this.#store = store;
    this.#queues = [...runtime.operations.keys()].map((name) => new QueueState(name));
    this.#host = { runtime, store, over: () => this.#over() };
    this.#blind = new Streak(runtime);
  }

  start(): void {
    this.#open = true;
    const { notifier, gate } = this.#runtime;
    for (const queue of this.#queues) {
      this.#leave.push(notifier.subscribe("queue", queue.operation, (dueAt) => this.#hear(queue, dueAt)));
    }
    this.#leave.push(gate.onRoom(() => this.#schedule()));
    void this.#poll();
  }

  /** No more claims. Jobs that run go on. */
  stopClaims(): void {
    this.#open = false;
    this.#timer?.cancel();
    for (const leave of this.#leave.splice(0)) leave();
  }

  /** Resolves when every job it has claimed is settled. */
  async finish(): Promise<void> {
    if (this.#running > 0 || this.#claiming > 0)
      await new Promise<void>((resolve) => this.#resting.push(resolve));
  }

  #hear(queue: QueueState, dueAt: number): void {
    const inMs = dueAt - this.#runtime.clock.now();
    if (inMs > 0) return this.#wakeIn(inMs);
    queue.hear();
    // The gate calls when it is resumed.
    if (!this.#runtime.gate.isPaused(queue.operation)) this.#schedule();
  }

  /**
   * Looks before it claims: a claim takes slots, and one that finds nothing would have kept them from a call that
   * is answered at once.
   */
  async #poll(): Promise<void> {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.#wakeIn(POLL_MS);
    const now = this.#runtime.clock.now();
    try {
      for (const { operation, oldestAt, nextAt } of await this.#store.engine.figures()) {
        const queue = this.#queues.find((one) => one.operation === operation);
        if (queue && oldestAt !== undefined) queue.suspect();
        if (queue && nextAt !== undefined) this.#wakeIn(untilDue(nextAt, now));
      }
      this.#blind.over();
    } catch (error) {
      this.#blind.failed(error);
      for (const queue of this.#queues) queue.suspect();
    }
    this.#schedule();
  }

  /** The earliest of all that is waited for: the next poll, a later job, a share that is kept for calls at once. */
  #wakeIn(ms: number): void {
    const at = this.#runtime.clock.monotonic() + ms;
    if (!this.#open || at >= this.#wakeAt) return;
    this.#timer?.cancel();
    this.#wakeAt = at;
    this.#timer = this.#runtime.clock.after(ms, () => void this.#poll());
  }

  #schedule(): void {
    if (this.#scheduled || !this.#open) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (!this.#open || this.#claiming >= CLAIMS_IN_FLIGHT) return;
    if (this.#store.committer.unsettled > UNSETTLED_MOST) return this.#wakeIn(UNSETTLED_MS);
    const asked = this.#asking();
    const hungry = [...asked];
    let taken = 0;
    // A slot for each in turn, so that none takes all of what they share.
    for (let turn = 0; hungry.length > 0 && taken < CLAIM_MOST; ) {
      turn %= hungry.length;
      if (!this.#take(hungry[turn] as Asked)) {
        hungry.splice(turn, 1);
        continue;
      }
      taken++;
      turn++;
    }
    if (taken === 0) return;
    void this.#claim(asked.filter(({ slots }) => slots.length > 0));
    // The group with this claim leaves before that: the next one is ready when it is answered.
    this.#schedule();
  }

  /** The queues that want slots, another first each time. */
  #asking(): readonly Asked[] {
    const from = this.#turn++ % this.#queues.length;
    const inTurn = [...this.#queues.slice(from), ...this.#queues.slice(0, from)];
    const asking = inTurn.filter(({ expected }) => expected > 0);
    return asking.map((queue) => {
      const { limit } = this.#runtime.gate.operation(queue.operation);
      return { queue, most: Math.min(queue.expected, Math.max(limit / 2, WORTH_A_GROUP)), slots: [] };
    });
  }

  #take({ queue, most, slots }: Asked): boolean {
    if (slots.length >= most) return false;
    const { gate } = this.#runtime;
    const slot = gate.take(queue.operation, "job");
    if (slot.kind === "slot") {
      slots.push(slot);
      return true;
    }
    if (slot.kind === "paused") gate.noBacklog(queue.operation);
    else {
      const retryMs = gate.retryInMs(queue.operation);
      if (retryMs > 0) this.#wakeIn(retryMs);
    }
    return false;
  }

  async #claim(asked: readonly Asked[]): Promise<void> {
    this.#claiming++;
    const { random, leaseMs, clock } = this.#runtime;
    const queues = asked.map(({ queue, slots }) => ({ operation: queue.operation, limit: slots.length }));
    for (const { queue, slots } of asked) queue.ask(slots.length);
    const token = random.hex(16);
    const answer = await this.#store.committer.submit({ kind: "claim", queues, token, leaseMs });
    // What was committed with it is answered first: a handler may take its time, or the process with it.
    await new Promise<void>((resolve) => clock.soon(resolve));
    this.#claiming--;
    const { claims, full, nextAt } = answer.kind === "claimed" ? answer : NONE;
    this.#start(claims, asked);
    for (const [i, { limit }] of queues.entries()) {
      const { queue, slots } = asked[i] as Asked;
      queue.learn(limit - slots.length, full.includes(queue.operation));
      if (queue.expected === 0) this.#runtime.gate.noBacklog(queue.operation);
      for (const slot of slots) slot.giveBack();
    }
    if (nextAt !== undefined) this.#wakeIn(untilDue(nextAt, clock.now()));
    this.#schedule();
    this.#rest();
  }

  /** Each with a slot of its queue's. */
  #start(claims: readonly Claim[], asked: readonly Asked[]): void {
    const slotsOf = new Map(asked.map(({ queue, slots }) => [queue.operation, slots]));
    for (const claim of claims) {
      const operation = this.#runtime.operations.get(claim.job.operation);
      const slot = slotsOf.get(claim.job.operation)?.pop();
      if (!operation || !slot) continue;
      this.#running++;
      const job = new ClaimedJob(claim, operation, slot, this.#host);
      if (this.#open) job.run();
      else job.giveBack();
    }
  }

  #over(): void {
    this.#running--;
    this.#schedule();
    this.#rest();
  }

  #rest(): void {
    if (this.#running > 0 || this.#claiming > 0) return;
    for (const rested of this.#resting.splice(0)) rested();
  }
}

/** Of what the store says is not due yet. Where it is by our clock, the two differ, and it is not asked without pause. */
function untilDue(dueAt: number, now: number): number {
  if (dueAt > now) return dueAt - now;
  return dueAt > now - CLOCKS_DIFFER_MS ? 1 : CLOCKS_DIFFER_MS;
}
