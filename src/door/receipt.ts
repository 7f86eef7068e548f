/** A receipt: what a caller sees of its job. */
import { timestamp } from "../core/clock.ts";
import type { Problem } from "../core/errors.ts";
import { type CallDetails, isFinal, type Job, type JobId, type JsonText } from "../core/job.ts";
import { parseJson } from "../core/json-build.ts";
import type { Runtime } from "../core/runtime.ts";

/** A record that the store gave says more than what a job was when it was opened. */
type Shown = Job & { readonly details?: CallDetails };

/** As JSON text: payloads are text already, and are not parsed to be written again. */
export function receiptText(job: Shown, { live }: Pick<Runtime, "live">): JsonText {
  const progress = job.status === "running" ? live.progressOf(job.id) : undefined;
  // Ids, names and moments hold nothing that JSON would escape.
  const head =
    `{"id":"${job.id}","operation":"${job.operation}","status":"${job.status}","revision":${job.revision},` +
    `"attempt":${job.attempt},"maxAttempts":${job.maxAttempts},"acceptedAt":"${timestamp(job.acceptedAt)}",` +
    `"updatedAt":"${timestamp(job.updatedAt)}","availableAt":"${timestamp(job.availableAt)}"`;
  const reported = progress ? `,"progress":${JSON.stringify(progress)}` : "";
  const output = job.status === "succeeded" ? `,"output":${job.output ?? "null"}` : "";
  const error = job.error === undefined ? "" : `,"error":${job.error}`;
  const first = job.details?.duplicateOf;
  const duplicate = first === undefined ? "" : `,"duplicateOf":"${first}"`;
  return `${head}${reported}${output}${error}${duplicate}}`;
}

/**
 * Of a call that waits in a queue which a gateway filled, so that nobody has seen it yet: by when it was accepted. It
 * may as well be none at all, which nobody can tell either.
 */
export function unseenReceiptText(id: JobId, acceptedAt: number): JsonText {
  const at = timestamp(acceptedAt);
  return `{"id":"${id}","status":"queued","revision":0,"attempt":0,"acceptedAt":"${at}","updatedAt":"${at}","availableAt":"${at}"}`;
}

export function errorOf(job: Job): Problem {
  return parseJson(job.error as JsonText) as Problem;
}

/** Headers of any answer that shows a receipt; while it is not final, with an estimate of the wait. */
export function receiptHeaders(job: Job, retryAfterSeconds: number): readonly string[] {
  if (isFinal(job.status)) return ["cache-control", "no-store"];
  return ["cache-control", "no-store", "retry-after", String(retryAfterSeconds)];
}

export function receiptPath(id: string): string {
  return `/receipts/${id}`;
}
