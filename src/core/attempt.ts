/**
 * One run of a handler, within its time: from a checked input to an outcome and the effects it collected. Applies
 * nothing and decides nothing; `perform.ts` commits what comes out of it. Never rejects.
 */
import type { Outcome } from "./decide.ts";
import { type Collected, Effects, NOTHING, type Sent } from "./effects.ts";
import type { Engine, NewCall } from "./engine.ts";
import type { JobId, Principal, Progress } from "./job.ts";
import type { Context, Operation } from "./operation.ts";
import { outcomeOf, outcomeOfThrown } from "./outcome.ts";
import type { Stop } from "./stop.ts";

/** Runs handlers: in this process, or elsewhere one day. */
export type Executor = (operation: Operation, input: unknown, context: Context) => unknown;

export const inProcess: Executor = (operation, input, context) => operation.handler(input as never, context);

export type Ran = {
  readonly outcome: Outcome;
  readonly collected: Collected;
  /** Reads were made: the commit may find them changed, and the handler may have to run again. */
  readonly mayConflict: boolean;
  /** Set when the handler had not returned when its time was up. */
  readonly returned?: Promise<unknown>;
};

export type AttemptRun = {
  readonly operation: Operation;
  readonly id: JobId;
  readonly principal: Principal;
  readonly attempt: number;
  readonly startedAt: number;
  readonly input: unknown;
  readonly engine: Engine | undefined;
  readonly executor: Executor;
  readonly stop: Stop;
  readonly onProgress: (progress: Progress) => void;
  readonly born: (sent: Sent) => NewCall;
  readonly onError: (error: unknown) => void;
};

export async function runAttempt(run: AttemptRun): Promise<Ran> {
  // Its time ran out while the run before was being committed, in vain: the handler is not begun again.
  if (run.stop.outcome) return without(run.stop.outcome);
  const effects = new Effects(run.engine, run.onError);
  const handler = handled(run, effects);
  const forced = (outcome: Outcome): Ran => ({ ...without(outcome), returned: handler });
  return run.stop.race(handler, forced);
}

/** Everything that runs the app's own code, schemas included: whatever it throws becomes an outcome. */
async function handled(run: AttemptRun, effects: Effects): Promise<Ran> {
  const { operation, engine } = run;
  try {
    const value = await run.executor(operation, run.input, new HandlerContext(run, effects));
    effects.seal();
    const outcome = await outcomeOf(value, operation.spec, engine?.limits);
    const mayConflict = effects.hasReads;
    if (outcome.kind !== "returned") return { outcome, collected: NOTHING, mayConflict };
    const collected = await effects.collect(engine?.limits, run.born);
    if ("code" in collected) return without({ kind: "ended", error: collected });
    return { outcome, collected, mayConflict };
  } catch (error) {
    effects.seal();
    return { ...without(outcomeOfThrown(error, run.onError)), mayConflict: effects.hasReads };
  }
}

function without(outcome: Outcome): Ran {
  return { outcome, collected: NOTHING, mayConflict: false };
}

/** What a handler sees. Members are made when asked for. */
class HandlerContext implements Context {
  readonly id: string;
  readonly attempt: number;
  readonly principal: Principal;
  readonly read: Context["read"];
  readonly write: Context["write"];
  readonly send: Context["send"];
  readonly #run: AttemptRun;

  constructor(run: AttemptRun, effects: Effects) {
    this.id = run.id;
    this.attempt = run.attempt;
    this.principal = run.principal;
    this.read = effects.read;
    this.write = effects.write;
    this.send = effects.send;
    this.#run = run;
  }

  get now(): Date {
    return new Date(this.#run.startedAt);
  }

  get signal(): AbortSignal {
    return this.#run.stop.signal;
  }

  get progress(): Context["progress"] {
    return ({ ratio, message }) =>
      this.#run.onProgress({
        ...(ratio !== undefined && { ratio: Math.min(1, Math.max(0, ratio)) }),
        ...(message !== undefined && { message: String(message).slice(0, 500) }),
      });
  }
}
