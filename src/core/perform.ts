/**
 * One attempt from start to commit, the same for a call that is answered at once and for a job: run the handler,
 * decide, commit outcome and effects together, and run again at once when what it read has changed meanwhile.
 */
import { type AttemptRun, type Ran, runAttempt } from "./attempt.ts";
import { type Circumstances, decide, type Outcome } from "./decide.ts";
import { NOTHING, type Sent } from "./effects.ts";
import type { AnswerOf, Lease, NewCall, Settlement, Verdict } from "./engine.ts";
import { type Problem, problem, SpillwayError } from "./errors.ts";
import type { Slot } from "./gate.ts";
import type { Attempt, Job, JobId, Principal } from "./job.ts";
import type { LiveRun } from "./live.ts";
import type { Metered } from "./meter.ts";
import type { Operation } from "./operation.ts";
import type { Runtime } from "./runtime.ts";
import { Stop } from "./stop.ts";

type Work = {
  readonly operation: Operation;
  readonly id: JobId;
  readonly principal: Principal;
  readonly input: unknown;
  readonly circumstances: Circumstances;
  readonly slot: Slot;
  readonly lease: Lease;
  /** Whether the lease stands in the store, so that it must be extended. */
  readonly durable: boolean;
  /** How the record is reached at the commit; a call at once without a key has none until it needs one. */
  readonly record: () => OpenRecord | Promise<OpenRecord>;
  /** What it read had changed at the commit: the handler runs again. */
  readonly onRerun?: () => void;
};

/** A record that the lease holds, or a call whose record is born at the commit. */
export type OpenRecord = {
  readonly born?: NewCall;
  /** The call has become a job while it ran: its end must be kept. */
  readonly promoted?: true;
};

export type Performed =
  /** `job` is what the record became, if one was left behind; `error` what a waiting caller is answered, if no job is. */
  | { readonly kind: "settled"; readonly verdict: Verdict; readonly error?: Problem; readonly job?: Job }
  /** Somebody else holds the lease now: nothing of this run was applied. */
  | { readonly kind: "stale" };

/** Runs beyond the first within one attempt, when what was read has changed. */
const RERUNS = 3;
/** Five minutes in all; the lease is extended meanwhile. */
const SETTLE_AGAIN_MS = 500;
const SETTLE_TRIES = 600;
/** A handler that ignores its signal keeps its slot for as long again, but not for ever. */
const LEAST_GRACE_MS = 30_000;

export async function perform(work: Work, runtime: Runtime): Promise<Performed> {
  const { spec } = work.operation;
  const meter = runtime.meters.get(spec.name);
  const stop = new Stop(spec.timeoutMs);
  const startedAt = runtime.clock.now();
  const timer = runtime.clock.after(spec.timeoutMs, () => stop.timeOut());
  const run: LiveRun = { lease: work.lease, stop, durable: work.durable };
  runtime.live.add(run);
  let haunted = false;
  try {
    for (let reruns = 0; ; reruns++) {
      const ran = await runAttempt(attemptRun(work, run, startedAt, runtime));
      haunted = ran.returned !== undefined;
      if (haunted) haunt(work, ran, runtime);
      // What it read may have changed: then the handler runs again, and needs its slot and its time.
      else if (!ran.mayConflict || ran.outcome.kind !== "returned") {
        timer.cancel();
        work.slot.release();
      }
      const settled = await settle(ran, work, startedAt, reruns < RERUNS, runtime);
      if (settled === "again") {
        work.onRerun?.();
        continue;
      }
      meter?.ran(runtime.clock.now() - startedAt);
      if (settled.kind === "settled") meter?.count(METERED_AS[settled.verdict.kind]);
      return settled;
    }
  } finally {
    timer.cancel();
    if (!haunted) work.slot.release();
    runtime.live.remove(run);
  }
}

const METERED_AS = {
  succeeded: "succeeded",
  failed: "failed",
  forgotten: "failed",
  cancelled: "failed",
  queued: "retried",
  released: "retried",
} as const satisfies Readonly<Record<Verdict["kind"], Metered>>;

function attemptRun(work: Work, run: LiveRun, startedAt: number, runtime: Runtime): AttemptRun {
  const { operation, id, principal, input, circumstances } = work;
  const { attempt } = circumstances;
  return {
    operation,
    id,
    principal,
    input,
    attempt,
    startedAt,
    engine: runtime.store?.engine,
    executor: runtime.executor,
    stop: run.stop,
    onProgress: (progress) => runtime.live.report(run, progress),
    born: (sent) => sentCall(sent, work, runtime),
    onError: (error) => runtime.onError(error, whereOf(work)),
  };
}

