/**
 * Everything that is asked and alters nothing, on connections for reading. Each question is one statement, so that it
 * sees one moment of the store, whatever moves meanwhile.
 */
import { numberIn } from "../../core/cursor.ts";
import type { AuditEntry, Cursor, DeadLetters, Figures, Page, Ref, Setting } from "../../core/engine.ts";
import type { JobId, JobRecord } from "../../core/job.ts";
import { STATUS } from "../../core/kept.ts";
import type { Item, ItemKey } from "../../core/table.ts";
import { isOwner } from "../../core/transition.ts";
import { texts } from "./arrays.ts";
import type { Connections, Statement, Value } from "./connection.ts";
import { statement } from "./fragments.ts";
import { RECORD_COLUMNS, type RecordRow, recordOf, standing } from "./rows.ts";
import { stored, told } from "./texts.ts";

type FigureRow = readonly [
  operation: string,
  queued: number,
  running: number,
  failed: number,
  oldestAt: number | null,
  nextAt: number | null,
];
type DeadRow = readonly [
  operation: string,
  errorCode: string,
  count: number,
  firstAt: number | null,
  lastAt: number | null,
];
type ItemRow = readonly [table: string, key: string, version: number, value: string];
type SettingRow = readonly [Setting["scope"], name: string, paused: boolean, concurrency: number | null];
type AuditRow = readonly [
  entry: number,
  at: number,
  by: string,
  action: string,
  target: string,
  detail: string,
];

export class Queries {
  readonly #connections: Connections;
  readonly #statements: ReturnType<typeof statementsOf>;
  readonly #now: () => number | null;

  /** @param now answers the time where that is not the database's: tests turn the hands of a clock. */
  constructor(connections: Connections, schema: string, now: () => number | null) {
    this.#connections = connections;
    this.#statements = statementsOf(schema);
    this.#now = now;
  }

  async find(refs: readonly Ref[]): Promise<readonly (JobRecord | undefined)[]> {
    // What cannot stand in a text of PostgreSQL is nobody's id.
    const ids = [...new Set(refs.map(({ id }) => id))].filter((id) => !id.includes("\0"));
    if (ids.length === 0) return refs.map(() => undefined);
    const rows = await this.#read<RecordRow>(this.#statements.records, [texts(ids)]);
    const records = new Map(rows.map((row) => [row[0], recordOf(row)]));
    return refs.map((ref) => {
      const record = records.get(ref.id);
      return record && isOwner(record, ref) ? record : undefined;
    });
  }

  async figures(): Promise<readonly Figures[]> {
    const rows = await this.#read<FigureRow>(this.#statements.figures, [this.#now()]);
    return rows.map(([operation, queued, running, failed, oldestAt, nextAt]) => ({
      operation,
      queued,
      running,
      failed,
      ...(oldestAt !== null && { oldestAt }),
      ...(nextAt !== null && { nextAt }),
    }));
  }

  async deadLetters(): Promise<readonly DeadLetters[]> {
    const rows = await this.#read<DeadRow>(this.#statements.deadLetters, []);
    return rows.map(([operation, errorCode, count, firstAt, lastAt]) => ({
      operation,
      errorCode: told(errorCode),
      count,
      firstAt: firstAt ?? 0,
      lastAt: lastAt ?? 0,
    }));
  }

  async read(keys: readonly ItemKey[]): Promise<readonly (Item | undefined)[]> {
    if (keys.length === 0) return [];
    const tables = keys.map(({ table }) => stored(table));
    const names = keys.map(({ key }) => stored(key));
    const rows = await this.#read<ItemRow>(this.#statements.items, [texts(tables), texts(names)]);
    const items = new Map(rows.map((row) => [placeOf(row[0], row[1]), itemOf(row)]));
    return names.map((name, i) => items.get(placeOf(tables[i] as string, name)));
  }

  async scan(table: string, after: string, limit: number): Promise<readonly Item[]> {
    const rows = await this.#read<ItemRow>(this.#statements.scan, [stored(table), stored(after), limit]);
    return rows.map(itemOf);
  }

  async settings(): Promise<readonly Setting[]> {
    const rows = await this.#read<SettingRow>(this.#statements.settings, []);
    return rows.map(([scope, name, paused, concurrency]) => ({
      scope,
      name: told(name),
      paused,
      concurrency,
    }));
  }

