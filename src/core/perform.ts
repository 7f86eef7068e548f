/**
 * One attempt from start to commit, the same for a call that is answered at once and for a job: run the handler,
 * decide, commit outcome and effects together, and run again at once when what it read has changed meanwhile. A
 * handler that is done at once waits for nothing but its commit.
 */
import { type AttemptRun, type Ran, runAttempt, without } from "./attempt.ts";
import { decide, type Outcome } from "./decide.ts";
import { NOTHING, type Sent } from "./effects.ts";
import { hasEffects, METERED_AS, needsRecord, noted, settledAs } from "./ending.ts";
import type { AnswerOf, NewCall, Settlement } from "./engine.ts";
import { type Problem, problem, SpillwayError } from "./errors.ts";
import type { Progress } from "./job.ts";
import type { LiveRun } from "./live.ts";
import { offer } from "./offer.ts";
import type { AnySpec } from "./operation.ts";
import { brokenBy, lostTo } from "./outcome.ts";
import type { Runtime } from "./runtime.ts";
import type { Soon } from "./soon.ts";
import type { SqlTransaction } from "./sql-transaction.ts";
import { Stop } from "./stop.ts";
import { type Performed, type Work, whereOf } from "./work.ts";

/** Runs beyond the first within one attempt, when what was read has changed. */
const RERUNS = 3;
const LOST_TO_OTHERS = { kind: "conflict", reads: [], conditions: [] } as const;
const LEAST_GRACE_MS = 30_000;

/** A handler that ignores its signal keeps its slot for as long again, but not for ever. */
export function graceMs({ timeoutMs }: AnySpec): number {
  return Math.max(timeoutMs, LEAST_GRACE_MS);
}

/** Never throws; `work` hears the end. */
export function perform(work: Work, runtime: Runtime): void {
  new Run(work, runtime).begin();
}

class Run implements AttemptRun, LiveRun {
  readonly work: Work;
  readonly startedAt: number;
  place = 0;
  deadline = 0;
  readonly #runtime: Runtime;
  readonly #begunAt: number;
  #reruns = 0;
  /** Made when it is needed: most attempts end by themselves. */
  #stop: Stop | undefined;
  /** The handler that is waited for. */
  #handler: Promise<Ran> | undefined;
  /** Of an operation with `sql: true`, once its handler has used it. */
  #transaction: SqlTransaction | undefined;
  #isHaunted = false;
  #isOver = false;

  constructor(work: Work, runtime: Runtime) {
    this.work = work;
    this.#runtime = runtime;
    this.startedAt = runtime.clock.now();
    this.#begunAt = runtime.clock.monotonic();
  }

  get engine() {
    return this.#runtime.store?.engine;
  }

  get executor() {
    return this.#runtime.executor;
  }

  get signal(): AbortSignal {
    return this.#stopping().signal;
  }

  transaction(): SqlTransaction {
    if (!this.#transaction) {
      if (this.#isHaunted || this.#isOver) throw new SpillwayError("handler-timeout", "Its attempt is over.");
      const begin = this.engine?.begin?.bind(this.engine);
      if (!begin)
        throw new RangeError("No engine to begin a transaction in: the app was not checked at its start.");
      this.#transaction = begin(Math.max(1, this.#latestEnd() - this.#runtime.clock.monotonic()));
    }
    return this.#transaction;
  }

  report(progress: Progress): void {
    this.#runtime.live.report(this, progress);
  }

  complain(error: unknown): void {
    this.#runtime.onError(error, whereOf(this.work));
  }

  born({ spec, input, delayMs }: Sent): NewCall {
    const { id, principal } = this.work;
    return {
      ...this.#runtime.ids.mint(),
      operation: spec.name,
      principal,
      input,
      inputVersion: spec.version,
      delayMs,
      maxAttempts: spec.retry.maxAttempts,
      details: { origin: id },
      start: "queued",
    };
  }

  begin(): void {
    this.#runtime.live.add(this);
    this.#step(() => this.#runHandler());
  }

  abort(reason: Error): void {
    this.#stopping().abort(reason);
  }

  timeOut(): void {
    const limitMs = Math.round(this.deadline - this.#begunAt);
    const error = problem("handler-timeout", `It did not end within ${limitMs} ms.`);
    const reason = new SpillwayError("handler-timeout", `The attempt's ${limitMs} ms are over.`);
    this.end({ kind: "failed", error }, reason);
  }

  end(outcome: Outcome, reason: Error): void {
    this.deadline = 0;
    this.#stopping().end(outcome, reason);
    const handler = this.#handler;
    if (!handler) return;
    this.#handler = undefined;
    this.#step(() => {
      this.#haunt(handler);
      this.#settle(without(this.#stopping().outcome ?? outcome));
    });
  }

  #runHandler(): void {
    // Its time ran out while the run before was being committed, in vain: the handler is not begun again.
    if (this.#stop?.outcome) return this.#handled(without(this.#stop.outcome));
    const ran = runAttempt(this);
    if (!(ran instanceof Promise)) return this.#handled(ran);
    this.#handler = ran;
    if (this.deadline === 0) this.#runtime.live.endAt(this, this.#latestEnd());
    void ran.then((result) => {
      // Else it was given up meanwhile.
      if (this.#handler === ran) this.#step(() => this.#handled(result));
    });
  }

  /** Of a process that may not go on for so long: earlier. */
  #latestEnd(): number {
    const { timeLeftMs, clock } = this.#runtime;
    const end = this.#begunAt + this.work.operation.spec.timeoutMs;
    return timeLeftMs ? Math.min(end, clock.monotonic() + timeLeftMs()) : end;
  }

