/**
 * What this process is running right now: so that receipts can show progress, a cancel reaches the handler at once,
 * timeouts and leases are looked after together, and a server that stops knows what it waits for. Correctness never
 * depends on it; the store's fence does that.
 */
import type { Clock, Timer } from "./clock.ts";
import type { Outcome } from "./decide.ts";
import { SpillwayError } from "./errors.ts";
import type { JobId, Progress } from "./job.ts";
import type { Notifier } from "./notifier.ts";
import type { Work } from "./work.ts";

export interface LiveRun {
  readonly work: Work;
  /** Its place among the live; kept by `LiveRuns`. */
  place: number;
  /** When its time is over, on the monotonic clock; 0 while nothing is waited for. */
  deadline: number;
  /** Tells the handler; it may still end as it likes. */
  abort(reason: Error): void;
  /** The attempt is over, whatever the handler does. */
  end(outcome: Outcome, reason: Error): void;
  timeOut(): void;
}

type Zombies = { count: number; readonly waiters: (() => void)[] };

export class LiveRuns {
  readonly #clock: Clock;
  readonly #notifier: Notifier;
  /**
   * Dense and in no order: the last one takes the place of one that ends. A Set or a Map of what lives so shortly
   * costs more in garbage than in look-ups, and who is looked for is looked for seldom.
   */
  readonly #runs: LiveRun[] = [];
  /** Of those that said something. */
  readonly #progress = new Map<JobId, { readonly run: LiveRun; readonly said: Progress }>();
  /** Handlers that are still at it although their attempt is over. */
  readonly #zombies = new Map<JobId, Zombies>();
  /** One for all, at the first deadline that was there when it was set. */
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #idle: (() => void)[] = [];

  constructor(notifier: Notifier, clock: Clock) {
    this.#notifier = notifier;
    this.#clock = clock;
  }

  add(run: LiveRun): void {
    run.place = this.#runs.push(run) - 1;
  }

  remove(run: LiveRun): void {
    const last = this.#runs.pop();
    if (last && last !== run) {
      this.#runs[run.place] = last;
      last.place = run.place;
    }
    this.#forgetProgress(run);
    if (this.#runs.length === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Ends the run at this time, on the monotonic clock, unless its deadline is taken back. */
  endAt(run: LiveRun, deadline: number): void {
    run.deadline = deadline;
    if (deadline < this.#timerAt) this.#wakeAt(deadline);
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    if (this.#runs.length > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Ends every attempt; the handlers are told, and what they still do no longer counts. */
  stopAll(): void {
    const reason = new SpillwayError("draining", "The server is shutting down.");
    for (const run of [...this.#runs]) run.end({ kind: "stopped" }, reason);
  }

  report(run: LiveRun, said: Progress): void {
    // What says it after its end is not to be remembered for ever.
    if (this.#runs[run.place] === run) this.#progress.set(run.work.id, { run, said });
    this.#notifier.publish("receipt", run.work.id);
  }

  progressOf(id: JobId): Progress | undefined {
    const progress = this.#progress.get(id);
    return progress?.run.work.durable ? progress.said : undefined;
  }

  /** Tells the handler that nobody wants its result any more; it may still end as it likes. */
  cancel(id: JobId): void {
    const reason = new SpillwayError("cancelled", "The caller cancelled this job.");
    for (const run of this.durable()) if (run.work.id === id) run.abort(reason);
  }

  /** Those whose leases stand in the store, and must be extended. Nobody knows another by its id. */
  durable(): readonly LiveRun[] {
    return this.#runs.filter(({ work }) => work.durable);
  }

  /** The job's handler is still at it although its attempt is over; returns the way to say that it has ended. */
  haunt(id: JobId): () => void {
    const zombies = this.#zombies.get(id) ?? { count: 0, waiters: [] };
    zombies.count++;
    this.#zombies.set(id, zombies);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--zombies.count > 0) return;
      this.#zombies.delete(id);
      for (const resolve of zombies.waiters) resolve();
    };
  }

  /** None of these may be run again yet. */
  isHaunted(id: JobId): boolean {
    return this.#zombies.size > 0 && this.#zombies.has(id);
  }

  /** Resolves when the last handler that is still at it has returned. */
  async unhaunted(id: JobId): Promise<void> {
    const zombies = this.#zombies.get(id);
    if (zombies) await new Promise<void>((resolve) => zombies.waiters.push(resolve));
  }

  /** Most say nothing, and a look by an id that is new to this thread takes 0.3 µs for its hash. */
  #forgetProgress(run: LiveRun): void {
    if (this.#progress.size === 0) return;
    const { id } = run.work;
    if (this.#progress.get(id)?.run === run) this.#progress.delete(id);
  }

  #wakeAt(at: number): void {
    this.#timer?.cancel();
    this.#timerAt = at;
    const ms = Math.max(1, Math.ceil(at - this.#clock.monotonic()));
    this.#timer = this.#clock.after(ms, () => this.#timeOut());
  }

  /** Looks at all, but seldom: most have ended by the deadline that the timer was set to. */
  #timeOut(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const run of [...this.#runs]) {
      if (run.deadline === 0) continue;
      if (run.deadline <= now) run.timeOut();
      else next = Math.min(next, run.deadline);
    }
    if (next < this.#timerAt) this.#wakeAt(next);
  }
}
