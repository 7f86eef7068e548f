/**
 * The jobs of a principal in the order of their commits. Numbers of transactions come into sight out of order, so what
 * is told ends before the oldest one that is still under way (docs/adr/0012). Whoever was hinted of what is held back
 * for that, and looked too early, is made to wait for a moment.
 */
import { noCursor } from "../../core/cursor.ts";
import type { Changes, Cursor } from "../../core/engine.ts";
import type { Principal } from "../../core/job.ts";
import type { Connections, Statement } from "./connection.ts";
import { statement } from "./fragments.ts";
import { pause } from "./pauses.ts";
import { type AnyRow, JOB_COLUMNS, JOB_WIDTH, jobOf, standing } from "./rows.ts";
import { stored } from "./texts.ts";

/** A commit takes some milliseconds; whoever is held back for longer looks again by himself. */
const PAUSES_MS = [1, 2, 4, 8, 16, 32, 64, 128];

/** Of a job: the transaction that changed it last, and its place among the changes of that. */
type Place = readonly [change: string, place: string];
const START: Place = ["0", "0"];
const MOST_CHANGE = 2n ** 63n - 1n;
const MOST_PLACE = 2 ** 31 - 1;

type Row = readonly [held: boolean, change: string | null, place: number, ...job: unknown[]];

export class ChangeStream {
  readonly #connections: Connections;
  readonly #statement: Statement;

  constructor(connections: Connections, schema: string) {
    this.#connections = connections;
    this.#statement = statementOf(schema);
  }

  async after(principal: Principal, after: Cursor | undefined, limit: number): Promise<Changes> {
    const start = after === undefined ? START : placeIn(after);
    const values = [stored(principal), ...start, limit];
    let rows = await this.#connections.read<Row>(this.#statement, values);
    for (const ms of PAUSES_MS) {
      if (!isHeldBack(rows)) break;
      await pause(ms);
      rows = await this.#connections.read<Row>(this.#statement, values);
    }
    const jobs = [];
    for (const row of rows) {
      const [, change, place, ...job] = row;
      if (change !== null) jobs.push({ job: jobOf(job as unknown as AnyRow), cursor: `${change}.${place}` });
    }
    return { jobs, next: jobs.at(-1)?.cursor ?? start.join(".") };
  }
}

/** There is something, but all of it may come after what is still under way. */
function isHeldBack([first]: readonly Row[]): boolean {
  return first?.[0] === true && first[1] === null;
}

function placeIn(cursor: Cursor): Place {
  const [, change, place] = /^(\d{1,19})\.(\d{1,10})$/.exec(cursor) ?? [];
  if (change === undefined || place === undefined) throw noCursor(cursor);
  if (BigInt(change) > MOST_CHANGE || Number(place) > MOST_PLACE) throw noCursor(cursor);
  return [change, place];
}

/** One row at least: whether something is there that is not told yet. */
function statementOf(schema: string): Statement {
  const changed = (table: "live" | "outcomes") => `(SELECT change, place, id FROM ${schema}.${table}
    WHERE principal = $1 AND (change, place) > ($2::bigint, $3::integer) AND change < (SELECT at FROM horizon)
    ORDER BY change, place LIMIT $4)`;
  const held = (table: "live" | "outcomes") => `EXISTS (SELECT 1 FROM ${schema}.${table}
    WHERE principal = $1 AND change >= (SELECT at FROM horizon))`;
  return statement(
    "spillway_changes",
    `WITH horizon AS MATERIALIZED (
        SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + xid_offset AS at FROM ${schema}.store),
      latest AS (
        SELECT change, place, id FROM (${changed("live")} UNION ALL ${changed("outcomes")}) AS either
        ORDER BY change, place LIMIT $4)
      SELECT back.held, changed.change::text, changed.place, ${JOB.join(", ")}
      FROM (SELECT ${held("live")} OR ${held("outcomes")} AS held) AS back LEFT JOIN (
        SELECT latest.change, latest.place, ${JOB_COLUMNS}
        FROM latest JOIN ${schema}.jobs AS j ON j.id = latest.id ${standing(schema)}
      ) AS changed (change, place, ${JOB.join(", ")}) ON true
      ORDER BY changed.change, changed.place`,
  );
}

/** Names for a job's columns where they come out of a subquery. */
const JOB = Array.from({ length: JOB_WIDTH }, (_, place) => `job_${place}`);
