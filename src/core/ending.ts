/** What an attempt's end is, once it is decided: whether a record is needed for it, and how it is counted and told. */
import type { Outcome } from "./decide.ts";
import type { Collected } from "./effects.ts";
import type { AnswerOf, Verdict } from "./engine.ts";
import type { Problem } from "./errors.ts";
import type { Attempt } from "./job.ts";
import type { Metered } from "./meter.ts";
import type { Runtime } from "./runtime.ts";
import type { Performed, Work } from "./work.ts";

export const METERED_AS = {
  succeeded: "succeeded",
  failed: "failed",
  forgotten: "failed",
  cancelled: "failed",
  queued: "retried",
  released: "retried",
} as const satisfies Readonly<Record<Verdict["kind"], Metered>>;

export function settledAs(
  verdict: Verdict,
  error: Problem | undefined,
  answer?: AnswerOf<"settle">,
): Performed {
  const job = answer?.kind === "applied" ? answer.job : undefined;
  return { kind: "settled", verdict, ...(error && { error }), ...(job && { job }) };
}

export function needsRecord(verdict: Verdict, collected: Collected): boolean {
  if (verdict.kind === "forgotten") return false;
  return verdict.kind !== "succeeded" || hasEffects(collected);
}

export function hasEffects({ writes, sends, sql }: Collected): boolean {
  return writes.length + sends.length > 0 || sql !== undefined;
}

/** For operators, who may see what a handler threw; callers never do. */
export function noted(
  { work, startedAt }: { readonly work: Work; readonly startedAt: number },
  { clock, node }: Runtime,
  outcome: Outcome,
  error: Problem | undefined,
): Attempt {
  const note = { number: work.attempt, startedAt, endedAt: clock.now(), node };
  if (!error) return note;
  const detail = ("said" in outcome ? outcome.said : undefined) ?? error.detail;
  return { ...note, error: { code: error.code, ...(detail !== undefined && { detail }) } };
}
