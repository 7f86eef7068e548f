/**
 * Lists of jobs, newest first, on a thread that also serves: a status that few jobs have is read from its index,
 * everything else by walking back through the rows in short steps, with room for other work between them.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { numberIn } from "../../core/cursor.ts";
import type { JobQuery, Page } from "../../core/engine.ts";
import type { JobRecord } from "../../core/job.ts";
import { inArrays, JOBS, RECORD_COLUMNS, type RecordRow, recordOf, STATUS } from "./rows.ts";

/** A step over rows that do not match takes about 2 ms. */
const ROWS_A_STEP = 5_000;
/** So few are sorted within a step's time. */
const FEW = 5_000;

/** Where those few stand. */
const PLACE_OF: Partial<Record<string, string>> = {
  queued: "SELECT sequence FROM queue",
  running: `SELECT member.value FROM claims, json_each(claims.members) AS member
    UNION ALL SELECT sequence FROM states INDEXED BY running WHERE status = ${STATUS.running}`,
  failed: `SELECT sequence FROM states INDEXED BY failed WHERE status = ${STATUS.failed} AND listed = 1`,
};

/** What is queued by its rows, and not in the queue, is claimed. */
const STATUS_NOW = `iif(coalesce(s.status, ${STATUS.queued}) <> ${STATUS.queued}, s.status,
  iif(EXISTS (SELECT 1 FROM queue WHERE queue.operation = j.operation
    AND queue.available_at = coalesce(s.available_at, j.available_at) AND queue.sequence = j.sequence),
  ${STATUS.queued}, ${STATUS.running}))`;

type Filter = { readonly sql: string; readonly values: readonly SQLInputValue[] };

export class Lists {
  readonly #database: DatabaseSync;
  readonly #stepEnd: StatementSync;
  readonly #count: StatementSync;
  readonly #pages = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#stepEnd = inArrays(
      database.prepare(
        "SELECT sequence FROM jobs WHERE sequence < ? ORDER BY sequence DESC LIMIT 1 OFFSET ?",
      ),
    );
    this.#count = inArrays(database.prepare("SELECT coalesce(sum(jobs), 0) FROM counts WHERE status = ?"));
  }

  async page(query: JobQuery): Promise<Page<JobRecord>> {
    const filter = filterOf(query);
    const place = this.#placeOf(query);
    const rows: RecordRow[] = [];
    // One more than asked for tells whether there is a next page.
    const wanted = query.limit + 1;
    let before = numberIn(query.cursor) ?? Number.MAX_SAFE_INTEGER;
    for (;;) {
      const end = place ? undefined : this.#endOfStep(before);
      rows.push(...this.#read(filter, place, before, end ?? 0, wanted - rows.length));
      if (end === undefined || rows.length === wanted) break;
      before = end;
      await breathe();
    }
    const last = rows[query.limit - 1];
    return {
      items: rows.slice(0, query.limit).map(recordOf),
      next: rows.length === wanted && last ? String(last[0]) : null,
    };
  }

  #placeOf({ status }: JobQuery): string | undefined {
    const place = status && PLACE_OF[status];
    if (!place) return undefined;
    const [count] = this.#count.get(STATUS[status]) as unknown as readonly [number];
    return count <= FEW ? place : undefined;
  }

  /** The last sequence of a step; undefined: this step reaches the oldest row. */
  #endOfStep(before: number): number | undefined {
    const found = this.#stepEnd.get(before, ROWS_A_STEP - 1) as unknown as readonly [number] | undefined;
    return found?.[0];
  }

  #read({ sql, values }: Filter, place: string | undefined, before: number, end: number, limit: number) {
    const among = place ? ` AND j.sequence IN (${place})` : "";
    const text = `SELECT ${RECORD_COLUMNS} FROM ${JOBS}
      WHERE j.sequence < ? AND j.sequence >= ?${among} AND coalesce(s.listed, 1) = 1${sql}
      ORDER BY j.sequence DESC LIMIT ?`;
    const known = this.#pages.get(text);
    const statement = known ?? inArrays(this.#database.prepare(text));
    if (!known) this.#pages.set(text, statement);
    return statement.all(before, end, ...values, limit) as unknown as readonly RecordRow[];
  }
}

function filterOf({ status, operation, errorCode, principal, from, to }: JobQuery): Filter {
  const parts: readonly (readonly [string, SQLInputValue | undefined])[] = [
    [`${STATUS_NOW} = ?`, status && STATUS[status]],
    ["j.operation = ?", operation],
    ["s.error_code = ?", errorCode],
    ["j.principal = ?", principal],
    ["j.accepted_at >= ?", from],
    ["j.accepted_at < ?", to],
  ];
  const given = parts.filter((part): part is readonly [string, SQLInputValue] => part[1] !== undefined);
  return {
    sql: given.map(([text]) => ` AND ${text}`).join(""),
    values: given.map(([, value]) => value),
  };
}

/** Lets everything that waits on this thread go first; a message to itself, as timers belong to the clock. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
