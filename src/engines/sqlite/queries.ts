/**
 * Everything that is asked and alters nothing, on the engine's own read-only connection. It sees what was
 * committed before it looked, and runs on the engine's thread: each statement here is short whatever the store
 * holds, lists included (`lists.ts`).
 */
import type { DatabaseSync } from "node:sqlite";
import { numberIn } from "../../core/cursor.ts";
import type {
  AuditEntry,
  Changes,
  Cursor,
  DeadLetters,
  Figures,
  JobQuery,
  Page,
  Ref,
  Setting,
} from "../../core/engine.ts";
import type { JobRecord, Principal } from "../../core/job.ts";
import { STATUS } from "../../core/kept.ts";
import type { Item, ItemKey } from "../../core/table.ts";
import { isOwner } from "../../core/transition.ts";
import type { KeyIndex } from "./key-index.ts";
import { KeyLookup } from "./key-lookup.ts";
import { Lists } from "./lists.ts";
import {
  HELD,
  type HeldRow,
  heldJobOf,
  inArrays,
  JOB_COLUMNS,
  JOBS,
  RECORD_COLUMNS,
  type RecordRow,
  recordOf,
} from "./rows.ts";
import { breathe, ROWS_A_STEP } from "./steps.ts";

type FigureRow = readonly [operation: string, queued: number, running: number, failed: number];
type DeadRow = readonly [
  operation: string,
  errorCode: string,
  count: number,
  firstAt: number,
  lastAt: number,
];
type ItemRow = readonly [table: string, key: string, version: number, value: string];
type SettingRow = readonly [Setting["scope"], name: string, paused: number, concurrency: number | null];
type AuditRow = readonly [
  entry: number,
  at: number,
  by: string,
  action: string,
  target: string,
  detail: string,
];
type ChangeRow = HeldRow;

export class Queries {
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #lookup: KeyLookup;
  readonly #lists: Lists;

  constructor(database: DatabaseSync, keys: KeyIndex) {
    this.#database = database;
    this.#lookup = new KeyLookup(database, keys);
    this.#statements = prepare(database);
    this.#lists = new Lists(database);
  }

  find(refs: readonly Ref[]): readonly (JobRecord | undefined)[] {
    return refs.map((ref) => {
      const row = this.#lookup.find<RecordRow>(ref.id, this.#statements.bySequence);
      const record = row && recordOf(row);
      return record && isOwner(record, ref) ? record : undefined;
    });
  }

  list(query: JobQuery): Page<JobRecord> {
    return this.#lists.page(query);
  }

  /** In steps: of a principal's calls in `accepted` all but the latest may have ended, and stand in `changed` by now. */
  async changes(principal: Principal, after: Cursor | undefined, limit: number): Promise<Changes> {
    const rows: ChangeRow[] = [];
    let start = numberIn(after) ?? 0;
    const none = String(start);
    for (;;) {
      const end = this.#endOfStep(principal, start);
      rows.push(...this.#changesIn(principal, start, end ?? Number.MAX_SAFE_INTEGER, limit - rows.length));
      if (end === undefined || rows.length === limit) break;
      start = end;
      await breathe();
    }
    const jobs = rows.map((row) => ({ job: heldJobOf(row), cursor: String(row[22]) }));
    return { jobs, next: jobs.at(-1)?.cursor ?? none };
  }

  deadLetters(): readonly DeadLetters[] {
    const rows = this.#statements.deadLetters.all() as unknown as readonly DeadRow[];
    return rows.map(([operation, errorCode, count, firstAt, lastAt]) => ({
      operation,
      errorCode,
      count,
      firstAt,
      lastAt,
    }));
  }

  figures(now: number): readonly Figures[] {
    const rows = this.#statements.figures.all() as unknown as readonly FigureRow[];
    return rows.map(([operation, queued, running, failed]) => {
      const figures = { operation, queued, running, failed };
      if (queued === 0) return figures;
      const oldestAt = this.#oldestAt(operation, now);
      const nextAt = this.#nextAt(operation, now);
      return { ...figures, ...(oldestAt !== null && { oldestAt }), ...(nextAt !== undefined && { nextAt }) };
    });
  }

  read(keys: readonly ItemKey[]): readonly (Item | undefined)[] {
    return keys.map(({ table, key }) => {
      const row = this.#statements.item.get(table, key) as unknown as ItemRow | undefined;
      return row && itemOf(row);
    });
  }

  scan(table: string, after: string, limit: number): readonly Item[] {
    return (this.#statements.items.all(table, after, limit) as unknown as readonly ItemRow[]).map(itemOf);
  }

  settings(): readonly Setting[] {
    const rows = this.#statements.settings.all() as unknown as readonly SettingRow[];
    return rows.map(([scope, name, paused, concurrency]) => ({
      scope,
      name,
      paused: paused === 1,
      concurrency,
    }));
  }

  audit(limit: number, cursor: Cursor | undefined): Page<AuditEntry> {
    const before = numberIn(cursor) ?? Number.MAX_SAFE_INTEGER;
    const rows = this.#statements.audit.all(before, limit + 1) as unknown as readonly AuditRow[];
    const items = rows
      .slice(0, limit)
      .map(([, at, by, action, target, detail]) => ({ at, by, action, target, detail }));
    return { items, next: rows.length > limit ? String(rows[limit - 1]?.[0]) : null };
  }

  close(): void {
    this.#database.close();
  }

  /** The position of a step's last accepted call; undefined: this step reaches the latest one. */
  #endOfStep(principal: Principal, start: number): number | undefined {
    const row = this.#statements.stepEnd.get(principal, start, ROWS_A_STEP - 1) as unknown as
      | readonly [number]
      | undefined;
    return row?.[0];
  }

  #changesIn(principal: Principal, start: number, end: number, limit: number): readonly ChangeRow[] {
    return this.#statements.changes.all(principal, start, end, limit) as unknown as readonly ChangeRow[];
  }

