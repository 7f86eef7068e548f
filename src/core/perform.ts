/**
 * One attempt from start to commit, the same for a call that is answered at once and for a job: run the handler,
 * decide, commit outcome and effects together, and run again at once when what it read has changed meanwhile.
 */
import { type Executor, type Ran, runAttempt, Stop } from "./attempt.ts";
import type { Clock, Timer } from "./clock.ts";
import type { Committer } from "./committer.ts";
import { type Circumstances, decide, type Outcome } from "./decide.ts";
import { NOTHING, type Sent } from "./effects.ts";
import type { AnswerOf, Engine, Lease, NewCall, Settlement, Verdict } from "./engine.ts";
import { type Problem, problem } from "./errors.ts";
import type { Slot } from "./gate.ts";
import type { Ids } from "./ids.ts";
import type { Attempt, Job, JobId, Principal } from "./job.ts";
import type { LiveRun, LiveRuns } from "./live.ts";
import type { Operation } from "./operation.ts";
import type { Random } from "./random.ts";

/** What all runs of a process share. */
export type Runtime = {
  readonly engine: Engine | undefined;
  readonly committer: Committer | undefined;
  readonly live: LiveRuns;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly random: Random;
  readonly executor: Executor;
  readonly node: string;
  readonly onError: (
    error: unknown,
    where: { readonly operation: string; readonly id: JobId; readonly attempt: number },
  ) => void;
  readonly onAbandoned: (operation: string) => void;
};

export type Work = {
  readonly operation: Operation;
  readonly id: JobId;
  readonly principal: Principal;
  readonly input: unknown;
  readonly circumstances: Circumstances;
  readonly slot: Slot;
  /** How the record is reached at the commit; a call at once without a key has none until it needs one. */
  readonly record: () => Record | Promise<Record>;
  /** Set where there is a lease from the start, so that receipts, cancels and heartbeats can find the run. */
  readonly lease?: Lease;
};

/** An open record that a lease holds, or a call whose record is born at the commit. */
export type Record = { readonly lease: Lease; readonly born?: NewCall };

export type Performed =
  /** `job` is what the record became, if one was left behind; `error` what a waiting caller is answered, if no job is. */
  | { readonly kind: "settled"; readonly verdict: Verdict; readonly error?: Problem; readonly job?: Job }
  /** Somebody else holds the lease now: nothing of this run was applied. */
  | { readonly kind: "stale" };

/** Runs beyond the first within one attempt, when what was read has changed. */
const RERUNS = 3;
/** A handler that ignores its signal keeps its slot for as long again, but not for ever. */
const LEAST_GRACE_MS = 30_000;

export async function perform(work: Work, runtime: Runtime): Promise<Performed> {
  const { timeoutMs } = work.operation.spec;
  const stop = new Stop(timeoutMs);
  const startedAt = runtime.clock.now();
  const timer = runtime.clock.after(timeoutMs, () => stop.timeOut());
  const run: LiveRun | undefined = work.lease && {
    lease: work.lease,
    cancel: (reason) => stop.abort(reason),
    end: (outcome, reason) => stop.end(outcome, reason),
  };
  if (run) runtime.live.add(run);
  try {
    for (let reruns = 0; ; reruns++) {
      const ran = await runAttempt({
        ...work,
        ...runtime,
        attempt: work.circumstances.attempt,
        stop,
        onProgress: (progress) => run && runtime.live.report(run, progress),
        born: (sent) => sentCall(sent, work, runtime),
        onError: (error) => runtime.onError(error, whereOf(work)),
      });
      // What it read may have changed: then the handler runs again, and needs its slot.
      if (!ran.mayConflict || ran.outcome.kind !== "returned") letGo(work, ran, timer, runtime);
      const settled = await settle(ran, work, startedAt, reruns < RERUNS && !stop.forced, runtime);
      if (settled !== "again") return settled;
    }
  } finally {
    timer.cancel();
    if (!stop.forced) work.slot.release();
    if (run) runtime.live.remove(run);
  }
}

