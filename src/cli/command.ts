/** What every command has, and the one kind of error that is shown without a stack. */
import { SpillwayError } from "../core/errors.ts";

export type Command = {
  /** One line, in the list of commands. */
  readonly summary: string;
  readonly help: string;
  /** Resolves when there is nothing left to do but to wait for what was started. */
  readonly run: (args: readonly string[]) => Promise<void>;
};

/** The command line itself was wrong: what, and what there is. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function isForPeople(error: unknown): error is Error {
  return error instanceof UsageError || (error instanceof SpillwayError && error.code === "configuration");
}
