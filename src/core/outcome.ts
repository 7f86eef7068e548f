/** From what a handler returned or threw to an outcome. What it threw may bear anything, so none of that leaves here. */
import type { Outcome } from "./decide.ts";
import type { AnswerOf, EngineLimits } from "./engine.ts";
import {
  type Problem,
  ProblemError,
  problem,
  RetryableError,
  SpillwayError,
  TerminalError,
  ThrottledError,
} from "./errors.ts";
import type { JsonValue } from "./json.ts";
import type { AnySpec } from "./operation.ts";
import { validate } from "./schema.ts";
import { byteLength } from "./sizes.ts";
import { type Soon, then } from "./soon.ts";
import { PORTABLE_SIZES } from "./store-defaults.ts";

/** Of what was thrown, in an attempt's record. */
const LONGEST_SAID = 300;
const UNSPEAKABLE = "What was thrown cannot be shown.";
/** What a handler asks for beyond this is a mistake in its arithmetic. */
const LONGEST_DELAY_MS = 30 * 24 * 3_600_000;

export function outcomeOf(value: unknown, spec: AnySpec, limits: EngineLimits | undefined): Soon<Outcome> {
  const most = (limits ?? PORTABLE_SIZES).outputBytes;
  if (!spec.output) return written(value, most);
  return then(validate(spec.output, value as JsonValue), (result) =>
    result.ok
      ? written(result.value, most)
      : ended(problem("invalid-output", undefined, { errors: result.faults })),
  );
}

function written(output: unknown, most: number): Outcome {
  let text: string;
  try {
    text = JSON.stringify(output) ?? "null";
  } catch {
    return ended(problem("invalid-output", "What the handler returned cannot be written as JSON."));
  }
  const bytes = byteLength(text);
  if (bytes > most)
    return ended(problem("invalid-output", `The output has ${bytes} bytes; at most ${most} fit.`));
  return { kind: "returned", output: text };
}

/** `report` hears of what nobody meant to happen. Never throws, though looking at what was thrown may. */
export function outcomeOfThrown(error: unknown, report: (error: unknown) => void): Outcome {
  try {
    return outcomeOfKind(error, report);
  } catch {
    report(new Error(UNSPEAKABLE));
    return { kind: "failed", error: problem("handler-failed"), said: UNSPEAKABLE };
  }
}

function outcomeOfKind(error: unknown, report: (error: unknown) => void): Outcome {
  if (error instanceof ProblemError && error.problem.status >= 400 && error.problem.status < 500) {
    return ended(error.problem);
  }
  if (error instanceof ThrottledError) return { kind: "throttled", ...after(error.afterMs) };
  report(error);
  const failed = problem("handler-failed");
  const isMistake = error instanceof SpillwayError && error.code === "configuration";
  const said = saidBy(error);
  if (error instanceof TerminalError || isMistake) return { kind: "ended", error: failed, said };
  return {
    kind: "failed",
    error: failed,
    said,
    ...after(error instanceof RetryableError ? error.afterMs : undefined),
  };
}

/** In a line, without the stack. */
function saidBy(error: unknown): string {
  try {
    return (String(error).split("\n")[0] ?? "").slice(0, LONGEST_SAID);
  } catch {
    return UNSPEAKABLE;
  }
}

/** A delay that is no number, as arithmetic on a missing header gives, counts as none. */
function after(ms: number | undefined): { readonly afterMs?: number } {
  return ms !== undefined && ms >= 0 ? { afterMs: Math.min(ms, LONGEST_DELAY_MS) } : {};
}

function ended(error: Problem): Outcome {
  return { kind: "ended", error };
}

/** A commit found that something declared does not hold. */
export function lostTo({ conditions }: AnswerOf<"settle"> & { kind: "conflict" }): Outcome {
  const [first] = conditions;
  if (!first) return { kind: "conflicted" };
  if ("sql" in first) {
    const error = first.problem ?? problem("condition-failed", "A statement of it could not be applied.");
    return { kind: "ended", error, said: first.said };
  }
  const detail = `${first.table}/${first.key} is not as the write requires.`;
  return { kind: "ended", error: first.problem ?? problem("condition-failed", detail) };
}

/** A statement of its own failed at the commit. */
export function brokenBy({ said }: AnswerOf<"settle"> & { kind: "failed" }): Outcome {
  return { kind: "failed", error: problem("handler-failed"), said };
}
