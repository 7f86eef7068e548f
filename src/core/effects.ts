/**
 * What one attempt reads, writes and sends. Nothing is applied while the handler runs: the engine commits it all
 * together with the outcome, if what was read is still so, and otherwise none of it.
 */
import { type Check, firstFault } from "./checks.ts";
import { type Duration, durationMs } from "./duration.ts";
import type { Engine, EngineLimits, NewCall } from "./engine.ts";
import { configurationError, type Problem, problem } from "./errors.ts";
import { written } from "./items.ts";
import type { EffectNote, JsonText } from "./job.ts";
import { parseJson } from "./json-build.ts";
import type { AnySpec, Operation, Spec } from "./operation.ts";
import type { InputOf, Schema } from "./schema.ts";
import { tooLarge } from "./sizes.ts";
import { type Soon, then } from "./soon.ts";
import { assertRunsSql, type SqlWrite, shortened, sqlWrite, type WriteSql } from "./sql.ts";
import type { Item, ItemCondition, ItemKey, ItemRead, ItemWrite, Table } from "./table.ts";

export type Versioned<Row> = { readonly value: Row; readonly version: number };

export type TableReader<Row> = {
  /** The value as it will be at the commit: this attempt's own writes included. */
  get(key: string): Promise<Versioned<Row> | undefined>;
  /** Rows in key order, after a key; 100 by default, 1,000 at most. Without this attempt's own writes. */
  list(options?: { readonly after?: string; readonly limit?: number }): Promise<readonly Versioned<Row>[]>;
};

export type WriteOptions = { readonly if?: ItemCondition; readonly problem?: Problem };

export type TableWriter<Row> = {
  /** Only if there is none under its key; else `409 condition-failed`, or the problem given. */
  insert(row: Row, options?: { readonly problem?: Problem }): void;
  put(row: Row, options?: WriteOptions): void;
  /** Adds to numbers without reading them, so that it never conflicts; a missing row or field counts as 0. */
  add(key: string, fields: { readonly [K in keyof Row]?: number }, options?: WriteOptions): void;
  delete(key: string, options?: WriteOptions): void;
};

export type ReadTable = <Row extends object>(table: Table<Row>) => TableReader<Row>;
export type WriteTable = {
  <Row extends object>(table: Table<Row>): TableWriter<Row>;
  /**
   * A statement on tables of your own, on sqlite and postgres: run in the transaction of the outcome, in the order of
   * the calls, if this attempt gets that far.
   * @example `write.sql("UPDATE seats SET taken = 1 WHERE id = ? AND taken = 0", [seat], { expect: 1 })`
   */
  readonly sql: WriteSql;
};
export type Send = <I extends Schema>(
  target: Spec<I, Schema | undefined, boolean> | Operation<I, Schema | undefined>,
  input: InputOf<I>,
  options?: { readonly delay?: Duration },
) => void;

/** What is committed with the outcome. */
export type Collected = {
  readonly reads: readonly ItemRead[];
  readonly writes: readonly ItemWrite[];
  readonly sends: readonly NewCall[];
  readonly sql?: readonly SqlWrite[];
};

export const NOTHING: Collected = { reads: [], writes: [], sends: [] };

export type Sent = { readonly spec: AnySpec; readonly input: JsonText; readonly delayMs: number };

const LONGEST_KEY = 512;
const LIST_DEFAULT = 100;
const LIST_MOST = 1_000;

export class Effects {
  readonly #engine: Engine | undefined;
  readonly #onLate: (error: Error) => void;
  readonly #seen = new Map<string, { readonly key: ItemKey; readonly item: Item | undefined }>();
  readonly #writes: ItemWrite[] = [];
  readonly #checks: Check[] = [];
  readonly #sends: Sent[] = [];
  #sql: SqlWrite[] | undefined;
  #write: WriteTable | undefined;
  #sealed = false;

  /** `onLate` hears of what a handler did after it had ended: it is dropped, and must not end the process. */
  constructor(engine: Engine | undefined, onLate: (error: Error) => void) {
    this.#engine = engine;
    this.#onLate = onLate;
  }

  get hasReads(): boolean {
    return this.#seen.size > 0;
  }

  readonly read: ReadTable = <Row extends object>(table: Table<Row>): TableReader<Row> => ({
    get: async (key) => {
      const place = checked(table, key);
      const seen = await this.#see(place);
      const value = this.#afterOwnWrites(place, seen?.value);
      return value === undefined
        ? undefined
        : { value: parseJson(value) as Row, version: seen?.version ?? 0 };
    },
    list: async ({ after = "", limit = LIST_DEFAULT } = {}) => {
      const items = await this.#store().scan(table.name, after, Math.min(Math.max(1, limit), LIST_MOST));
      for (const item of items) this.#remember(item, item);
      return items.map(({ value, version }) => ({ value: parseJson(value) as Row, version }));
    },
  });

