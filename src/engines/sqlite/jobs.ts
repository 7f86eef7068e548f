/**
 * The statements on `jobs`, each prepared once, in the owner's hands. They store what core decided and keep the
 * counts right; they decide nothing.
 */
import type { DatabaseSync } from "node:sqlite";
import { sequenceOf } from "../../core/ids.ts";
import type { Job, JobId } from "../../core/job.ts";
import type { Counts } from "./counts.ts";
import type { Call } from "./messages.ts";
import { inArrays, JOB_COLUMNS, type JobRow, jobOf, RECORD_COLUMNS, type RecordRow, STATUS } from "./rows.ts";

/** Where the row is, and what stood in it. */
export type Stored = { readonly sequence: number; readonly job: Job };

/** Longer inputs stand apart: claiming a job of 256 KiB would write all of it again, and settling it too. */
const INLINE_CHARACTERS = 1_024;

export class Jobs {
  readonly #counts: Counts;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: DatabaseSync, counts: Counts) {
    this.#counts = counts;
    this.#statements = prepare(database);
  }

  /** False if there is a row under this id or at this place already. */
  insert(call: Call, job: Job): boolean {
    const { sequence, input } = call;
    const inline = input.length <= INLINE_CHARACTERS;
    const text = inline ? input : "";
    const isUsual = job.status === "queued" && job.fingerprint === undefined && isMinted(job.id, sequence);
    if (!(isUsual ? this.#insertQueued(call, job, text) : this.#insertAny(call, job, text))) return false;
    if (!inline) this.#statements.insertInput.run(sequence, input);
    if (job.status === "queued" && job.listed) this.#counts.accepted(job.operation);
    else this.#counts.moved(undefined, job);
    return true;
  }

  /** Every value that is bound costs 0.15 µs, so this leaves to defaults what it can: 3.2 µs instead of 4.4. */
  #insertQueued({ sequence, inputVersion, details }: Call, job: Job, input: string): boolean {
    const { changes } = this.#statements.insertQueued.run(
      sequence,
      job.id,
      job.operation,
      job.principal,
      job.maxAttempts,
      job.acceptedAt,
      job.availableAt,
      this.#position(job),
      inputVersion,
      details,
      input,
    );
    return changes !== 0;
  }

  #insertAny({ sequence, inputVersion, details }: Call, job: Job, input: string): boolean {
    const { changes } = this.#statements.insertAny.run(
      sequence,
      job.id,
      isMinted(job.id, sequence) ? 0 : 1,
      job.operation,
      job.principal,
      STATUS[job.status],
      job.attempt,
      job.maxAttempts,
      job.acceptedAt,
      job.availableAt,
      job.listed ? 1 : 0,
      job.token ?? null,
      job.leaseUntil ?? null,
      this.#position(job),
      job.fingerprint ?? null,
      inputVersion,
      details,
      input,
    );
    return changes !== 0;
  }

  load(id: JobId): Stored | undefined {
    const sequence = sequenceOf(id);
    const minted = sequence === undefined ? undefined : row(this.#statements.bySequence.get(sequence));
    if (minted?.[1] === id) return { sequence: minted[0], job: jobOf(minted) };
    const keyed = row(this.#statements.byKey.get(id));
    return keyed && { sequence: keyed[0], job: jobOf(keyed) };
  }

  /** `attempts` and `effects` are appended to what is there. */
  save({ sequence, job: before }: Stored, next: Job, attempts = "", effects = ""): void {
    this.#counts.moved(before, next);
    if (isPlainSuccess(before, next)) return this.#saveSuccess(sequence, next, attempts, effects);
    this.#statements.save.run(
      sequence,
      STATUS[next.status],
      next.revision,
      next.attempt,
      next.throttles,
      next.updatedAt,
      next.availableAt,
      next.listed ? 1 : 0,
      next.cancelRequested ? 1 : 0,
      next.token ?? null,
      next.leaseUntil ?? null,
      next.expiresAt ?? null,
      this.#position(next),
      next.errorCode ?? null,
      next.error ?? null,
      next.output ?? null,
      attempts,
      effects,
    );
  }

  /** What nearly every settlement comes to, with half the values to bind. */
  #saveSuccess(sequence: number, next: Job, attempts: string, effects: string): void {
    this.#statements.success.run(
      sequence,
      next.revision,
      next.updatedAt,
      next.expiresAt ?? null,
      this.#position(next),
      next.output ?? null,
      attempts,
      effects,
    );
  }

  /** As `save`, of what a claim alters: half the price. */
  saveClaimed(sequence: number, before: Job, next: Job): void {
    this.#counts.moved(before, next);
    this.#statements.claimed.run(
      sequence,
      next.attempt,
      next.revision,
      next.updatedAt,
      next.token ?? null,
      next.leaseUntil ?? null,
      this.#position(next),
    );
  }

  /** A longer lease is no change that anyone is told of. */
  saveLease(sequence: number, leaseUntil: number): void {
    this.#statements.lease.run(leaseUntil, sequence);
  }

  remove({ sequence, job }: Stored): void {
    this.#counts.moved(job, undefined);
    this.#statements.remove.run(sequence);
  }

  ready(operation: string, now: number, limit: number): readonly RecordRow[] {
    return this.#statements.ready.all(operation, now, limit) as unknown as readonly RecordRow[];
  }

  /** Looks into the index alone: one row more from `ready` would come with its input. */
  isReady(operation: string, now: number): boolean {
    return this.#statements.isReady.get(operation, now) !== undefined;
  }

  nextDue(operation: string, now: number): number | undefined {
    const found = this.#statements.nextDue.get(operation, now) as unknown as readonly [number] | undefined;
    return found?.[0];
  }

  /** Every job that a claim's leases hold. */
  heldBy(token: string): readonly RecordRow[] {
    // "/" is the character after ".".
    return this.#statements.heldBy.all(`${token}.`, `${token}/`) as unknown as readonly RecordRow[];
  }

  leasesUntil(until: number, limit: number): readonly Stored[] {
    return stored(this.#statements.leases.all(until, limit));
  }

  expiredBy(now: number, limit: number): readonly Stored[] {
    return stored(this.#statements.expired.all(now, limit));
  }

  lastSequence(): number {
    const [last] = this.#statements.lastSequence.get() as unknown as readonly [number | null];
    return last ?? 0;
  }

  #position({ listed, principal }: Job): number | null {
    return listed && principal !== "" ? this.#counts.nextPosition() : null;
  }
}

