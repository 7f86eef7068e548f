/**
 * Takes due jobs for whoever will run them: the oldest of each queue first, past those that others are about to take.
 * A claim that is sent again gets what it was given, and no more.
 */
import type { AnswerOf, Change, Claim } from "../../core/engine.ts";
import type { Job } from "../../core/job.ts";
import { floats, integers, texts } from "./arrays.ts";
import type { Bounds } from "./bounds.ts";
import type { Result, Transaction } from "./connection.ts";
import { CHANGE, counting, lockSpace, moment, NOW, statement } from "./fragments.ts";
import { told } from "./texts.ts";

export type ClaimChange = Extract<Change, { kind: "claim" }>;

/** A job that is taken or held, or, without an id, what is left in a queue. */
export type ClaimRow = readonly [
  operation: string,
  id: string | null,
  token: string,
  revision: number,
  attempt: number,
  updatedAt: number,
  availableAt: number,
  throttles: number,
  leaseUntil: number,
  error: string | null,
  cancelRequested: boolean,
  principal: string,
  maxAttempts: number,
  acceptedAt: number,
  fingerprint: string | null,
  inputVersion: number,
  input: string,
  full: boolean,
  nextAt: number | null,
];

/** Before its claim, in a statement of its own: what a forerunner with the same token took must be seen. */
export function claimLockStatement(schema: string) {
  return statement(
    "spillway_claim_lock",
    `SELECT pg_advisory_xact_lock(${lockSpace(`claims of ${schema}`)}, hashtext($1))`,
  );
}

const CLAIMED = `l.operation, l.id, l.token, l.revision, l.attempt, l.updated_at, l.available_at, l.throttles,
  l.lease_until, l.error, l.cancel_requested`;
const CALL = "j.principal, j.max_attempts, j.accepted_at, j.fingerprint, j.input_version, j.input";

export function claimStatement(schema: string) {
  const { live, jobs } = { live: `${schema}.live`, jobs: `${schema}.jobs` };
  return statement(
    "spillway_claim",
    `WITH ${moment(schema, "$1")},
    held AS MATERIALIZED (
      SELECT ${CLAIMED} FROM ${live} AS l WHERE l.status = 1 AND l.token >= $4 || '.' AND l.token < $4 || '/'),
    asked AS MATERIALIZED (
      SELECT * FROM unnest($6::text[], $7::int[], $8::float8[]) WITH ORDINALITY
        AS queue (operation, most, bound, line)),
    picked AS MATERIALIZED (
      SELECT asked.line, first.* FROM asked CROSS JOIN LATERAL (
        SELECT l.ctid AS at, l.available_at, l.sequence FROM ${live} AS l
        WHERE l.operation = asked.operation AND l.status = 0 AND l.available_at <= ${NOW}
          AND l.available_at >= asked.bound
        ORDER BY l.available_at, l.sequence
        LIMIT CASE WHEN EXISTS (SELECT 1 FROM held) THEN 0 ELSE asked.most END
        FOR UPDATE SKIP LOCKED) AS first),
    taken AS (
      UPDATE ${live} AS l SET status = 1, attempt = l.attempt + 1, revision = l.revision + 1, updated_at = ${NOW},
        token = $4 || '.' || numbered.number || '.' || (l.revision + 1), lease_until = ${NOW} + $5::float8,
        change = ${CHANGE}, place = $3::int + numbered.number
      FROM (SELECT at, row_number() OVER () - 1 AS number FROM picked) AS numbered
      WHERE l.ctid = numbered.at
      RETURNING ${CLAIMED}),
    counted AS (${counting(
      schema,
      `SELECT operation, way.status, '', way.sign * count(*)
       FROM taken, (VALUES (0::smallint, -1), (1::smallint, 1)) AS way (status, sign)
       GROUP BY operation, way.status, way.sign ORDER BY operation, way.status`,
      "$2",
    )})
    SELECT ${CLAIMED}, ${CALL}, false, null::float8
      FROM (SELECT * FROM taken UNION ALL SELECT * FROM held) AS l JOIN ${jobs} AS j ON j.id = l.id
    UNION ALL
    SELECT asked.operation, null, '', 0, 0, 0, 0, 0, 0, null, false, '', 0, 0, null, 0, '',
      CASE WHEN last.line IS NOT NULL OR asked.most = 0 OR EXISTS (SELECT 1 FROM held)
        THEN EXISTS (
          SELECT 1 FROM ${live} AS l WHERE l.operation = asked.operation AND l.status = 0 AND l.available_at <= ${NOW}
            AND (l.available_at, l.sequence) > (coalesce(last.available_at, '-infinity'), coalesce(last.sequence, -1)))
        ELSE asked.bound > '-infinity' AND EXISTS (
          SELECT 1 FROM ${live} AS l WHERE l.operation = asked.operation AND l.status = 0
            AND l.available_at <= ${NOW} AND l.available_at < asked.bound) END,
      (SELECT l.available_at FROM ${live} AS l
        WHERE l.operation = asked.operation AND l.status = 0 AND l.available_at > ${NOW}
        ORDER BY l.available_at LIMIT 1)
    FROM asked LEFT JOIN LATERAL (
      SELECT picked.* FROM picked WHERE picked.line = asked.line
      ORDER BY picked.available_at, picked.sequence OFFSET greatest(asked.most - 1, 0) LIMIT 1) AS last ON true`,
  );
}

export function sendClaim(
  transaction: Transaction,
  {
    lock,
    claim,
  }: { readonly lock: ReturnType<typeof statement>; readonly claim: ReturnType<typeof statement> },
  { token, queues, leaseMs }: ClaimChange,
  bounds: Bounds,
  now: number | null,
  part: number,
  place: number,
): Promise<Result<ClaimRow>> {
  void transaction.run(lock, [token]);
  return transaction.run<ClaimRow>(claim, [
    now,
    part,
    place,
    token,
    leaseMs,
    texts(queues.map(({ operation }) => operation)),
    integers(queues.map(({ limit }) => limit)),
    floats(queues.map(({ operation }) => bounds.of(operation))),
  ]);
}

type Claimed = Extract<AnswerOf<"claim">, { kind: "claimed" }>;

export function claimAnswer({ token }: ClaimChange, rows: readonly ClaimRow[]): Claimed {
  const claims: Claim[] = [];
  const full: string[] = [];
  let nextAt = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (row[1] !== null) claims.push(claimOf(row));
    else {
      if (row[17]) full.push(row[0]);
      if (row[18] !== null) nextAt = Math.min(nextAt, row[18]);
    }
  }
  const placeOf = ({ lease }: Claim) => Number.parseInt(lease.token.slice(token.length + 1), 10);
  claims.sort((one, other) => placeOf(one) - placeOf(other));
  return { kind: "claimed", claims, full, ...(nextAt < Number.POSITIVE_INFINITY && { nextAt }) };
}

function claimOf(row: ClaimRow): Claim {
  const id = row[1] as string;
  const job: { -readonly [K in keyof Job]: Job[K] } = {
    id,
    operation: row[0],
    principal: told(row[11]),
    status: "running",
    revision: row[3],
    attempt: row[4],
    maxAttempts: row[12],
    throttles: row[7],
    acceptedAt: row[13],
    updatedAt: row[5],
    availableAt: row[6],
    listed: true,
    cancelRequested: row[10],
    token: row[2],
    leaseUntil: row[8],
  };
  if (row[9] !== null) job.error = row[9];
  if (row[14] !== null) job.fingerprint = row[14];
  return { job, input: row[16], inputVersion: row[15], lease: { id, token: row[2] } };
}
