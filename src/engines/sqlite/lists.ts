/**
 * Lists of jobs, newest first, on a thread that also serves. Each is read along the index that leaves least to be
 * looked at, and a page ends after so many rows, found or not: whatever is asked and whatever the store holds, it
 * costs the same.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { numberIn } from "../../core/cursor.ts";
import type { JobQuery, Page } from "../../core/engine.ts";
import { sequenceAt } from "../../core/ids.ts";
import { isFinal, type JobRecord } from "../../core/job.ts";
import { STATUS } from "../../core/kept.ts";
import { inArrays, RECORD_COLUMNS, type RecordRow, recordOf, STATUS_NOW } from "./rows.ts";
import { ROWS_A_STEP } from "./steps.ts";

/** So few are sorted within a step's time. */
const FEW = 1_000;
/** A call at once may have run for so long before it became a job, which is when it is accepted. */
const LONGEST_AT_ONCE_MS = 20 * 60_000;

/** Where a few that have not ended stand. */
const PLACE_OF: Partial<Record<string, string>> = {
  queued: "SELECT sequence FROM queue",
  running: `SELECT member.value FROM claims, json_each(claims.members) AS member
    UNION ALL SELECT sequence FROM states INDEXED BY running WHERE status = ${STATUS.running}`,
};

type Condition = readonly [sql: string, value?: SQLInputValue];

/** Rows in the order of their sequences, all of which are looked at: a table, or a part of one that has an index. */
type Source = {
  /** Whose columns come first: of what a call was, or of what became of it. */
  readonly of: "j" | "s";
  readonly rows: string;
  readonly key: readonly Condition[];
};

const ALL: Source = { of: "j", rows: "jobs AS j", key: [] };
/** What can only be found among those that have ended need not be looked for among those that have not. */
const ENDED: Source = { of: "s", rows: "states AS s", key: [] };

export class Lists {
  readonly #database: DatabaseSync;
  readonly #count: StatementSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#count = inArrays(database.prepare("SELECT coalesce(sum(jobs), 0) FROM counts WHERE status = ?"));
  }

  page(query: JobQuery): Page<JobRecord> {
    const few = this.#fewOf(query);
    const source = few ? ALL : sourceOf(query);
    const oldest = query.from === undefined ? 0 : sequenceAt(query.from - LONGEST_AT_ONCE_MS);
    const before = startOf(query);
    const end = few ? undefined : this.#endOfStep(source, before, oldest);
    // One more than asked for tells whether there is a next page.
    const rows = this.#read(source, filterOf(query), few, before, end ?? oldest, query.limit + 1);
    if (rows.length > query.limit) return pageOf(rows.slice(0, -1), rows.at(-2)?.[0]);
    return pageOf(rows, end);
  }

  #fewOf({ status }: JobQuery): string | undefined {
    const place = status && PLACE_OF[status];
    if (!place) return undefined;
    const [count] = this.#count.get(STATUS[status]) as unknown as readonly [number];
    return count <= FEW ? place : undefined;
  }

  /** The last sequence of a step; undefined: this step reaches the oldest row. */
  #endOfStep({ of, rows, key }: Source, before: number, oldest: number): number | undefined {
    const statement = this.#prepared(
      `SELECT ${of}.sequence FROM ${rows} WHERE ${of}.sequence < ? AND ${of}.sequence >= ?${sqlOf(key)}
        ORDER BY ${of}.sequence DESC LIMIT 1 OFFSET ${ROWS_A_STEP - 1}`,
    );
    const found = statement.get(before, oldest, ...valuesOf(key)) as unknown as readonly [number] | undefined;
    return found?.[0];
  }

  #read(
    { of, rows, key }: Source,
    filter: readonly Condition[],
    few: string | undefined,
    before: number,
    end: number,
    limit: number,
  ): readonly RecordRow[] {
    const among = few ? ` AND j.sequence IN (${few})` : "";
    const conditions = [...key, ...filter];
    const statement = this.#prepared(`SELECT ${RECORD_COLUMNS} FROM ${rows} ${JOINED[of]}
      WHERE ${of}.sequence < ? AND ${of}.sequence >= ?${among}${sqlOf(conditions)} AND coalesce(s.listed, 1) = 1
      ORDER BY ${of}.sequence DESC LIMIT ?`);
    const values = valuesOf(conditions);
    return statement.all(before, end, ...values, limit) as unknown as readonly RecordRow[];
  }

  #prepared(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known) return known;
    const statement = inArrays(this.#database.prepare(text));
    this.#statements.set(text, statement);
    return statement;
  }
}

function pageOf(rows: readonly RecordRow[], last: number | undefined): Page<JobRecord> {
  return { items: rows.map(recordOf), next: last === undefined ? null : String(last) };
}

/** Nothing is accepted before it has its sequence, nor then later than it is asked for. */
function startOf({ cursor, to }: JobQuery): number {
  const before = numberIn(cursor) ?? Number.MAX_SAFE_INTEGER;
  return to === undefined ? before : Math.min(before, sequenceAt(to));
}

const JOINED = {
  j: "LEFT JOIN states AS s ON s.sequence = j.sequence",
  s: "CROSS JOIN jobs AS j ON j.sequence = s.sequence",
} as const;

/** Each index is partial: its condition must be said as it was made. */
function sourceOf({ status, operation, errorCode, principal }: JobQuery): Source {
  if (status === "failed" || status === "cancelled") {
    const key: readonly Condition[] = [[`s.status = ${STATUS[status]}`], ["s.listed = 1"]];
    const of = "s";
    if (status === "cancelled") return { of, rows: "states AS s INDEXED BY cancelled", key };
    if (operation === undefined || errorCode === undefined)
      return { of, rows: "states AS s INDEXED BY dead", key };
    const group: readonly Condition[] = [
      ["s.operation = ?", operation],
      ["s.error_code = ?", errorCode],
    ];
    return { of, rows: "states AS s INDEXED BY dead_group", key: [...key, ...group] };
  }
  if (principal)
    return {
      of: "j",
      rows: "jobs AS j INDEXED BY owned",
      key: [["j.principal <> ''"], ["j.principal = ?", principal]],
    };
  return errorCode !== undefined || status === "succeeded" ? ENDED : ALL;
}

function filterOf({ status, operation, errorCode, principal, from, to }: JobQuery): readonly Condition[] {
  const hasEnded = errorCode !== undefined || (status !== undefined && isFinal(status));
  const parts: readonly (readonly [string, SQLInputValue | undefined])[] = [
    [`${hasEnded ? "s.status" : STATUS_NOW} = ?`, status && STATUS[status]],
    ["j.operation = ?", operation],
    ["s.error_code = ?", errorCode],
    ["j.principal = ?", principal],
    ["j.accepted_at >= ?", from],
    ["j.accepted_at < ?", to],
  ];
  return parts.filter((part): part is readonly [string, SQLInputValue] => part[1] !== undefined);
}

function sqlOf(conditions: readonly Condition[]): string {
  return conditions.map(([sql]) => ` AND ${sql}`).join("");
}

function valuesOf(conditions: readonly Condition[]): readonly SQLInputValue[] {
  return conditions.flatMap(([, value]) => (value === undefined ? [] : [value]));
}
