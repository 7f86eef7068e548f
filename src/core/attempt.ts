/**
 * One run of a handler, within its time: from a checked input to an outcome and the effects it collected. Applies
 * nothing and decides nothing; `perform.ts` commits what comes out of it.
 */
import type { Clock } from "./clock.ts";
import type { Outcome } from "./decide.ts";
import { byteLength, type Collected, Effects, NOTHING, type Sent } from "./effects.ts";
import type { Engine, NewCall } from "./engine.ts";
import {
  type Problem,
  ProblemError,
  problem,
  RetryableError,
  SpillwayError,
  TerminalError,
  ThrottledError,
} from "./errors.ts";
import type { JobId, Principal, Progress } from "./job.ts";
import type { JsonValue } from "./json.ts";
import type { Context, Operation } from "./operation.ts";
import { validate } from "./schema.ts";

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
  readonly input: unknown;
  readonly engine: Engine | undefined;
  readonly clock: Clock;
  readonly executor: Executor;
  readonly stop: Stop;
  readonly onProgress: (progress: Progress) => void;
  readonly born: (sent: Sent) => NewCall;
  readonly onError: (error: unknown) => void;
};

const PORTABLE_OUTPUT_BYTES = 64 * 1024;

/** One attempt's end from outside: its timeout, a cancel, or the server's stop. Serves all runs of the attempt. */
export class Stop {
  readonly #timeoutMs: number;
  #controller: AbortController | undefined;
  #reason: Error | undefined;
  #ended: ((outcome: Outcome) => void) | undefined;
  #outcome: Outcome | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Made only for handlers that ask: most do not, and an AbortSignal is dear. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason && !this.#controller.signal.aborted) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** Tells the handler; it may still end as it likes. */
  abort(reason: Error): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }

  timeOut(): void {
    const error = problem("handler-timeout", `It did not end within ${this.#timeoutMs} ms.`);
    this.end(
      { kind: "failed", error },
      new SpillwayError("handler-timeout", `The attempt's ${this.#timeoutMs} ms are over.`),
    );
  }

  /** The attempt is over, whatever the handler does. */
  end(outcome: Outcome, reason: Error): void {
    this.abort(reason);
    this.#outcome ??= outcome;
    this.#ended?.(this.#outcome);
  }

  /** The handler's own end, or the one forced on it. */
  race(handler: Promise<Outcome>): Promise<Outcome> {
    return new Promise((resolve) => {
      if (this.#outcome) resolve(this.#outcome);
      this.#ended = resolve;
      void handler.then(resolve);
    });
  }

  get forced(): boolean {
    return this.#outcome !== undefined;
  }
}

export async function runAttempt(run: AttemptRun): Promise<Ran> {
  const effects = new Effects(run.engine);
  let pending: unknown;
  try {
    pending = run.executor(run.operation, run.input, new HandlerContext(run, effects));
  } catch (error) {
    return { outcome: thrown(error, run), collected: NOTHING, mayConflict: effects.hasReads };
  }
  const handler = Promise.resolve(pending).then(
    (value): Promise<Outcome> | Outcome => returned(value, run),
    (error): Outcome => thrown(error, run),
  );
  const outcome = await run.stop.race(handler);
  if (run.stop.forced) return { outcome, collected: NOTHING, mayConflict: false, returned: handler };
  if (outcome.kind !== "returned") return { outcome, collected: NOTHING, mayConflict: effects.hasReads };
  const collected = await effects.finish(run.engine?.limits, run.born);
  if ("code" in collected)
    return { outcome: { kind: "ended", error: collected }, collected: NOTHING, mayConflict: false };
  return { outcome, collected, mayConflict: effects.hasReads };
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
    return new Date(this.#run.clock.now());
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

async function returned(value: unknown, { operation, engine }: AttemptRun): Promise<Outcome> {
  const schema = operation.spec.output;
  let output = value;
  if (schema) {
    const result = await validate(schema, value as JsonValue);
    if (!result.ok) return ended(problem("invalid-output", undefined, { errors: result.faults }));
    output = result.value;
  }
  let text: string;
  try {
    text = JSON.stringify(output) ?? "null";
  } catch (error) {
    return ended(
      problem(
        "invalid-output",
        `What the handler returned cannot be written as JSON: ${(error as Error).message}`,
      ),
    );
  }
  const most = engine?.limits.outputBytes ?? PORTABLE_OUTPUT_BYTES;
  const bytes = byteLength(text);
  if (bytes > most)
    return ended(problem("invalid-output", `The output has ${bytes} bytes; at most ${most} fit.`));
  return { kind: "returned", output: text };
}

function thrown(error: unknown, run: AttemptRun): Outcome {
  if (error instanceof ProblemError && error.problem.status >= 400 && error.problem.status < 500)
    return ended(error.problem);
  if (error instanceof ThrottledError) {
    return { kind: "throttled", ...(error.afterMs !== undefined && { afterMs: error.afterMs }) };
  }
  run.onError(error);
  // What a handler throws may bear anything, so none of it reaches a caller.
  const failed = problem("handler-failed");
  if (error instanceof TerminalError || (error instanceof SpillwayError && error.code === "configuration"))
    return ended(failed);
  const afterMs = error instanceof RetryableError ? error.afterMs : undefined;
  return { kind: "failed", error: failed, ...(afterMs !== undefined && { afterMs }) };
}

function ended(error: Problem): Outcome {
  return { kind: "ended", error };
}
