/** What became of jobs: one row for each that is no longer fresh, nor only claimed. */
import type { DatabaseSync } from "node:sqlite";
import type { Job, JobId, JsonText } from "../../core/job.ts";
import { STATUS } from "../../core/kept.ts";
import { inArrays, JOB_COLUMNS, type JobRow } from "./rows.ts";
import type { Stored } from "./stored.ts";

/** Of an ended job what its removal has to know. */
export type ExpiredRow = readonly [
  sequence: number,
  /** Of one with a key. */
  id: JobId | null,
  /** The operation of one that is counted as failed. */
  failed: string | null,
  errorCode: string,
];

export class States {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: DatabaseSync) {
    this.#statements = prepare(database);
  }

  /**
   * `attempts` and `effects` are appended to what is there.
   *
   * @param change of one that its principal is told of
   */
  save(
    { sequence, hasState }: Omit<Stored, "job">,
    job: Job,
    change: number | null,
    attempts = "",
    effects = "",
  ): void {
    if (!hasState && isPlainSuccess(job)) {
      this.#statements.success.run(
        sequence,
        job.revision,
        job.attempt,
        job.updatedAt,
        job.availableAt,
        job.token ?? null,
        job.expiresAt ?? null,
        job.output ?? null,
        attempts,
        effects,
        change === null ? null : job.principal,
        change,
      );
      return;
    }
    this.#statements.save.run(
      sequence,
      STATUS[job.status],
      job.revision,
      job.attempt,
      job.throttles,
      job.updatedAt,
      job.availableAt,
      job.listed ? 1 : 0,
      job.cancelRequested ? 1 : 0,
      job.token ?? null,
      job.leaseUntil ?? null,
      job.expiresAt ?? null,
      job.errorCode ?? null,
      job.error ?? null,
      job.output ?? null,
      attempts,
      effects,
      operationFor(job),
      change === null ? null : job.principal,
      change,
    );
  }

  saveLease(sequence: number, leaseUntil: number | undefined): void {
    this.#statements.lease.run(leaseUntil ?? null, sequence);
  }

  remove(sequence: number): void {
    this.#statements.remove.run(sequence);
  }

  /** @param sequences as a JSON array */
  removeAll(sequences: JsonText): void {
    this.#statements.removeAll.run(sequences);
  }

  /** Those that left a claim and are held by its leases all the same. */
  heldBy(token: string): readonly JobRow[] {
    // "/" is the character after ".".
    return rows(this.#statements.heldBy.all(`${token}.`, `${token}/`));
  }

  leasesUntil(until: number, limit: number): readonly JobRow[] {
    return rows(this.#statements.leases.all(until, limit));
  }

  /** The longest past their time come first. */
  expiredBy(now: number, limit: number): readonly ExpiredRow[] {
    return this.#statements.expired.all(now, limit) as unknown as readonly ExpiredRow[];
  }
}

function rows(found: unknown): readonly JobRow[] {
  return found as readonly JobRow[];
}

/** Needed by the index of failed jobs alone. */
function operationFor({ status, operation }: Job): string | null {
  return status === "failed" ? operation : null;
}

/** What nearly every settlement comes to, with half the values to bind; each costs 0.15 µs. */
function isPlainSuccess(job: Job): boolean {
  return (
    job.status === "succeeded" &&
    job.listed &&
    job.throttles === 0 &&
    !job.cancelRequested &&
    job.leaseUntil === undefined &&
    job.error === undefined &&
    job.errorCode === undefined
  );
}

function prepare(database: DatabaseSync) {
  const statement = (sql: string) => inArrays(database.prepare(sql));
  return {
    success:
      statement(`INSERT INTO states (sequence, status, revision, attempt, updated_at, available_at, token,
        expires_at, output, attempts, effects, principal, change)
      VALUES (?, ${STATUS.succeeded}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    save: statement(`INSERT INTO states (sequence, status, revision, attempt, throttles, updated_at, available_at,
        listed, cancel_requested, token, lease_until, expires_at, error_code, error, output, attempts, effects,
        operation, principal, change)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
      ON CONFLICT DO UPDATE SET status = ?2, revision = ?3, attempt = ?4, throttles = ?5, updated_at = ?6,
        available_at = ?7, listed = ?8, cancel_requested = ?9, token = ?10, lease_until = ?11, expires_at = ?12,
        error_code = ?13, error = ?14, output = ?15, attempts = attempts || ?16, effects = effects || ?17,
        operation = ?18, principal = ?19, change = ?20`),
    lease: statement("UPDATE states SET lease_until = ? WHERE sequence = ?"),
    remove: statement("DELETE FROM states WHERE sequence = ?"),
    removeAll: statement("DELETE FROM states WHERE sequence IN (SELECT value FROM json_each(?))"),
    heldBy: statement(`SELECT ${JOB_COLUMNS} FROM states AS s INDEXED BY running CROSS JOIN jobs AS j
        ON j.sequence = s.sequence
      WHERE s.status = ${STATUS.running} AND s.token >= ? AND s.token < ?`),
    leases: statement(`SELECT ${JOB_COLUMNS} FROM states AS s INDEXED BY running CROSS JOIN jobs AS j
        ON j.sequence = s.sequence
      WHERE s.status = ${STATUS.running} AND s.lease_until <= ? ORDER BY s.lease_until, s.sequence LIMIT ?`),
    expired: statement(`SELECT s.sequence, iif(j.fingerprint IS NULL, NULL, j.id),
        iif(s.status = ${STATUS.failed} AND s.listed = 1, s.operation, NULL), coalesce(s.error_code, '')
      FROM states AS s INDEXED BY expiring CROSS JOIN jobs AS j ON j.sequence = s.sequence
      WHERE s.expires_at <= ? ORDER BY s.expires_at, s.sequence LIMIT ?`),
  };
}