  async audit(limit: number, cursor: Cursor | undefined): Promise<Page<AuditEntry>> {
    const before = numberIn(cursor) ?? Number.MAX_SAFE_INTEGER;
    const rows = await this.#read<AuditRow>(this.#statements.audit, [before, limit + 1]);
    const items = rows.slice(0, limit).map(([, at, by, action, target, detail]) => ({
      at,
      by: told(by),
      action,
      target: told(target),
      detail,
    }));
    return { items, next: rows.length > limit ? String(rows[limit - 1]?.[0]) : null };
  }

  /** Running jobs that somebody asked to stop. */
  async cancelling(): Promise<readonly JobId[]> {
    const rows = await this.#read<readonly [JobId]>(this.#statements.cancelling, []);
    return rows.map(([id]) => id);
  }

  #read<R extends readonly unknown[]>(statement: Statement, values: readonly Value[]) {
    return this.#connections.read<R>(statement, values);
  }
}

/** As stored, neither has a character zero. */
function placeOf(table: string, key: string): string {
  return `${table}\0${key}`;
}

function itemOf([table, key, version, value]: ItemRow): Item {
  return { table: told(table), key: told(key), version, value };
}

/** Of a parameter that is null, the database's own. */
const NOW = "coalesce($1::float8, floor(extract(epoch FROM clock_timestamp()) * 1000)::float8)";

function statementsOf(schema: string) {
  const sumOf = (status: number) => `coalesce(sum(jobs) FILTER (WHERE status = ${status}), 0)::float8`;
  const ready = `${schema}.live WHERE status = ${STATUS.queued} AND operation = c.operation AND available_at`;
  const failedAt = (which: "min" | "max") => `(SELECT ${which}(o.updated_at) FROM ${schema}.outcomes AS o
    WHERE o.status = ${STATUS.failed} AND o.listed AND o.operation = c.operation AND o.error_code = c.error_code)`;
  return {
    records: statement(
      "spillway_find",
      `SELECT ${RECORD_COLUMNS} FROM ${schema}.jobs AS j ${standing(schema)}
        WHERE j.id = ANY($1::text[]) AND (l.id IS NOT NULL OR o.id IS NOT NULL)`,
    ),
    // Of those that come next: a retried job may be older than the first in line, but is not far behind it. One that
    // was never claimed was altered last when it was accepted, so only the others are looked up in `jobs`.
    figures: statement(
      "spillway_figures",
      `SELECT c.operation, c.queued, c.running, c.failed,
          (SELECT min(CASE WHEN due.revision = 1 THEN due.updated_at
              ELSE (SELECT j.accepted_at FROM ${schema}.jobs AS j WHERE j.id = due.id) END)
            FROM (SELECT id, revision, updated_at FROM ${ready} <= moment.at
              ORDER BY available_at, sequence LIMIT 100) AS due),
          (SELECT available_at FROM ${ready} > moment.at ORDER BY available_at LIMIT 1)
        FROM (SELECT ${NOW} AS at OFFSET 0) AS moment, (
          SELECT operation, ${sumOf(STATUS.queued)} AS queued, ${sumOf(STATUS.running)} AS running,
            ${sumOf(STATUS.failed)} AS failed
          FROM ${schema}.counts GROUP BY operation HAVING sum(jobs) > 0) AS c`,
    ),
    // First and last are the two ends of a stretch of the index, each one look-up.
    deadLetters: statement(
      "spillway_dead_letters",
      `SELECT c.operation, c.error_code, c.jobs, ${failedAt("min")}, ${failedAt("max")}
        FROM (SELECT operation, error_code, sum(jobs)::float8 AS jobs FROM ${schema}.counts
          WHERE status = ${STATUS.failed} GROUP BY operation, error_code HAVING sum(jobs) > 0) AS c`,
    ),
    items: statement(
      "spillway_items",
      `SELECT i."table", i.key, i.version, i.value FROM ${schema}.items AS i
        JOIN unnest($1::text[], $2::text[]) AS asked ("table", key) ON i."table" = asked."table" AND i.key = asked.key
        WHERE i.value IS NOT NULL`,
    ),
    scan: statement(
      "spillway_scan",
      `SELECT "table", key, version, value FROM ${schema}.items
        WHERE "table" = $1 AND key > $2 AND value IS NOT NULL ORDER BY key LIMIT $3`,
    ),
    settings: statement(
      "spillway_settings",
      `SELECT scope, name, paused, concurrency FROM ${schema}.settings`,
    ),
    audit: statement(
      "spillway_audit",
      `SELECT entry, at, "by", action, target, detail FROM ${schema}.audit
        WHERE entry < $1 ORDER BY entry DESC LIMIT $2`,
    ),
    cancelling: statement("spillway_cancelling", `SELECT id FROM ${schema}.live WHERE cancel_requested`),
  };
}
