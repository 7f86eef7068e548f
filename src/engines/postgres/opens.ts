/** Calls that are queued, in one statement; those whose ids are there already are left alone, and named. */
import type { NewCall } from "../../core/engine.ts";
import { bigints, integers, texts } from "./arrays.ts";
import type { Result, Transaction, Value } from "./connection.ts";
import { CHANGE, counting, moment, NOW, statement } from "./fragments.ts";
import { stored } from "./texts.ts";

/** What a statement of the fast way answers; `done` only where some were left alone. */
export type FastRow = readonly [now: number, count: number, done: readonly string[] | null];

export function openStatement(schema: string) {
  return statement(
    "spillway_open",
    `WITH ${moment(schema, "$1")},
    kept AS (
      INSERT INTO ${schema}.jobs (id, sequence, operation, principal, max_attempts, accepted_at, fingerprint,
        input_version, details, input)
      SELECT new.id, new.sequence, new.operation, new.principal, new.max_attempts, ${NOW}, new.fingerprint,
        new.input_version, new.details, new.input
      FROM unnest($5::text[], $6::bigint[], $7::text[], $8::text[], $9::int[], $10::text[], $11::int[], $12::text[],
        $13::text[]) AS new (id, sequence, operation, principal, max_attempts, fingerprint, input_version, details,
        input)
      ON CONFLICT (id) DO NOTHING
      RETURNING id, sequence, operation, principal),
    begun AS (
      INSERT INTO ${schema}.live (id, operation, sequence, status, revision, attempt, updated_at, available_at,
        throttles, listed, cancel_requested, principal, change, place)
      SELECT id, operation, sequence, 0, 1, 0, ${NOW}, ${NOW} + $4::float8, 0, true, false, nullif(principal, ''),
        ${CHANGE}, $3::int + row_number() OVER (ORDER BY sequence)
      FROM kept),
    counted AS (${counting(schema, "SELECT operation, 0::smallint, '', count(*) FROM kept GROUP BY operation", "$2")})
    SELECT ${NOW}, (SELECT count(*) FROM kept)::int,
      (SELECT array_agg(id) FROM kept WHERE (SELECT count(*) FROM kept) < cardinality($5::text[]))`,
  );
}

/** @param calls of one delay */
export function sendOpens(
  transaction: Transaction,
  text: ReturnType<typeof openStatement>,
  calls: readonly NewCall[],
  now: number | null,
  part: number,
  place: number,
): Promise<Result<FastRow>> {
  const values: Value[] = [now, part, place, calls[0]?.delayMs ?? 0, ...callColumns(calls)];
  return transaction.run<FastRow>(text, values);
}

/** What `jobs` has of calls, but for the time. */
export function callColumns(calls: readonly NewCall[]): readonly Buffer[] {
  const details = new Map<NewCall["details"], string>();
  const textOf = (of: NewCall["details"]) => {
    const known = details.get(of);
    if (known !== undefined) return known;
    const text = JSON.stringify(of);
    details.set(of, text);
    return text;
  };
  return [
    texts(calls.map(({ id }) => id)),
    bigints(calls.map(({ sequence }) => sequence)),
    texts(calls.map(({ operation }) => operation)),
    texts(calls.map(({ principal }) => stored(principal))),
    integers(calls.map(({ maxAttempts }) => maxAttempts)),
    texts(calls.map(({ fingerprint }) => fingerprint ?? null)),
    integers(calls.map(({ inputVersion }) => inputVersion)),
    texts(calls.map((call) => textOf(call.details))),
    texts(calls.map(({ input }) => input)),
  ];
}