function whereOf({ operation, id, circumstances }: Work) {
  return { operation: operation.spec.name, id, attempt: circumstances.attempt };
}

/** The slot goes back when the handler has really ended, and after a grace at the latest. */
function letGo({ slot, id, operation }: Work, { returned }: Ran, timer: Timer, runtime: Runtime): void {
  timer.cancel();
  if (!returned) return slot.release();
  runtime.live.haunt(id, returned);
  const graceMs = Math.max(operation.spec.timeoutMs, LEAST_GRACE_MS);
  const grace = runtime.clock.after(graceMs, () => {
    runtime.onAbandoned(operation.spec.name);
    slot.release();
  });
  void returned.finally(() => {
    grace.cancel();
    slot.release();
  });
}

async function settle(
  ran: Ran,
  work: Work,
  startedAt: number,
  mayRunAgain: boolean,
  runtime: Runtime,
): Promise<Performed | "again"> {
  let { outcome, collected } = ran;
  for (;;) {
    const { verdict, error } = decide(outcome, work.circumstances, runtime.random);
    const record = await work.record();
    if (record.born && !needsRecord(verdict, collected)) {
      return { kind: "settled", verdict, ...(error && { error }) };
    }
    const { writes, sends } = verdict.kind === "succeeded" ? collected : NOTHING;
    const reads = writes.length + sends.length > 0 ? collected.reads : [];
    const attempt = attemptNote(work, startedAt, error, runtime);
    const answer = await commit({ ...record, verdict, attempt, reads, writes, sends }, runtime);
    if (answer.kind === "applied")
      return { kind: "settled", verdict, ...(error && { error }), ...(answer.job && { job: answer.job }) };
    if (answer.kind === "stale") return { kind: "stale" };
    if (answer.kind === "conflict" && answer.conditions.length === 0 && mayRunAgain) return "again";
    outcome = lostTo(answer);
    collected = NOTHING;
    if (answer.kind === "refused") return refused(answer, work);
  }
}

function needsRecord(verdict: Verdict, { writes, sends }: Ran["collected"]): boolean {
  if (verdict.kind === "forgotten") return false;
  return verdict.kind !== "succeeded" || writes.length + sends.length > 0;
}

function commit(settlement: Settlement, { committer }: Runtime): Promise<AnswerOf<"settle">> {
  if (!committer)
    throw new RangeError("A settlement without an engine: the app was not checked at its start.");
  return committer.submit({ kind: "settle", settlement });
}

function lostTo(answer: AnswerOf<"settle">): Outcome {
  if (answer.kind !== "conflict" || answer.conditions.length === 0) return { kind: "conflicted" };
  const [first] = answer.conditions;
  const detail = first && `${first.table}/${first.key} is not as the write requires.`;
  return { kind: "ended", error: first?.problem ?? problem("condition-failed", detail) };
}

/** The store could not take it. Its lease runs out and it is run again; a caller hears that nothing was kept. */
function refused(answer: AnswerOf<"settle"> & { kind: "refused" }, work: Work): Performed {
  const error = problem(answer.code, answer.detail);
  return work.circumstances.running === "job"
    ? { kind: "stale" }
    : { kind: "settled", verdict: { kind: "forgotten" }, error };
}

function attemptNote(
  { circumstances }: Work,
  startedAt: number,
  error: Problem | undefined,
  { clock, node }: Runtime,
): Attempt {
  const note = { number: circumstances.attempt, startedAt, endedAt: clock.now(), node };
  if (!error) return note;
  return {
    ...note,
    error: { code: error.code, ...(error.detail !== undefined && { detail: error.detail }) },
  };
}

function sentCall({ spec, input, delayMs }: Sent, work: Work, { ids }: Runtime): NewCall {
  const call = ids.mint();
  return {
    ...call,
    operation: spec.name,
    principal: work.principal,
    input,
    inputVersion: spec.version,
    delayMs,
    maxAttempts: spec.retry.maxAttempts,
    details: { origin: work.id },
    start: "queued",
  };
}
