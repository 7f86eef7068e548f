/**
 * A statement on tables of the app's own, as an effect: checked when it is called, run in the transaction of the
 * outcome. Here is what may be one at all, on whatever engine; what its server makes of it is the engine's.
 */
import type { EngineLimits } from "./engine.ts";
import { configurationError, type Problem } from "./errors.ts";
import { parseJson } from "./json-build.ts";
import { checkOptions, shown } from "./options.ts";

/** Bound as it is, never written into the text. Other things as JSON text, or as the text of a time. */
export type SqlValue = string | number | bigint | boolean | null | Uint8Array;

/** How many rows a statement must change or, if it is a SELECT, find. */
export type SqlExpectation = number | { readonly atLeast: number };

export type SqlOptions = {
  /** Else nothing at all is committed, and the call ends with `409 condition-failed`. Any number by default. */
  readonly expect?: SqlExpectation;
  /** What it ends with instead, also where a constraint of a table is violated. */
  readonly problem?: Problem;
};

export type WriteSql = (text: string, params?: readonly SqlValue[], options?: SqlOptions) => void;

/** A statement as the engine gets it. */
export type SqlWrite = {
  readonly text: string;
  readonly params: readonly SqlValue[];
  readonly expect?: SqlExpectation;
  readonly problem?: Problem;
};

/** Why the statements of a settlement were not applied; the settlement is answered with it. */
export type FailedStatement = {
  /** The statement, shortened. */
  readonly sql: string;
  /** What was violated, for operators: callers are not told the names of constraints. */
  readonly said: string;
  readonly problem?: Problem;
};

const LONGEST_TEXT = 100_000;
const LONGEST_SHOWN = 120;
const MOST_PARAMS = 30_000;
const ALLOWED: ReadonlySet<string> = new Set([
  ...["INSERT", "UPDATE", "DELETE", "SELECT", "WITH"],
  /** PostgreSQL's, and SQLite's. */
  ...["MERGE", "REPLACE"],
]);
/** Comments within comments end in different places on different servers. */
const KEYWORD = /^(?:\s|--[^\n]*\n|\/\*(?:(?!\/\*|\*\/)[\s\S])*\*\/)*([A-Za-z]+)/;

/** @throws for what no engine could run: a mistake in the handler, which trying again does not heal. */
export function sqlWrite(text: string, params: readonly SqlValue[] = [], options: SqlOptions = {}): SqlWrite {
  checkStatement("write.sql()", text);
  checkOptions("write.sql()", options, ["expect", "problem"]);
  const { expect, problem } = options;
  if (expect !== undefined && !isExpectation(expect)) {
    throw configurationError(
      `write.sql() expects ${shown(expect)}.`,
      "Give a number of rows, such as 1, or { atLeast: 1 }.",
    );
  }
  return {
    text,
    params: checkedParams("write.sql()", params),
    ...(expect !== undefined && { expect }),
    ...(problem && { problem: parseJson(JSON.stringify(problem)) as Problem }),
  };
}

/** One statement that reads or changes rows, by its first word; whether another follows is the engine's to see. */
export function checkStatement(what: string, text: string): void {
  if (typeof text !== "string" || text.length > LONGEST_TEXT) {
    throw configurationError(
      `${what} got ${typeof text === "string" ? `${text.length} characters` : shown(text)}.`,
      `Give it one statement as text, of ${LONGEST_TEXT} characters at most, and its values as parameters.`,
    );
  }
  const keyword = KEYWORD.exec(text)?.[1]?.toUpperCase();
  if (keyword !== undefined && ALLOWED.has(keyword)) return;
  throw configurationError(
    `${what} cannot run ${JSON.stringify(shortened(text))}.`,
    `It takes one statement that begins with ${[...ALLOWED].join(", ")}; the transaction is the outcome's, and tables are made elsewhere.`,
  );
}

/** A copy: what the handler does to its array or its bytes afterwards must not be what is committed. */
export function checkedParams(what: string, params: readonly SqlValue[]): readonly SqlValue[] {
  if (!Array.isArray(params) || params.length > MOST_PARAMS) {
    throw new TypeError(
      `${what} got ${Array.isArray(params) ? params.length : shown(params)} for its parameters. Give an array of ${MOST_PARAMS} at most.`,
    );
  }
  return params.map((value: SqlValue, place) => {
    if (value instanceof Uint8Array) return new Uint8Array(value);
    if (isScalar(value)) return value;
    throw new TypeError(
      `${what} got ${shown(value)} for its parameter ${place + 1}. Give text, a finite number, a bigint, a boolean, null or a Uint8Array: JSON.stringify(it) for an object, toISOString() for a date.`,
    );
  });
}

function isScalar(value: SqlValue): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return value === null || ["string", "bigint", "boolean"].includes(typeof value);
}

function isExpectation(expect: SqlExpectation): boolean {
  const rows = typeof expect === "object" && expect !== null ? expect.atLeast : expect;
  return Number.isSafeInteger(rows) && rows >= 0;
}

/** What is wrong with so many rows, if anything. */
export function unexpected({ text, expect, problem }: SqlWrite, rows: number): FailedStatement | undefined {
  if (expect === undefined) return undefined;
  const isMet = typeof expect === "number" ? rows === expect : rows >= expect.atLeast;
  if (isMet) return undefined;
  const wanted = typeof expect === "number" ? `${expect}` : `at least ${expect.atLeast}`;
  const said = `${rows} rows instead of ${wanted}: ${shortened(text)}`;
  return { sql: shortened(text), said, ...(problem && { problem }) };
}

/** A constraint of a table stands against it. */
export function violated({ text, problem }: SqlWrite, constraint: string): FailedStatement {
  return {
    sql: shortened(text),
    said: `${constraint}: ${shortened(text)}`,
    ...(problem && { problem }),
  };
}

/** In a line, for people; the values are not in it. */
export function shortened(text: string): string {
  const line = text
    .slice(0, 10 * LONGEST_SHOWN)
    .replace(/\s+/g, " ")
    .trim();
  return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN - 1)}…` : line;
}

/** @throws where the engine runs no statements, whichever it is. */
export function assertRunsSql(
  what: string,
  engine: { readonly name: string; readonly limits: EngineLimits },
): void {
  if (engine.limits.sql) return;
  throw configurationError(
    `${what} on ${engine.name}, which has no tables of the app's own.`,
    'Give spillway({ … }) sqlite("./data") or postgres(url), or use write(table).',
  );
}
