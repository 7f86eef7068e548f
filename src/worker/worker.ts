/**
 * Runs queued jobs: takes slots from the gate, claims as many jobs, performs them. Hears of new work by hints and
 * looks for itself once a second; claims no job without a slot for it, so that nothing waits under a lease.
 */
import type { Timer } from "../core/clock.ts";
import type { AnswerOf, Claim, Queue } from "../core/engine.ts";
import type { Slot } from "../core/gate.ts";
import type { Runtime, Store } from "../core/runtime.ts";
import { Streak } from "../core/streak.ts";
import { Keeper } from "./keeper.ts";
import { QueueState } from "./queue-state.ts";
import { giveBack, runJob } from "./run-job.ts";

const POLL_MS = 1_000;
/** Slots taken for one operation in one claim. */
const CLAIM_MOST = 256;
/** Claims on their way: one in the group under commit, and one in the next. */
const CLAIMS_IN_FLIGHT = 2;
/** With so many outcomes waiting for their commit, more handlers would only make more of them. */
const UNSETTLED_MOST = 4_096;

export class Worker {
  readonly #runtime: Runtime;
  readonly #store: Store;
  readonly #queues: readonly QueueState[];
  readonly #keeper: Keeper;
  /** Looks at the queues that failed. */
  readonly #blind: Streak;
  readonly #leave: (() => void)[] = [];
  readonly #running = new Set<Promise<void>>();
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
    this.#keeper = new Keeper(runtime, store);
    this.#blind = new Streak(runtime);
  }

  start(): void {
    this.#open = true;
    const { notifier, gate } = this.#runtime;
    for (const queue of this.#queues) {
      this.#leave.push(notifier.subscribe("queue", queue.operation, (dueAt) => this.#hear(queue, dueAt)));
    }
    this.#leave.push(gate.onRoom(() => this.#schedule()));
    this.#keeper.start();
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
    while (this.#running.size > 0 || this.#claiming > 0) {
      await Promise.all(this.#running);
      await this.#store.committer.drained();
    }
  }

  /** No more housekeeping either: nothing holds a lease any more. */
  stop(): void {
    this.#keeper.stop();
  }

  #hear(queue: QueueState, dueAt: number): void {
    const inMs = dueAt - this.#runtime.clock.now();
    if (inMs > 0) return this.#wakeIn(inMs);
    queue.hear();
    this.#schedule();
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
        if (queue && nextAt !== undefined) this.#wakeIn(nextAt - now);
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
    if (this.#store.committer.unsettled > UNSETTLED_MOST) return this.#wakeIn(10);
    const taken = new Map<QueueState, Slot[]>();
    for (let round = 0; round < CLAIM_MOST && this.#takeRound(taken); round++);
    if (taken.size > 0) void this.#claim(taken);
  }

  /** One slot for each queue that wants one, so that none takes all of what they share. */
  #takeRound(taken: Map<QueueState, Slot[]>): boolean {
    const { gate } = this.#runtime;
    let any = false;
    this.#turn++;
    for (let i = 0; i < this.#queues.length; i++) {
      const queue = this.#queues[(this.#turn + i) % this.#queues.length] as QueueState;
      const slots = taken.get(queue);
      if (queue.expected <= (slots?.length ?? 0)) continue;
      const slot = gate.take(queue.operation, "job");
      if (slot.kind === "slot") {
        any = true;
        if (slots) slots.push(slot);
        else taken.set(queue, [slot]);
      } else if (slot.kind === "paused") {
        gate.noBacklog(queue.operation);
      } else {
        const retryMs = gate.retryInMs(queue.operation);
        if (retryMs > 0) this.#wakeIn(retryMs);
      }
    }
    return any;
  }

  async #claim(taken: ReadonlyMap<QueueState, readonly Slot[]>): Promise<void> {
    this.#claiming++;
    const { random, leaseMs } = this.#runtime;
    const queues: Queue[] = [];
    for (const [queue, slots] of taken) {
      queue.ask();
      queues.push({ operation: queue.operation, limit: slots.length });
    }
    const answer = await this.#store.committer.submit({
      kind: "claim",
      queues,
      token: random.hex(16),
      leaseMs,
    });
    this.#claiming--;
    for (const [queue, slots] of taken) this.#start(queue, slots, answer);
    if (answer.kind === "claimed" && answer.nextAt !== undefined) {
      this.#wakeIn(Math.max(1, answer.nextAt - this.#runtime.clock.now()));
    }
    this.#schedule();
  }

  #start(queue: QueueState, slots: readonly Slot[], answer: AnswerOf<"claim">): void {
    const isOf = ({ job }: Claim) => job.operation === queue.operation;
    const claims = answer.kind === "claimed" ? answer.claims.filter(isOf) : [];
    queue.learn(claims.length, answer.kind === "claimed" && answer.full.includes(queue.operation));
    if (queue.expected === 0) this.#runtime.gate.noBacklog(queue.operation);
    for (const [i, slot] of slots.entries()) {
      const claim = claims[i];
      if (!claim) slot.giveBack();
      else if (this.#open) this.#track(runJob(claim, slot, this.#runtime, this.#store), claim);
      else this.#track(giveBack(claim, slot, this.#store), claim);
    }
  }

  #track(run: Promise<void>, { job }: Claim): void {
    const { id, operation, attempt } = job;
    const tracked = run
      .catch((error) => this.#runtime.onError(error, { operation, id, attempt }))
      .finally(() => {
        this.#running.delete(tracked);
        this.#schedule();
      });
    this.#running.add(tracked);
  }
}
