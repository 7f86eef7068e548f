/**
 * One run of a handler: from a checked input to an outcome and the effects it collected, at once if the handler is
 * done at once. Applies nothing and decides nothing; `perform.ts` commits what comes out of it. Never throws or
 * rejects.
 */
import type { Outcome } from "./decide.ts";
import { type Collected, Effects, NOTHING, type Sent } from "./effects.ts";
import type { Engine, NewCall } from "./engine.ts";
import { configurationError } from "./errors.ts";
import type { Progress } from "./job.ts";
import type { Context, Operation, SqlContext } from "./operation.ts";
import { outcomeOf, outcomeOfThrown } from "./outcome.ts";
import { type Soon, settled, then } from "./soon.ts";
import { checkedParams, checkStatement, type SqlValue } from "./sql.ts";
import type { Sql, SqlRows, SqlTransaction } from "./sql-transaction.ts";
import type { Work } from "./work.ts";

/** Runs handlers: in this process, or elsewhere one day. */
export type Executor = (operation: Operation, input: unknown, context: SqlContext) => unknown;

export const inProcess: Executor = (operation, input, context) => operation.handler(input as never, context);

export type Ran = {
  readonly outcome: Outcome;
  readonly collected: Collected;
  /** Reads were made: the commit may find them changed, and the handler may have to run again. */
  readonly mayConflict: boolean;
};

export interface AttemptRun {
  readonly work: Work;
  readonly startedAt: number;
  readonly engine: Engine | undefined;
  readonly executor: Executor;
  readonly signal: AbortSignal;
  /** Of the attempt's own; begun by the first who asks. */
  transaction(): SqlTransaction;
  report(progress: Progress): void;
  born(sent: Sent): NewCall;
  complain(error: unknown): void;
}

/** Everything that runs the app's own code, schemas included: whatever it throws becomes an outcome. */
export function runAttempt(run: AttemptRun): Soon<Ran> {
  const context = new HandlerContext(run);
  try {
    const value = handled(run, context);
    const ran = then(value, (output) => returned(output, context, run));
    return ran instanceof Promise ? ran.catch((error) => threw(error, context, run)) : ran;
  } catch (error) {
    return threw(error, context, run);
  }
}

function handled(run: AttemptRun, context: HandlerContext): Soon<unknown> {
  const { operation, input } = run.work;
  if (!(input instanceof Promise)) return settled(run.executor(operation, input, context));
  return input.then((checked) => {
    // While it was being checked the attempt may have ended, or nobody wants it any more.
    run.signal.throwIfAborted();
    return run.executor(operation, checked, context);
  });
}

export function without(outcome: Outcome): Ran {
  return { outcome, collected: NOTHING, mayConflict: false };
}

function returned(output: unknown, context: HandlerContext, run: AttemptRun): Soon<Ran> {
  const effects = context.end();
  return then(outcomeOf(output, run.work.operation.spec, run.engine?.limits), (outcome) =>
    effects ? withEffects(outcome, effects, run) : without(outcome),
  );
}

function withEffects(outcome: Outcome, effects: Effects, run: AttemptRun): Soon<Ran> {
  const mayConflict = effects.hasReads;
  if (outcome.kind !== "returned") return { outcome, collected: NOTHING, mayConflict };
  return then(
    effects.collect(run.engine?.limits, (sent) => run.born(sent)),
    (collected) =>
      "code" in collected
        ? without({ kind: "ended", error: collected })
        : { outcome, collected, mayConflict },
  );
}

function threw(error: unknown, context: HandlerContext, run: AttemptRun): Ran {
  const effects = context.end();
  const outcome = outcomeOfThrown(error, (unexpected) => run.complain(unexpected));
  return { outcome, collected: NOTHING, mayConflict: effects?.hasReads === true };
}

/** What a handler sees. Members are made when asked for, which is why a spread copy lacks them: see `Context`. */
class HandlerContext implements SqlContext {
  readonly id: string;
  readonly attempt: number;
  readonly principal: string;
  readonly #run: AttemptRun;
  #effects: Effects | undefined;
  #hasEnded = false;

  constructor(run: AttemptRun) {
    this.id = run.work.id;
    this.attempt = run.work.attempt;
    this.principal = run.work.principal;
    this.#run = run;
  }

  get now(): Date {
    return new Date(this.#run.startedAt);
  }

  get signal(): AbortSignal {
    return this.#run.signal;
  }

  get read(): Context["read"] {
    return this.#used().read;
  }

  get write(): Context["write"] {
    return this.#used().write;
  }

  get send(): Context["send"] {
    return this.#used().send;
  }

  get progress(): Context["progress"] {
    return ({ ratio, message }) =>
      this.#run.report({
        ...(ratio !== undefined && { ratio: Math.min(1, Math.max(0, ratio)) }),
        ...(message !== undefined && { message: String(message).slice(0, 500) }),
      });
  }

  get sql(): Sql {
    const { name, sql } = this.#run.work.operation.spec;
    if (sql) return (text, params) => this.#ask(text, params) as never;
    throw configurationError(
      `The handler of "${name}" asked for sql, which its operation does not declare.`,
      "Give the operation sql: true, on postgres, or use write.sql().",
    );
  }

  /** The handler has ended; what it read, wrote and sent, if it did. */
  end(): Effects | undefined {
    this.#hasEnded = true;
    this.#effects?.seal();
    return this.#effects;
  }

  #ask(text: string, params: readonly SqlValue[] = []): Promise<SqlRows<object>> {
    if (this.#hasEnded) {
      this.#run.complain(
        new Error("It ran a statement after it had ended. Await everything before you return."),
      );
      return new Promise(() => {});
    }
    const rows = this.#asked(text, params);
    // One that nobody waits for fails the transaction, and that is enough.
    rows.catch(() => {});
    return rows;
  }

  async #asked(text: string, params: readonly SqlValue[]): Promise<SqlRows<object>> {
    checkStatement("sql()", text);
    return this.#run.transaction().query(text, checkedParams("sql()", params));
  }

  #used(): Effects {
    if (!this.#effects) {
      this.#effects = new Effects(this.#run.engine, (error) => this.#run.complain(error));
      if (this.#hasEnded) this.#effects.seal();
    }
    return this.#effects;
  }
}
