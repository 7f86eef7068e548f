/**
 * Lists of jobs, newest first, on a thread that also serves: a status that few jobs have is read from its index,
 * everything else by walking back through the rows in short steps, with room for other work between them.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { numberIn } from "../../core/cursor.ts";
import type { JobQuery, Page } from "../../core/engine.ts";
import type { JobRecord } from "../../core/job.ts";
import { inArrays, RECORD_COLUMNS, type RecordRow, recordOf, STATUS } from "./rows.ts";

/** A step over rows that do not match takes about 2 ms. */
const ROWS_A_STEP = 5_000;
/** So few are sorted within a step's time. */
const FEW = 5_000;

const INDEX_OF: Partial<Record<string, string>> = { queued: "ready", running: "running", failed: "failed" };

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
    const index = this.#indexFor(query);
    const rows: RecordRow[] = [];
    // One more than asked for tells whether there is a next page.
    const wanted = query.limit + 1;
    let before = numberIn(query.cursor) ?? Number.MAX_SAFE_INTEGER;
    for (;;) {
      const end = index ? undefined : this.#endOfStep(before);
      rows.push(...this.#read(filter, index, before, end ?? 0, wanted - rows.length));
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

  #indexFor({ status }: JobQuery): string | undefined {
    const index = status && INDEX_OF[status];
    if (!index) return undefined;
    const [count] = this.#count.get(STATUS[status]) as unknown as readonly [number];
    return count <= FEW ? index : undefined;
  }

  /** The last sequence of a step; undefined: this step reaches the oldest row. */
  #endOfStep(before: number): number | undefined {
    const found = this.#stepEnd.get(before, ROWS_A_STEP - 1) as unknown as readonly [number] | undefined;
    return found?.[0];
  }

  #read({ sql, values }: Filter, index: string | undefined, before: number, end: number, limit: number) {
    const text = `SELECT ${RECORD_COLUMNS} FROM jobs ${index ? `INDEXED BY ${index}` : "NOT INDEXED"}
      WHERE sequence < ? AND sequence >= ? AND listed = 1${sql} ORDER BY sequence DESC LIMIT ?`;
    const known = this.#pages.get(text);
    const statement = known ?? inArrays(this.#database.prepare(text));
    if (!known) this.#pages.set(text, statement);
    return statement.all(before, end, ...values, limit) as unknown as readonly RecordRow[];
  }
}

function filterOf({ status, operation, errorCode, principal, from, to }: JobQuery): Filter {
  const parts: readonly (readonly [string, SQLInputValue | undefined])[] = [
    ["operation = ?", operation],
    ["error_code = ?", errorCode],
    ["principal = ?", principal],
    ["accepted_at >= ?", from],
    ["accepted_at < ?", to],
  ];
  const given = parts.filter((part): part is readonly [string, SQLInputValue] => part[1] !== undefined);
  // Written out, because a partial index is only used where its condition can be read.
  const ofStatus = status ? ` AND status = ${STATUS[status]}` : "";
  return {
    sql: ofStatus + given.map(([text]) => ` AND ${text}`).join(""),
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