  /** Made when it is asked for: many handlers only read or send. */
  get write(): WriteTable {
    this.#write ??= withSql(
      <Row extends object>(table: Table<Row>): TableWriter<Row> => ({
        insert: (row, options) => this.#keep(table, row, "insert", options),
        put: (row, options) => this.#keep(table, row, "put", options),
        add: (key, fields, options) => {
          for (const [field, by] of Object.entries(fields)) {
            if (typeof by !== "number" || !Number.isFinite(by)) {
              throw new TypeError(
                `add() to table "${table.name}" got ${String(by)} for "${field}". Give it finite numbers.`,
              );
            }
          }
          this.#push({
            ...this.#target(table, key, options),
            kind: "add",
            fields: { ...(fields as Record<string, number>) },
          });
        },
        delete: (key, options) => this.#push({ ...this.#target(table, key, options), kind: "delete" }),
      }),
      (text, params, options) => this.#runs(sqlWrite(text, params, options)),
    );
    return this.#write;
  }

  readonly send: Send = (target, input, { delay } = {}) => {
    this.#store();
    const spec = ("kind" in target ? target.spec : target) as AnySpec;
    if (spec.flow === "request") {
      throw configurationError(
        `send() to "${spec.name}", whose flow is "request" and which is never queued.`,
        'Declare it with flow "event" or "spill".',
      );
    }
    const what = `What was sent to "${spec.name}"`;
    const text = jsonOf(input, what);
    const delayMs = delay ? durationMs(delay, `send() to "${spec.name}": delay`) : 0;
    if (this.#isTooLate()) return;
    this.#checks.push({ schema: spec.input, text, what });
    this.#sends.push({ spec, input: text, delayMs });
  };

  /** The handler has ended: what it still does, from a promise that nobody awaited, comes too late. */
  seal(): void {
    this.#sealed = true;
  }

  /** Once sealed: everything that was written and sent, checked against the schemas and the limits, or what is wrong with it. */
  collect(limits: EngineLimits | undefined, born: (sent: Sent) => NewCall): Soon<Collected | Problem> {
    const writes = this.#writes;
    const sends = this.#sends;
    return then(firstFault(this.#checks), (fault) => {
      if (fault) return fault;
      const sql = this.#sql;
      const excess = limits && tooLarge(writes, sends, limits, sql);
      if (excess !== undefined) return problem("effects-too-large", excess);
      const collected = { reads: this.#reads(), writes, sends: sends.map(born) };
      return sql ? { ...collected, sql } : collected;
    });
  }

  #reads(): readonly ItemRead[] {
    return [...this.#seen.values()].map(({ key, item }) => ({ ...key, version: item?.version ?? 0 }));
  }

  async #see(place: ItemKey): Promise<Item | undefined> {
    const seen = this.#seen.get(id(place));
    if (seen) return seen.item;
    const [item] = await this.#store().read([place]);
    return this.#remember(place, item);
  }

  /** The first sight of an item is the one that counts: a second look must not hide that it changed. */
  #remember({ table, key }: ItemKey, item: Item | undefined): Item | undefined {
    const seen = this.#seen.get(id({ table, key }));
    if (seen) return seen.item;
    this.#seen.set(id({ table, key }), { key: { table, key }, item });
    return item;
  }

  #afterOwnWrites(place: ItemKey, value: JsonText | undefined): JsonText | undefined {
    let current = value;
    for (const write of this.#writes) {
      if (write.table === place.table && write.key === place.key) current = written(write, current);
    }
    return current;
  }

  #keep<Row extends object>(
    table: Table<Row>,
    row: Row,
    kind: "insert" | "put",
    options: WriteOptions | undefined,
  ): void {
    const target = this.#target(table, table.keyOf(row), options);
    const text = jsonOf(row, `A row of table "${table.name}"`);
    this.#push(
      { ...target, kind, value: text },
      { schema: table.schema, text, what: `A row written to table "${table.name}"` },
    );
  }

  #target<Row extends object>(table: Table<Row>, key: string, options: WriteOptions = {}) {
    this.#store();
    return {
      ...checked(table, key),
      ...(options.if !== undefined && { condition: options.if }),
      ...(options.problem && { problem: parseJson(jsonOf(options.problem, "A write's problem")) as Problem }),
    };
  }

  #push(write: ItemWrite, check?: Check): void {
    if (this.#isTooLate()) return;
    this.#writes.push(write);
    if (check) this.#checks.push(check);
  }

  #runs(statement: SqlWrite): void {
    const engine = this.#store();
    assertRunsSql("write.sql()", engine);
    engine.checkStatement?.(statement.text);
    if (this.#isTooLate()) return;
    this.#sql ??= [];
    this.#sql.push(statement);
  }

  /** While the output is checked, too: what is collected then is what there was when the handler ended. */
  #isTooLate(): boolean {
    if (this.#sealed)
      this.#onLate(new Error("It wrote or sent after it had ended. Await everything before you return."));
    return this.#sealed;
  }

  #store(): Engine {
    if (this.#engine) return this.#engine;
    throw configurationError(
      "A handler read, wrote or sent, and this app has no engine to keep anything in.",
      'Give spillway({ … }) an engine, such as sqlite("./data").',
    );
  }
}

/** By assignment to the function itself: everyone who writes makes one, few run statements. */
function withSql(write: Omit<WriteTable, "sql">, sql: WriteSql): WriteTable {
  const both = write as { sql?: WriteSql };
  both.sql = sql;
  return both as WriteTable;
}

export function effectNotes({
  writes,
  sends,
  sql = [],
}: Pick<Collected, "writes" | "sends" | "sql">): readonly EffectNote[] {
  return [
    ...writes.map(({ kind, table, key }) => ({ kind, table, key })),
    ...sql.map(({ text }) => ({ kind: "sql" as const, text: shortened(text) })),
    ...sends.map(({ operation, id }) => ({ kind: "send" as const, operation, id })),
  ];
}

function id({ table, key }: ItemKey): string {
  return `${table}\n${key}`;
}

function checked(table: { readonly name: string }, key: string): ItemKey {
  const isKey = typeof key === "string" && key.length > 0 && key.length <= LONGEST_KEY && key.isWellFormed();
  if (isKey) return { table: table.name, key };
  throw new TypeError(
    `${JSON.stringify(key)?.slice(0, 60)} cannot be a key of table "${table.name}". Use 1–${LONGEST_KEY} characters of well-formed text.`,
  );
}

function jsonOf(value: unknown, what: string): JsonText {
  const text = JSON.stringify(value);
  if (text !== undefined) return text;
  throw new TypeError(`${what} is ${String(value)}, which JSON cannot hold.`);
}