  #handled(ran: Ran): void {
    this.#handler = undefined;
    if (this.#transaction?.isLost) {
      this.#rollback();
      return this.#conflicted(LOST_TO_OTHERS);
    }
    // What it read may have changed: then the handler runs again, and needs its slot and its time. So does a
    // transaction, which has a connection for as long.
    if (!(ran.mayConflict || this.#transaction) || ran.outcome.kind !== "returned") {
      this.deadline = 0;
      if (!this.#isHaunted) this.work.slot.release();
    }
    this.#settle(ran);
  }

  /** The handler is still at it: its slot goes back when it has really ended, and after a grace at the latest. */
  #haunt(handler: Promise<unknown>): void {
    const { slot, id, operation } = this.work;
    const { live, clock, meters } = this.#runtime;
    this.#isHaunted = true;
    const over = live.haunt(id);
    const grace = clock.after(graceMs(operation.spec), () => {
      const meter = meters.get(operation.spec.name);
      if (meter) meter.abandoned++;
      leave();
    });
    const leave = () => {
      grace.cancel();
      over();
      slot.release();
    };
    void handler.then(leave);
  }

  #settle({ outcome, collected }: Pick<Ran, "outcome" | "collected">): void {
    this.#with(this.work.record(), (born) => {
      const { verdict, error } = decide(outcome, this.work, this.#runtime.random);
      const own = this.#transaction;
      if (born && !own && !needsRecord(verdict, collected)) return this.#end(settledAs(verdict, error));
      const effects = verdict.kind === "succeeded" && hasEffects(collected) ? collected : NOTHING;
      const { lease, claimed } = this.work;
      const whose = born ? { lease, born } : claimed ? { lease, claimed } : { lease };
      const attempt = noted(this, this.#runtime, outcome, error);
      const { reads, writes, sends, sql } = effects;
      const settlement = { ...whose, verdict, attempt, reads, writes, sends };
      this.#commit(sql ? { ...settlement, sql } : settlement, error);
    });
  }

  #commit(settlement: Settlement, error: Problem | undefined): void {
    const own = this.#transaction;
    this.#transaction = undefined;
    const answered = (answer: AnswerOf<"settle">) =>
      this.#step(() => this.#committed(answer, settlement, error));
    if (own && settlement.verdict.kind === "succeeded") {
      return this.#runtime.store?.committer.settleIn(own, settlement, answered);
    }
    own?.rollback();
    const patiently = this.work.running === "job";
    offer(settlement, this.work, patiently, this.#runtime, answered);
  }

  #committed(answer: AnswerOf<"settle">, { verdict, sends }: Settlement, error: Problem | undefined): void {
    switch (answer.kind) {
      case "applied":
        for (const { operation } of sends) this.#runtime.meters.get(operation)?.count("accepted");
        return this.#end(settledAs(verdict, error, answer));
      case "stale":
        return this.#end({ kind: "stale" });
      case "refused":
        return this.#end(this.#refused(answer));
      case "conflict":
        return this.#conflicted(answer);
      case "failed":
        this.complain(new Error(`A statement of it failed: ${answer.said}`));
        return this.#settle({ outcome: brokenBy(answer), collected: NOTHING });
    }
  }

  #conflicted(answer: AnswerOf<"settle"> & { kind: "conflict" }): void {
    if (answer.conditions.length === 0 && this.#reruns++ < RERUNS) {
      this.work.runsAgain();
      return this.#runHandler();
    }
    this.#settle({ outcome: lostTo(answer), collected: NOTHING });
  }

  /** The store could not take it. A job's lease runs out and it is run again; a caller hears that nothing was kept. */
  #refused({ code }: AnswerOf<"settle"> & { kind: "refused" }): Performed {
    const { running, durable, lease } = this.work;
    if (running === "job") return { kind: "stale" };
    const verdict = { kind: "forgotten" } as const;
    // So that the caller's key is free as soon as there is room again, and not only when the lease has run out.
    if (durable) offer({ lease, verdict, ...NOTHING }, this.work, true, this.#runtime, () => undefined);
    return settledAs(verdict, problem(code, "The outcome could not be stored; nothing was kept."));
  }

  #end(performed: Performed): void {
    const meter = this.#runtime.meters.get(this.work.operation.spec.name);
    meter?.ran(this.#runtime.clock.monotonic() - this.#begunAt);
    if (performed.kind === "settled") meter?.count(METERED_AS[performed.verdict.kind]);
    this.#leave();
    this.work.ended(performed);
  }

  #rollback(): void {
    this.#transaction?.rollback();
    this.#transaction = undefined;
  }

  #leave(): void {
    this.#isOver = true;
    this.#rollback();
    this.deadline = 0;
    if (!this.#isHaunted) this.work.slot.release();
    this.#runtime.live.remove(this);
  }

  /** What nobody foresaw ends this run, and no other that is waiting for the same commit. */
  #step(next: () => void): void {
    try {
      next();
    } catch (error) {
      if (this.#isOver) return this.complain(error);
      this.#leave();
      this.work.broke(error);
    }
  }

  #with<T>(value: Soon<T>, next: (value: T) => void): void {
    if (!(value instanceof Promise)) return next(value);
    const broken = (error: unknown) =>
      this.#step(() => {
        throw error;
      });
    value.then((there) => this.#step(() => next(there)), broken);
  }

  #stopping(): Stop {
    this.#stop ??= new Stop();
    return this.#stop;
  }
}