/** The handler is still at it: its slot goes back when it has really ended, and after a grace at the latest. */
function haunt({ slot, id, operation }: Work, { returned }: Ran, runtime: Runtime): void {
  const { name, timeoutMs } = operation.spec;
  const end = runtime.live.haunt(id);
  const grace = runtime.clock.after(Math.max(timeoutMs, LEAST_GRACE_MS), () => {
    const meter = runtime.meters.get(name);
    if (meter) meter.abandoned++;
    leave();
  });
  const leave = () => {
    grace.cancel();
    end();
    slot.release();
  };
  void returned?.finally(leave);
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
    const { born, promoted } = await work.record();
    const circumstances = promoted ? { ...work.circumstances, running: "job" as const } : work.circumstances;
    const { verdict, error } = decide(outcome, circumstances, runtime.random);
    if (born && !needsRecord(verdict, collected)) {
      return { kind: "settled", verdict, ...(error && { error }) };
    }
    const { writes, sends } = verdict.kind === "succeeded" ? collected : NOTHING;
    const reads = writes.length + sends.length > 0 ? collected.reads : [];
    const attempt = attemptNote(work, startedAt, outcome, error, runtime);
    const settlement = { lease: work.lease, ...(born && { born }), verdict, attempt, reads, writes, sends };
    const answer = await commit(settlement, work, circumstances.running === "job", runtime);
    if (answer.kind === "applied") {
      return { kind: "settled", verdict, ...(error && { error }), ...(answer.job && { job: answer.job }) };
    }
    if (answer.kind === "stale") return { kind: "stale" };
    if (answer.kind === "conflict" && answer.conditions.length === 0 && mayRunAgain) return "again";
    outcome = lostTo(answer);
    collected = NOTHING;
    if (answer.kind === "refused") return refused(answer, work, runtime);
  }
}

function needsRecord(verdict: Verdict, { writes, sends }: Ran["collected"]): boolean {
  if (verdict.kind === "forgotten") return false;
  return verdict.kind !== "succeeded" || writes.length + sends.length > 0;
}

/** A job's outcome is offered again while the store has no room for it: its handler should not have to run again. */
async function commit(settlement: Settlement, work: Work, patiently: boolean, runtime: Runtime) {
  const { store, clock, drain, onError } = runtime;
  if (!store) throw new RangeError("A settlement without an engine: the app was not checked at its start.");
  for (let tries = 1; ; tries++) {
    const answer = await store.committer.submit({ kind: "settle", settlement });
    if (answer.kind !== "refused") return answer;
    if (tries === 1)
      onError(new SpillwayError(answer.code, `Its outcome was not stored: ${answer.detail}`), whereOf(work));
    if (!patiently || tries >= SETTLE_TRIES || drain.begun) return answer;
    await new Promise<void>((resolve) => clock.after(SETTLE_AGAIN_MS, resolve));
  }
}

function whereOf({ operation, id, circumstances }: Work) {
  return { operation: operation.spec.name, id, attempt: circumstances.attempt };
}

function lostTo(answer: AnswerOf<"settle">): Outcome {
  if (answer.kind !== "conflict" || answer.conditions.length === 0) return { kind: "conflicted" };
  const [first] = answer.conditions;
  const detail = first && `${first.table}/${first.key} is not as the write requires.`;
  return { kind: "ended", error: first?.problem ?? problem("condition-failed", detail) };
}

/** The store could not take it. A job's lease runs out and it is run again; a caller hears that nothing was kept. */
function refused(answer: AnswerOf<"settle"> & { kind: "refused" }, work: Work, runtime: Runtime): Performed {
  if (work.circumstances.running === "job") return { kind: "stale" };
  if (work.durable) void forget(work, runtime);
  const error = problem(answer.code, "The outcome could not be stored; nothing was kept.");
  return { kind: "settled", verdict: { kind: "forgotten" }, error };
}

/** So that the caller's key is free as soon as there is room again, and not only when the lease has run out. */
async function forget(work: Work, runtime: Runtime): Promise<void> {
  const settlement = { lease: work.lease, verdict: { kind: "forgotten" }, ...NOTHING } as const;
  await commit(settlement, work, true, runtime);
}

/** For operators, who may see what a handler threw; callers never do. */
function attemptNote(
  { circumstances }: Work,
  startedAt: number,
  outcome: Outcome,
  error: Problem | undefined,
  { clock, node }: Runtime,
): Attempt {
  const note = { number: circumstances.attempt, startedAt, endedAt: clock.now(), node };
  if (!error) return note;
  const detail = ("said" in outcome ? outcome.said : undefined) ?? error.detail;
  return { ...note, error: { code: error.code, ...(detail !== undefined && { detail }) } };
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
