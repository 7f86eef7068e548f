/**
 * The state machine of a job, pure: what a change makes of a record, and what it answers. Every engine applies
 * these functions and none decides for itself, so all of them agree. docs/state-machine.md draws the picture.
 */
import { backoffMs, DEFAULT_RETRY } from "./backoff.ts";
import type { AnswerOf, NewCall, Ref, Retention, Settlement } from "./engine.ts";
import { ADMIN } from "./engine.ts";
import { problem } from "./errors.ts";
import { type Attempt, isFinal, type Job } from "./job.ts";
import type { Random } from "./random.ts";

/** What is to be stored (`undefined`: nothing changes; `"removed"`: the record goes) and what is answered. */
export type Transition<A> = { readonly answer: A; readonly next?: Job | "removed" };

const KEYED_RETENTION_MS = 24 * 3_600_000;
const LOST = "The process that ran this attempt was lost before it ended.";

/** A record as a call makes it. */
export function bornJob(call: NewCall, now: number): Job {
  const { id, operation, principal, maxAttempts, fingerprint, start } = call;
  const job = {
    id,
    operation,
    principal,
    maxAttempts,
    ...(fingerprint !== undefined && { fingerprint }),
    revision: 1,
    throttles: 0,
    acceptedAt: now,
    updatedAt: now,
    availableAt: now + call.delayMs,
    cancelRequested: false,
  };
  if (start === "queued") return { ...job, status: "queued", attempt: 0, listed: true };
  const leaseUntil = now + start.leaseMs;
  return {
    ...job,
    status: "running",
    attempt: 1,
    listed: start.ifLost === "queue",
    token: start.token,
    leaseUntil,
  };
}

export function open(existing: Job | undefined, call: NewCall, now: number): Transition<AnswerOf<"open">> {
  if (!existing || isLost(existing, now)) {
    const job = bornJob(call, now);
    return { answer: { kind: "opened", job }, next: job };
  }
  if (existing.fingerprint !== call.fingerprint) return { answer: { kind: "mismatch", job: existing } };
  const promoted = promote(existing, call, now);
  if (promoted) return promoted;
  // Only a repeat of the same change can bear the same id where no key was sent.
  if (call.fingerprint === undefined) return { answer: { kind: "opened", job: existing } };
  if (call.start === "queued" || existing.token !== call.start.token)
    return { answer: { kind: "existing", job: existing } };
  return { answer: { kind: "opened", job: existing } };
}

/** A call that runs at once becomes a job without being cut off: the same `open`, now with `ifLost: "queue"`. */
function promote(existing: Job, call: NewCall, now: number): Transition<AnswerOf<"open">> | undefined {
  const { start } = call;
  if (start === "queued" || start.ifLost !== "queue") return undefined;
  if (existing.listed || existing.status !== "running" || existing.token !== start.token) return undefined;
  const job: Job = { ...existing, listed: true, revision: existing.revision + 1, updatedAt: now };
  return { answer: { kind: "opened", job }, next: job };
}

/**
 * @param place the claim's own token and the job's place in that claim, as `token.0`. With the revision it is the
 * lease's token, which no other attempt of the job has: a claim may be sent again when all that it took is settled,
 * and a job that is back in the queue may be what it takes then.
 */
export function claim(job: Job, place: string, leaseMs: number, now: number): Job {
  const revision = job.revision + 1;
  return {
    ...job,
    status: "running",
    attempt: job.attempt + 1,
    revision,
    updatedAt: now,
    token: `${place}.${revision}`,
    leaseUntil: now + leaseMs,
  };
}

/** What a settlement says of its job; its effects are for `items.ts`. */
type Ending = Pick<Settlement, "born" | "lease" | "verdict">;

/** The fence: why a settlement may not be applied, if it may not. Comes before its reads and conditions. */
export function fence(existing: Job | undefined, settlement: Ending): AnswerOf<"settle"> | undefined {
  if (!existing && settlement.born) return undefined;
  // A repeat, most likely: the first one left nothing to know it by.
  if (!existing) return { kind: settlement.verdict.kind === "forgotten" ? "applied" : "stale" };
  if (existing.token !== settlement.lease.token) return { kind: "stale" };
  if (existing.status !== "running") return { kind: "applied", job: existing };
  return undefined;
}

/** What a settlement that passed the fence makes of the record. */
export function settle(
  existing: Job | undefined,
  { born, lease, verdict }: Ending,
  retention: Retention,
  now: number,
): Transition<AnswerOf<"settle">> {
  const from = existing ?? { ...bornJob(born as NewCall, now), attempt: 1, revision: 0, token: lease.token };
  const next = settled(from, verdict, retention, now);
  if (!next) return { answer: { kind: "applied" }, ...(existing && { next: "removed" as const }) };
  return { answer: { kind: "applied", job: next }, next };
}

function settled(
  job: Job,
  verdict: Settlement["verdict"],
  retention: Retention,
  now: number,
): Job | undefined {
  if (verdict.kind === "forgotten") return undefined;
  // Nothing remembers a call without a key, so nothing needs to be kept of it.
  if (verdict.kind === "succeeded" && !job.listed && job.fingerprint === undefined) return undefined;
  const next = unleased(job, now);
  if (verdict.kind === "succeeded") {
    next.output = verdict.output;
    next.throttles = 0;
    return ended(next, "succeeded", retention);
  }
  if (verdict.kind === "cancelled" || job.cancelRequested) return ended(next, "cancelled", retention);
  if (verdict.kind === "failed") {
    next.error = JSON.stringify(verdict.error);
    next.errorCode = verdict.error.code;
    return ended(next, "failed", retention);
  }
  next.status = "queued";
  next.listed = true;
  next.availableAt = now + verdict.delayMs;
  if (verdict.kind === "released") {
    next.attempt = job.attempt - 1;
    if (job.error !== undefined) next.error = job.error;
    return next;
  }
  next.error = JSON.stringify(verdict.error);
  next.attempt = verdict.spent ? job.attempt : job.attempt - 1;
  next.throttles = verdict.spent ? 0 : job.throttles + 1;
  return next;
}

