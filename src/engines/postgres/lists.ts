/**
 * Lists of jobs, newest first. Each is read along the index that leaves least to be looked at, and a page ends after
 * so many rows, found or not: whatever is asked and whatever the store holds, it costs the same. Several nodes may
 * mint the same sequence, so a place in a list is a sequence and an id.
 */
import { noCursor } from "../../core/cursor.ts";
import type { Cursor, JobQuery, Page } from "../../core/engine.ts";
import { sequenceAt } from "../../core/ids.ts";
import type { JobId, JobRecord } from "../../core/job.ts";
import { STATUS } from "../../core/kept.ts";
import type { Connections } from "./connection.ts";
import { statement } from "./fragments.ts";
import { RECORD_COLUMNS, RECORD_WIDTH, type RecordRow, recordOf, standing } from "./rows.ts";
import { stored } from "./texts.ts";

/** Rows looked at for one page. */
const ROWS_A_PAGE = 2_000;
/** So few are sorted in no time. */
const FEW = 1_000;
/** A call at once may have run for so long before it became a job, which is when it is accepted. */
const LONGEST_AT_ONCE_MS = 20 * 60_000;
/** Sequences are minted by the clocks of nodes, and jobs are accepted by the database's. */
const CLOCKS_DIFFER_MS = 60_000;

type Place = readonly [sequence: number, id: JobId];
/** Each `?` is one of the values. */
type Condition = readonly [sql: string, ...values: (string | number)[]];

/** Rows in the order of their sequences, all of which are looked at: a table, or a part of one that has an index. */
type Source = {
  /** Whose sequence and id they go by. */
  readonly of: "j" | "l" | "o";
  readonly rows: string;
  readonly key: readonly Condition[];
};

type ListedRow = readonly [...RecordRow, sequence: number];

export class Lists {
  readonly #connections: Connections;
  readonly #schema: string;

  constructor(connections: Connections, schema: string) {
    this.#connections = connections;
    this.#schema = schema;
  }

  async page(query: JobQuery): Promise<Page<JobRecord>> {
    const few = await this.#fewOf(query);
    const { of, rows, key } = few ?? this.#sourceOf(query);
    const source = { of, rows, key: [...key, ...rangeOf(of, query)] };
    // First where the page ends: what comes meanwhile is newer, and nobody misses what goes.
    const end = few ? undefined : await this.#endOf(source);
    const found = await this.#read(source, filterOf(of, query), end, query.limit + 1);
    // One more than asked for tells whether there is a next page.
    if (found.length <= query.limit) return { items: found.map(listed), next: end ? end.join(".") : null };
    const [{ 0: id, [RECORD_WIDTH]: sequence }] = found.slice(-2) as [ListedRow];
    return { items: found.slice(0, -1).map(listed), next: `${sequence}.${id}` };
  }

