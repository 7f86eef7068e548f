/**
 * The app's own statements in a group's transaction: a settlement's are run between a savepoint and its release, in
 * one round trip, so that one which fails takes nothing along but what its settlement did.
 */
import type { AnswerOf } from "../../core/engine.ts";
import { type SqlValue, type SqlWrite, shortened, unexpected, violated } from "../../core/sql.ts";
import type { Result, Transaction, Value } from "./connection.ts";
import { described, endsConnection, sqlState } from "./failures.ts";

export type Failed = AnswerOf<"settle"> & { readonly kind: "conflict" | "failed" };

/** All that a group's settlements wait for while one runs; shorter than the patience with a silent connection. */
const LONGEST_MS = 5_000;

/** What the engine sets for plans of its own must not bind those of others. */
const PLANS = ["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"] as const;
const planned = (how: "on" | "off") => PLANS.map((name) => `SET LOCAL ${name} = ${how}`).join("; ");
export const LIKE_OTHERS = `${planned("on")}; SET LOCAL plan_cache_mode = auto`;
export const LIKE_OURS = {
  text: `${planned("off")}; SET LOCAL plan_cache_mode = force_generic_plan`,
};

const OPEN = {
  text: `SAVEPOINT statements; ${LIKE_OTHERS}; SET LOCAL statement_timeout = ${LONGEST_MS}`,
};
/** Constraints that are deferred to the end of the transaction are those of this settlement here, and of it alone. */
const CLOSE = {
  text: `SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; ${LIKE_OURS.text};
    SET LOCAL statement_timeout TO DEFAULT`,
};
const BACK = { text: "ROLLBACK TO SAVEPOINT statements" };
const RELEASE = { text: "RELEASE SAVEPOINT statements" };

/** In their order; what became of them, if they are not all applied. Throws what concerns the whole group. */
export async function runStatements(
  transaction: Transaction,
  statements: readonly SqlWrite[],
): Promise<Failed | undefined> {
  const opened = transaction.attempt(OPEN);
  const sent = statements.map(({ text, params }) =>
    transaction.attempt({ text, single: true }, params.map(bound)),
  );
  const closed = transaction.attempt(CLOSE);
  const failed = firstFailure(await Promise.allSettled([opened, ...sent, closed]), statements);
  if (failed) void transaction.run(BACK);
  void transaction.run(RELEASE);
  return failed;
}

function firstFailure(
  [opened, ...results]: readonly PromiseSettledResult<Result<unknown>>[],
  statements: readonly SqlWrite[],
): Failed | undefined {
  if (opened?.status === "rejected") throw opened.reason;
  for (const [place, result] of results.entries()) {
    // After the last stands what closes: constraints that were deferred until then.
    const one = statements[place] ?? together(statements);
    if (result.status === "rejected") return failedBy(result.reason, one);
    const failed = unexpected(one, result.value.count);
    if (failed) return { kind: "conflict", reads: [], conditions: [failed] };
  }
  return undefined;
}

function together(statements: readonly SqlWrite[]): SqlWrite {
  const [first, ...more] = statements;
  return first && more.length === 0
    ? { text: first.text, params: [], ...(first.problem && { problem: first.problem }) }
    : { text: "its statements together", params: [] };
}

/** What an error says of a settlement; throws it where it is not about this one alone. */
export function failedBy(error: unknown, one: SqlWrite): Failed {
  const state = sqlState(error);
  if (state === undefined || endsConnection(error) || isOthersToo(state)) throw error;
  const said = described(error);
  if (state.startsWith("23")) return { kind: "conflict", reads: [], conditions: [violated(one, said)] };
  return { kind: "failed", said: `${said}: ${shortened(one.text)}` };
}

/** Deadlocks and the like, no room, a server that stops, a disk that fails. One that took too long is its own. */
function isOthersToo(state: string): boolean {
  return /^(?:40|53|57P|58|XX)/.test(state);
}

export function bound(value: SqlValue): Value {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}