type Draft = { -readonly [K in keyof Job]: Job[K] };

/**
 * A copy that is one revision further, without a lease and an error. Written out, because the same by spreading and
 * leaving out made three copies: 1.0 KiB of garbage for every job, on both of SQLite's threads.
 */
function unleased(job: Job, now: number): Draft {
  const next: Draft = {
    id: job.id,
    operation: job.operation,
    principal: job.principal,
    status: job.status,
    revision: job.revision + 1,
    attempt: job.attempt,
    maxAttempts: job.maxAttempts,
    throttles: job.throttles,
    acceptedAt: job.acceptedAt,
    updatedAt: now,
    availableAt: job.availableAt,
    listed: job.listed,
    cancelRequested: job.cancelRequested,
  };
  if (job.output !== undefined) next.output = job.output;
  if (job.fingerprint !== undefined) next.fingerprint = job.fingerprint;
  if (job.token !== undefined) next.token = job.token;
  if (job.expiresAt !== undefined) next.expiresAt = job.expiresAt;
  return next;
}

function ended(next: Draft, status: "succeeded" | "failed" | "cancelled", retention: Retention): Job {
  const keptMs =
    status === "succeeded" ? retention.succeededMs : next.listed ? retention.failedMs : KEYED_RETENTION_MS;
  const forMs = next.fingerprint === undefined ? keptMs : Math.max(keptMs, KEYED_RETENTION_MS);
  next.status = status;
  next.cancelRequested = false;
  next.expiresAt = next.updatedAt + forMs;
  return next;
}

/** A lease ran out, or its process died: the attempt counts, so that a job which kills its process ends too. */
export function rescue(
  job: Job,
  retention: Retention,
  random: Pick<Random, "fraction">,
  now: number,
): Job | "removed" {
  if (!job.listed) return "removed";
  const error = problem("handler-failed", LOST);
  const last = job.attempt >= job.maxAttempts;
  const delayMs = last ? 0 : backoffMs(job.attempt, DEFAULT_RETRY, random);
  const verdict = last
    ? ({ kind: "failed", error } as const)
    : ({ kind: "queued", delayMs, error, spent: true } as const);
  // Kept, the token would let the lost attempt's late settlement pass for one that was applied.
  const { token: _token, ...fenced } = job;
  return settled(fenced, verdict, retention, now) ?? "removed";
}

/** What the record says of the attempt that `rescue` ended; which node ran it is not known. */
export function lostAttempt(job: Job, now: number): Attempt {
  const error = { code: "handler-failed", detail: LOST };
  return { number: job.attempt, startedAt: job.updatedAt, endedAt: now, node: "", error };
}

export function extend(
  existing: Job | undefined,
  token: string,
  leaseMs: number,
  now: number,
): Transition<AnswerOf<"extend">> {
  if (existing?.status !== "running" || existing.token !== token) return { answer: { kind: "stale" } };
  const until = now + leaseMs;
  return {
    answer: { kind: "held", until, cancelRequested: existing.cancelRequested },
    next: { ...existing, leaseUntil: until },
  };
}

export function cancel(
  existing: Job | undefined,
  ref: Ref,
  retention: Retention,
  now: number,
): Transition<AnswerOf<"cancel">> {
  if (!existing?.listed || !isOwner(existing, ref)) return { answer: { kind: "unknown" } };
  if (existing.status === "cancelled") return { answer: { kind: "cancelled", job: existing } };
  if (isFinal(existing.status)) return { answer: { kind: "final", job: existing } };
  if (existing.status === "queued") {
    const job = settled(existing, { kind: "cancelled" }, retention, now) as Job;
    return { answer: { kind: "cancelled", job }, next: job };
  }
  if (existing.cancelRequested) return { answer: { kind: "requested", job: existing } };
  const job: Job = { ...existing, cancelRequested: true, revision: existing.revision + 1, updatedAt: now };
  return { answer: { kind: "requested", job }, next: job };
}

export function redrive(
  existing: Job | undefined,
  delayMs: number,
  now: number,
): Transition<AnswerOf<"redrive">> {
  if (existing?.status !== "failed" || !existing.listed) return { answer: { kind: "unknown" } };
  const { error: _error, errorCode: _code, expiresAt: _expires, token: _token, ...rest } = existing;
  const job: Job = {
    ...rest,
    status: "queued",
    attempt: 0,
    throttles: 0,
    revision: existing.revision + 1,
    updatedAt: now,
    availableAt: now + delayMs,
  };
  return { answer: { kind: "applied", job }, next: job };
}

export function purge(existing: Job | undefined): Transition<AnswerOf<"purge">> {
  if (existing?.status !== "failed" || !existing.listed) return { answer: { kind: "unknown" } };
  return { answer: { kind: "applied" }, next: "removed" };
}

export function isOwner(job: Job, ref: Ref): boolean {
  return ref.principal === ADMIN || ref.principal === job.principal;
}

/** A call at once whose process is gone left nothing: its key is free again. */
export function isLost(job: Job, now: number): boolean {
  return !job.listed && job.status === "running" && (job.leaseUntil ?? 0) <= now;
}