  #nextAt(operation: string, now: number): number | undefined {
    const row = this.#statements.next.get(operation, now) as unknown as readonly [number] | undefined;
    return row?.[0];
  }

  #oldestAt(operation: string, now: number): number | null {
    const [oldest] = this.#statements.oldest.get(operation, now) as unknown as readonly [number | null];
    return oldest;
  }
}

function itemOf([table, key, version, value]: ItemRow): Item {
  return { table, key, version, value };
}

function prepare(database: DatabaseSync) {
  const arrays = (sql: string) => inArrays(database.prepare(sql));
  const sumOf = (status: number) => `sum(iif(status = ${status}, jobs, 0))`;
  return {
    bySequence: arrays(`SELECT ${RECORD_COLUMNS} FROM ${JOBS} WHERE j.sequence = ?`),
    changes: arrays(`SELECT ${JOB_COLUMNS}, ${HELD}, latest.change
      FROM (${CHANGED}) AS latest CROSS JOIN jobs AS j ON j.sequence = latest.sequence
        LEFT JOIN states AS s ON s.sequence = latest.sequence
      ORDER BY latest.change`),
    stepEnd: arrays(`SELECT change FROM jobs INDEXED BY accepted WHERE principal = ? AND change > ?
      ORDER BY change LIMIT 1 OFFSET ?`),
    // First and last are the two ends of a stretch of the index, each one look-up.
    deadLetters: arrays(`SELECT operation, error_code, jobs, ${failedAt("min")}, ${failedAt("max")}
      FROM counts WHERE status = ${STATUS.failed} AND jobs > 0`),
    figures:
      arrays(`SELECT operation, ${sumOf(STATUS.queued)}, ${sumOf(STATUS.running)}, ${sumOf(STATUS.failed)}
      FROM counts GROUP BY operation HAVING sum(jobs) > 0`),
    // Of those that come next: a retried job may be older than the first in line, but is not far behind it.
    oldest: arrays(`SELECT min(accepted_at) FROM (
      SELECT j.accepted_at FROM queue AS q CROSS JOIN jobs AS j ON j.sequence = q.sequence
      WHERE q.operation = ? AND q.available_at <= ? ORDER BY q.available_at, q.sequence LIMIT 100)`),
    next: arrays(
      "SELECT available_at FROM queue WHERE operation = ? AND available_at > ? ORDER BY available_at LIMIT 1",
    ),
    item: arrays('SELECT "table", key, version, value FROM items WHERE "table" = ? AND key = ?'),
    items: arrays(
      'SELECT "table", key, version, value FROM items WHERE "table" = ? AND key > ? ORDER BY key LIMIT ?',
    ),
    settings: arrays("SELECT scope, name, paused, concurrency FROM settings"),
    audit: arrays(
      'SELECT entry, at, "by", action, target, detail FROM audit WHERE entry < ? ORDER BY entry DESC LIMIT ?',
    ),
  };
}

/** Where a principal's jobs stand in the order of their last changes: fresh, altered since, or claimed. */
const CHANGED = `
  SELECT change, sequence FROM (
    SELECT change, sequence FROM jobs AS fresh INDEXED BY accepted
      WHERE principal = ?1 AND change > ?2 AND change <= ?3
        AND NOT EXISTS (SELECT 1 FROM states WHERE states.sequence = fresh.sequence)
        AND EXISTS (SELECT 1 FROM queue WHERE queue.operation = fresh.operation
          AND queue.available_at = fresh.available_at AND queue.sequence = fresh.sequence)
      ORDER BY change LIMIT ?4)
  UNION ALL
  SELECT change, sequence FROM (
    SELECT change, sequence FROM states AS altered INDEXED BY changed
      WHERE principal = ?1 AND change > ?2 AND change <= ?3
        AND (status <> ${STATUS.queued} OR EXISTS (
          SELECT 1 FROM jobs AS owner JOIN queue ON queue.operation = owner.operation
            AND queue.available_at = altered.available_at AND queue.sequence = altered.sequence
          WHERE owner.sequence = altered.sequence))
      ORDER BY change LIMIT ?4)
  UNION ALL
  SELECT claims.change + member.key, member.value
    FROM claims, json_each(claims.members) AS member CROSS JOIN jobs AS owned ON owned.sequence = member.value
    WHERE claims.change <= ?3 AND claims.change + member.key > ?2 AND claims.change + member.key <= ?3
      AND owned.principal = ?1
  ORDER BY 1 LIMIT ?4`;

function failedAt(which: "min" | "max"): string {
  return `(SELECT ${which}(updated_at) FROM states INDEXED BY failed
    WHERE states.status = ${STATUS.failed} AND states.listed = 1
      AND states.operation = counts.operation AND states.error_code = counts.error_code)`;
}