function isMinted(id: JobId, sequence: number): boolean {
  return sequenceOf(id) === sequence;
}

/** Whether a success alters nothing but what the statement for it writes. */
function isPlainSuccess(before: Job, next: Job): boolean {
  return (
    next.status === "succeeded" &&
    next.throttles === 0 &&
    !next.cancelRequested &&
    next.error === undefined &&
    next.errorCode === undefined &&
    next.leaseUntil === undefined &&
    next.token === before.token &&
    next.listed === before.listed &&
    next.attempt === before.attempt &&
    next.availableAt === before.availableAt
  );
}

function row(found: unknown): JobRow | undefined {
  return found as JobRow | undefined;
}

function stored(rows: unknown): readonly Stored[] {
  return (rows as readonly JobRow[]).map((found) => ({ sequence: found[0], job: jobOf(found) }));
}

function prepare(database: DatabaseSync) {
  const statement = (sql: string) => inArrays(database.prepare(sql));
  return {
    insertQueued: statement(`INSERT INTO jobs (sequence, id, operation, principal, max_attempts, accepted_at,
        updated_at, available_at, change, input_version, details, input)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11)
      ON CONFLICT DO NOTHING`),
    insertAny:
      statement(`INSERT INTO jobs (sequence, id, keyed, operation, principal, status, attempt, max_attempts,
        accepted_at, updated_at, available_at, listed, token, lease_until, change, fingerprint, input_version,
        details, input)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
      ON CONFLICT DO NOTHING`),
    insertInput: statement("INSERT OR REPLACE INTO inputs (sequence, input) VALUES (?, ?)"),
    bySequence: statement(`SELECT ${JOB_COLUMNS} FROM jobs WHERE sequence = ?`),
    byKey: statement(`SELECT ${JOB_COLUMNS} FROM jobs WHERE id = ? AND keyed = 1`),
    save: statement(`UPDATE jobs SET status = ?2, revision = ?3, attempt = ?4, throttles = ?5, updated_at = ?6,
        available_at = ?7, listed = ?8, cancel_requested = ?9, token = ?10, lease_until = ?11, expires_at = ?12,
        change = ?13, error_code = ?14, error = ?15, output = ?16, attempts = attempts || ?17,
        effects = effects || ?18
      WHERE sequence = ?1`),
    success: statement(`UPDATE jobs SET status = ${STATUS.succeeded}, revision = ?2, updated_at = ?3,
        expires_at = ?4, change = ?5, output = ?6, attempts = attempts || ?7, effects = effects || ?8,
        throttles = 0, cancel_requested = 0, error = NULL, error_code = NULL, lease_until = NULL
      WHERE sequence = ?1`),
    claimed:
      statement(`UPDATE jobs SET status = ${STATUS.running}, attempt = ?2, revision = ?3, updated_at = ?4,
        token = ?5, lease_until = ?6, change = ?7
      WHERE sequence = ?1`),
    lease: statement("UPDATE jobs SET lease_until = ? WHERE sequence = ?"),
    remove: statement("DELETE FROM jobs WHERE sequence = ?"),
    ready: statement(`SELECT ${RECORD_COLUMNS} FROM jobs INDEXED BY ready
      WHERE status = ${STATUS.queued} AND operation = ? AND available_at <= ?
      ORDER BY available_at, sequence LIMIT ?`),
    isReady: statement(`SELECT 1 FROM jobs INDEXED BY ready
      WHERE status = ${STATUS.queued} AND operation = ? AND available_at <= ? LIMIT 1`),
    nextDue: statement(`SELECT available_at FROM jobs INDEXED BY ready
      WHERE status = ${STATUS.queued} AND operation = ? AND available_at > ?
      ORDER BY available_at LIMIT 1`),
    heldBy: statement(`SELECT ${RECORD_COLUMNS} FROM jobs INDEXED BY running
      WHERE status = ${STATUS.running} AND token >= ? AND token < ?`),
    leases: statement(`SELECT ${JOB_COLUMNS} FROM jobs INDEXED BY running
      WHERE status = ${STATUS.running} AND lease_until <= ? ORDER BY lease_until, sequence LIMIT ?`),
    expired: statement(`SELECT ${JOB_COLUMNS} FROM jobs INDEXED BY expiring
      WHERE expires_at <= ? ORDER BY expires_at, sequence LIMIT ?`),
    lastSequence: statement("SELECT max(sequence) FROM jobs"),
  };
}