  /** Those that wait or run, where they are few, need not be looked for among all. */
  async #fewOf({ status }: JobQuery): Promise<Source | undefined> {
    if (status !== "queued" && status !== "running") return undefined;
    const schema = this.#schema;
    const text = `SELECT coalesce(sum(jobs), 0)::float8 FROM ${schema}.counts WHERE status = ${STATUS[status]}`;
    const [row] = await this.#connections.read<readonly [number]>(statement("spillway_few", text));
    if ((row?.[0] ?? 0) > FEW) return undefined;
    return { of: "l", rows: `${schema}.live AS l`, key: [[`l.status = ${STATUS[status]}`]] };
  }

  /** Each index is partial: its condition must be said as it was made. */
  #sourceOf({ status, operation, errorCode, principal }: JobQuery): Source {
    const rows = `${this.#schema}.outcomes AS o`;
    if (status === "cancelled")
      return { of: "o", rows, key: [[`o.status = ${STATUS.cancelled} AND o.listed`]] };
    if (status === "failed") {
      const key: Condition[] = [[`o.status = ${STATUS.failed} AND o.listed`]];
      if (operation !== undefined && errorCode !== undefined)
        key.push(["o.operation = ?", operation], ["o.error_code = ?", stored(errorCode)]);
      return { of: "o", rows, key };
    }
    const key: Condition[] = principal ? [["j.principal <> '' AND j.principal = ?", stored(principal)]] : [];
    return { of: "j", rows: `${this.#schema}.jobs AS j`, key };
  }

  /** The last row of a page that looks at all it may; undefined: this one reaches the oldest. */
  async #endOf({ of, rows, key }: Source): Promise<Place | undefined> {
    const { sql, values } = together(key);
    const text = `SELECT ${of}.sequence, ${of}.id FROM ${rows} WHERE ${sql}
      ORDER BY ${of}.sequence DESC, ${of}.id DESC LIMIT 1 OFFSET ${ROWS_A_PAGE - 1}`;
    const [row] = await this.#connections.read<Place>(statement("spillway_page", text), values);
    return row;
  }

  #read(
    { of, rows, key }: Source,
    filter: readonly Condition[],
    end: Place | undefined,
    limit: number,
  ): Promise<readonly ListedRow[]> {
    const rest: readonly Condition[] = end
      ? [
          [`${of}.sequence >= ?::bigint`, end[0]],
          [`(${of}.sequence, ${of}.id) >= (?::bigint, ?)`, ...end],
        ]
      : [];
    const { sql, values } = together([...key, ...rest, ...filter]);
    const text = `SELECT ${RECORD_COLUMNS}, ${of}.sequence FROM ${rows} ${this.#joined(of)}
      WHERE ${sql} AND coalesce(l.listed, o.listed)
      ORDER BY ${of}.sequence DESC, ${of}.id DESC LIMIT ${limit}`;
    return this.#connections.read<ListedRow>(statement("spillway_list", text), values);
  }

  #joined(of: Source["of"]): string {
    const schema = this.#schema;
    if (of === "j") return standing(schema);
    const other = of === "l" ? "outcomes AS o" : "live AS l";
    return `JOIN ${schema}.jobs AS j ON j.id = ${of}.id LEFT JOIN ${schema}.${other} ON false`;
  }
}

function listed(row: ListedRow): JobRecord {
  return recordOf(row as unknown as RecordRow);
}

/** Nothing is accepted before it has its sequence, nor then later than it is asked for. */
function rangeOf(of: Source["of"], { cursor, from, to }: JobQuery): readonly Condition[] {
  const range: Condition[] = [];
  if (cursor !== undefined) {
    const place = placeIn(cursor);
    // Said twice: an index on the sequence alone can follow the first.
    range.push([`${of}.sequence <= ?::bigint`, place[0]]);
    range.push([`(${of}.sequence, ${of}.id) < (?::bigint, ?)`, ...place]);
  }
  if (to !== undefined) range.push([`${of}.sequence < ?::bigint`, earliest(to + CLOCKS_DIFFER_MS)]);
  if (from !== undefined)
    range.push([`${of}.sequence >= ?::bigint`, earliest(from - LONGEST_AT_ONCE_MS - CLOCKS_DIFFER_MS)]);
  return range;
}

/** The least sequence of a time, which may be any that somebody asks for. */
function earliest(ms: number): number {
  return Math.min(Math.max(0, sequenceAt(Math.floor(ms))), Number.MAX_SAFE_INTEGER);
}

function placeIn(cursor: Cursor): Place {
  const [, sequence, id] = /^(\d{1,16})\.([\w-]{1,200})$/.exec(cursor) ?? [];
  if (id === undefined || !Number.isSafeInteger(Number(sequence))) throw noCursor(cursor);
  return [Number(sequence), id];
}

function filterOf(of: Source["of"], query: JobQuery): readonly Condition[] {
  const { status, operation, errorCode, principal, from, to } = query;
  const filter: Condition[] = [];
  if (status !== undefined && of === "j") filter.push([`coalesce(l.status, o.status) = ${STATUS[status]}`]);
  if (operation !== undefined) filter.push(["j.operation = ?", operation]);
  // Said so that no plan begins with all that ever failed so.
  if (errorCode !== undefined) filter.push(["coalesce(o.error_code = ?, false)", stored(errorCode)]);
  if (principal !== undefined) filter.push(["j.principal = ?", stored(principal)]);
  if (from !== undefined) filter.push(["j.accepted_at >= ?::float8", from]);
  if (to !== undefined) filter.push(["j.accepted_at < ?::float8", to]);
  return filter;
}

function together(conditions: readonly Condition[]) {
  let place = 0;
  const sql = conditions.map(([text]) => text.replaceAll("?", () => `$${++place}`)).join(" AND ");
  return { sql: sql || "true", values: conditions.flatMap(([, ...values]) => values) };
}
