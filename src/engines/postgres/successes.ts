/**
 * Jobs that succeeded without effects and whose claim still stands, in one statement: each row must be as it was
 * claimed, by its token and revision. Others are left alone, and looked at.
 */
import type { Retention, Settlement } from "../../core/engine.ts";
import type { Job } from "../../core/job.ts";
import * as transition from "../../core/transition.ts";
import { floats, integers, texts } from "./arrays.ts";
import type { Result, Transaction } from "./connection.ts";
import { CHANGE, counting, moment, NOW, statement } from "./fragments.ts";
import type { FastRow } from "./opens.ts";

export type Success = Settlement & {
  readonly claimed: Job;
  readonly verdict: Extract<Settlement["verdict"], { kind: "succeeded" }>;
};

export function isPlainSuccess(settlement: Settlement): settlement is Success {
  const { claimed, born, verdict, reads, writes, sends, sql } = settlement;
  if (!claimed || born || verdict.kind !== "succeeded" || !claimed.listed) return false;
  return reads.length + writes.length + sends.length + (sql?.length ?? 0) === 0;
}

export function successStatement(schema: string) {
  return statement(
    "spillway_succeed",
    `WITH ${moment(schema, "$1")},
    gone AS (
      DELETE FROM ${schema}.live AS l
      USING unnest($3::int[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[], $9::float8[])
        AS done (place, id, token, revision, output, attempt, kept_ms)
      WHERE l.id = done.id AND l.token = done.token AND l.revision = done.revision
      RETURNING l.id, l.operation, l.sequence, l.revision, l.attempt, l.available_at, l.token, l.attempts, l.effects,
        l.principal, done.output, done.attempt AS ended, done.kept_ms, done.place),
    kept AS (
      INSERT INTO ${schema}.outcomes (id, operation, sequence, status, revision, attempt, updated_at, available_at,
        throttles, listed, token, expires_at, output, attempts, effects, principal, change, place)
      SELECT id, operation, sequence, 2, revision + 1, attempt, ${NOW}, available_at, 0, true, token,
        ${NOW} + kept_ms, output, attempts || ended, effects, principal, ${CHANGE}, place
      FROM gone),
    counted AS (${counting(schema, "SELECT operation, 1::smallint, '', -count(*) FROM gone GROUP BY operation", "$2")})
    SELECT ${NOW}, (SELECT count(*) FROM gone)::int,
      (SELECT array_agg(id) FROM gone WHERE (SELECT count(*) FROM gone) < cardinality($4::text[]))`,
  );
}

/** What became of a job, by a clock that stands at 0 until the database has told the time. */
export type Ended = { -readonly [K in keyof Job]: Job[K] };

export function endedJob(success: Success, retention: Retention): Ended {
  return transition.settle(success.claimed, success, retention, 0).next as Ended;
}

export function endedAt(job: Ended, now: number): Job {
  job.updatedAt = now;
  job.expiresAt = now + (job.expiresAt ?? 0);
  return job;
}

export function sendSuccesses(
  transaction: Transaction,
  text: ReturnType<typeof successStatement>,
  done: readonly Success[],
  jobs: readonly Ended[],
  now: number | null,
  part: number,
  places: readonly number[],
): Promise<Result<FastRow>> {
  return transaction.run<FastRow>(text, [
    now,
    part,
    integers(places),
    texts(done.map(({ lease }) => lease.id)),
    texts(done.map(({ lease }) => lease.token)),
    integers(done.map(({ claimed }) => claimed.revision)),
    texts(done.map(({ verdict }) => verdict.output)),
    texts(done.map(({ attempt }) => (attempt ? `,${JSON.stringify(attempt)}` : ""))),
    floats(jobs.map(({ expiresAt = 0 }) => expiresAt)),
  ]);
}
