/** What `enqueueIn` sends: texts for any driver, with every value as text and no type left to guess. */

import { STATUS } from "../../core/kept.ts";
import { channelOf } from "./channel.ts";
import { changeIn } from "./order.ts";

/**
 * A count is locked until the app's transaction ends, however long that takes. So such transactions have parts of
 * their own, by their backends, and nobody who is quick ever waits for one.
 */
const PART = "(-1 - pg_backend_pid() % 1000)::smallint";

export function enqueueStatements(schema: string, schemaName: string) {
  return {
    secret: `SELECT secret FROM ${schema}.store`,
    /** A row, where there was none under its id. */
    keep: `WITH moment AS MATERIALIZED (
        SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now),
      kept AS (
        INSERT INTO ${schema}.jobs (id, sequence, operation, principal, max_attempts, accepted_at, fingerprint,
          input_version, details, input)
        SELECT $1::text, ($2::text)::bigint, $3::text, $4::text, ($5::text)::int, now, $6::text,
          ($7::text)::int, '{"origin":"transaction"}', $8::text
        FROM moment
        ON CONFLICT (id) DO NOTHING
        RETURNING id, sequence, operation, principal, accepted_at),
      begun AS (
        INSERT INTO ${schema}.live (id, operation, sequence, status, revision, attempt, updated_at, available_at,
          throttles, listed, cancel_requested, principal, change, place)
        SELECT id, operation, sequence, ${STATUS.queued}, 1, 0, accepted_at, accepted_at + ($9::text)::float8, 0,
          true, false, nullif(principal, ''), ${changeIn(schema)}, ($10::text)::int
        FROM kept),
      counted AS (
        INSERT INTO ${schema}.counts AS c (operation, status, error_code, part, jobs)
        SELECT operation, ${STATUS.queued}, '', ${PART}, 1 FROM kept
        ON CONFLICT (operation, status, error_code, part) DO UPDATE SET jobs = c.jobs + 1),
      told AS MATERIALIZED (
        SELECT id, pg_notify('${channelOf(schemaName)}', E'\\n' || CASE WHEN ($9::text)::float8 > 0
            THEN 'q' || operation || ' 0 ' || (accepted_at + ($9::text)::float8)::text
            ELSE 'q' || operation || ' 1 ' END
          || coalesce(E'\\np' || $11::text, ''))::text AS said
        FROM kept)
      SELECT id, said FROM told`,
    look: `SELECT j.fingerprint, (l.id IS NOT NULL AND NOT l.listed) AS is_running_at_once
      FROM ${schema}.jobs AS j LEFT JOIN ${schema}.live AS l ON l.id = j.id WHERE j.id = $1::text`,
  };
}
