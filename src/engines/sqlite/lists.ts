/**
 * Lists of jobs, newest first, on a thread that also serves: a status that few jobs have is read from its index,
 * everything else by walking back through the rows in short steps, with room for other work between them.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { numberIn } from "../../core/cursor.ts";
import type { JobQuery, Page } from "../../core/engine.ts";
import { isFinal, type JobRecord } from "../../core/job.ts";
import { inArrays, JOBS, RECORD_COLUMNS, type RecordRow, recordOf, STATUS, STATUS_NOW } from "./rows.ts";

/** A step over rows that do not match takes about 2 ms. */
export const ROWS_A_STEP = 2_000;
/** So few are sorted within a step's time. */
const FEW = 5_000;

/** Where those few stand. */
const PLACE_OF: Partial<Record<string, string>> = {
  queued: "SELECT sequence FROM queue",
  running: `SELECT member.value FROM claims, json_each(claims.members) AS member
    UNION ALL SELECT sequence FROM states INDEXED BY running WHERE status = ${STATUS.running}`,
  failed: `SELECT sequence FROM states INDEXED BY failed WHERE status = ${STATUS.failed} AND listed = 1`,
};

/** What can only be found among those that have ended need not be looked for among those that have not. */
const ENDED = "states AS s CROSS JOIN jobs AS j ON j.sequence = s.sequence";

type Filter = {
  readonly table: "jobs" | "states";
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
};

export class Lists {
  readonly #database: DatabaseSync;
  readonly #stepEnd: Readonly<Record<Filter["table"], StatementSync>>;
  readonly #count: StatementSync;
  readonly #pages = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    const stepEnd = (table: Filter["table"]) =>
      inArrays(
        database.prepare(
          `SELECT sequence FROM ${table} WHERE sequence < ? ORDER BY sequence DESC LIMIT 1 OFFSET ?`,
        ),
      );
    this.#stepEnd = { jobs: stepEnd("jobs"), states: stepEnd("states") };
    this.#count = inArrays(database.prepare("SELECT coalesce(sum(jobs), 0) FROM counts WHERE status = ?"));
  }

  async page(query: JobQuery): Promise<Page<JobRecord>> {
    const filter = filterOf(query);
    const few = this.#fewOf(query);
    const rows: RecordRow[] = [];
    // One more than asked for tells whether there is a next page.
    const wanted = query.limit + 1;
    let before = numberIn(query.cursor) ?? Number.MAX_SAFE_INTEGER;
    for (;;) {
      const end = few ? undefined : this.#endOfStep(filter.table, before);
      rows.push(...this.#read(filter, few, before, end ?? 0, wanted - rows.length));
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

  #fewOf({ status }: JobQuery): string | undefined {
    const place = status && PLACE_OF[status];
    if (!place) return undefined;
    const [count] = this.#count.get(STATUS[status]) as unknown as readonly [number];
    return count <= FEW ? place : undefined;
  }

  /** The last sequence of a step; undefined: this step reaches the oldest row. */
  #endOfStep(table: Filter["table"], before: number): number | undefined {
    const found = this.#stepEnd[table].get(before, ROWS_A_STEP - 1) as unknown as
      | readonly [number]
      | undefined;
    return found?.[0];
  }

  #read({ table, sql, values }: Filter, few: string | undefined, before: number, end: number, limit: number) {
    const among = few ? ` AND j.sequence IN (${few})` : "";
    const place = `${table === "states" ? "s" : "j"}.sequence`;
    const text = `SELECT ${RECORD_COLUMNS} FROM ${table === "states" ? ENDED : JOBS}
      WHERE ${place} < ? AND ${place} >= ?${among} AND coalesce(s.listed, 1) = 1${sql}
      ORDER BY ${place} DESC LIMIT ?`;
    const known = this.#pages.get(text);
    const statement = known ?? inArrays(this.#database.prepare(text));
    if (!known) this.#pages.set(text, statement);
    return statement.all(before, end, ...values, limit) as unknown as readonly RecordRow[];
  }
}

function filterOf({ status, operation, errorCode, principal, from, to }: JobQuery): Filter {
  const hasEnded = errorCode !== undefined || (status !== undefined && isFinal(status));
  const parts: readonly (readonly [string, SQLInputValue | undefined])[] = [
    [`${hasEnded ? "s.status" : STATUS_NOW} = ?`, status && STATUS[status]],
    ["j.operation = ?", operation],
    ["s.error_code = ?", errorCode],
    ["j.principal = ?", principal],
    ["j.accepted_at >= ?", from],
    ["j.accepted_at < ?", to],
  ];
  const given = parts.filter((part): part is readonly [string, SQLInputValue] => part[1] !== undefined);
  return {
    table: hasEnded ? "states" : "jobs",
    sql: given.map(([text]) => ` AND ${text}`).join(""),
    values: given.map(([, value]) => value),
  };
}

/** Lets everything that waits on this thread go first; a message to itself, as timers belong to the clock. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
