/** Pieces that several statements are made of. */
import { createHash } from "node:crypto";
import type { Statement } from "./line.ts";
import { changeIn } from "./order.ts";

/** Parts of a count; each transaction uses one that no other does at that time, so that none waits for another. */
const PARTS = 16;

/**
 * The name tells the text: behind a pooler another client may have prepared something else under a name that only
 * says what it is for.
 */
export function statement(name: string, text: string): Statement {
  return { name: `${name}_${createHash("sha1").update(text).digest("hex").slice(0, 12)}`, text };
}

/** The database's time, unless a test sets it, in whole milliseconds since 1970; and the transaction's change. */
export function moment(schema: string, now: string): string {
  return `moment AS MATERIALIZED (SELECT coalesce(${now}::float8,
    floor(extract(epoch FROM clock_timestamp()) * 1000)::float8) AS now, ${changeIn(schema)} AS change)`;
}

export const NOW = "(SELECT now FROM moment)";
export const CHANGE = "(SELECT change FROM moment)";

/** @param counted gives operation, status, error code and by how many. */
export function counting(schema: string, counted: string, part: string): string {
  return `INSERT INTO ${schema}.counts AS c (operation, status, error_code, part, jobs)
    SELECT counted.operation, counted.status, counted.error_code, ${freePart(schema, part)}, counted.jobs
    FROM (${counted}) AS counted (operation, status, error_code, jobs)
    ON CONFLICT (operation, status, error_code, part) DO UPDATE SET jobs = c.jobs + excluded.jobs`;
}

/**
 * The preferred part, or the next one that nobody else has; a lock that goes with the transaction. Where all are taken
 * it waits for one, before it holds any row of it: two that share a part would alter its rows in different orders.
 */
function freePart(schema: string, part: string): string {
  const space = lockSpace(schema);
  return `coalesce((SELECT try.part % ${PARTS} FROM generate_series(${part}::int, ${part}::int + ${PARTS - 1}) AS try (part)
      WHERE pg_try_advisory_xact_lock(${space}, try.part % ${PARTS}) LIMIT 1),
    (SELECT ${part}::int FROM (SELECT pg_advisory_xact_lock(${space}, ${part}::int)) AS waited))::smallint`;
}

/** Advisory locks are shared by all that use a database: those of a schema are under a number of its own. */
export function lockSpace(schema: string): number {
  return createHash("sha1").update(`spillway ${schema}`).digest().readInt32BE(0);
}
