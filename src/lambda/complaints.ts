/**
 * What goes wrong, as structured lines with the request's id, for CloudWatch. Powertools' logger is loaded when there is
 * something to say; where it was not bundled, the plain line is better than none.
 */
import type { ErrorPlace, OnError } from "../core/runtime.ts";

export type FunctionContext = {
  readonly functionName: string;
  readonly logStreamName: string;
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
};

type Log = (
  what: string,
  error: unknown,
  where: ErrorPlace | undefined,
  context: FunctionContext | undefined,
) => void;

export class Complaints {
  #context: FunctionContext | undefined;
  #log: Promise<Log> | undefined;
  #underWay: Promise<void> = Promise.resolve();

  begin(context: FunctionContext): void {
    this.#context = context;
  }

  readonly say: OnError = (error, where) => {
    const what = where
      ? `${where.operation} failed, attempt ${where.attempt} of ${where.id}`
      : asError(error).message;
    this.#log ??= loadLog();
    const context = this.#context;
    const saying = this.#log.then((log) => log(what, error, where, context));
    this.#underWay = Promise.all([this.#underWay, saying]).then(() => undefined);
  };

  /** Resolves when all has been said. */
  said(): Promise<void> {
    return this.#underWay;
  }
}

async function loadLog(): Promise<Log> {
  try {
    const { Logger } = await import("@aws-lambda-powertools/logger");
    const logger = new Logger();
    return (what, error, where, context) => {
      if (context) logger.addContext(context as Parameters<typeof logger.addContext>[0]);
      logger.error(what, { error: asError(error), ...where });
    };
  } catch {
    return plainLog;
  }
}

const plainLog: Log = (message, thrown, where, context) => {
  const request = context?.awsRequestId;
  const line = { level: "ERROR", message, request, ...where, error: asError(thrown).stack };
  process.stderr.write(`${JSON.stringify(line)}\n`);
};

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
