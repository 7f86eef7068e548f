/**
 * Writes back what a group made of what it looked at: a statement for each table and way, all sent together. What was
 * not locked, since it was not there or is never altered in place, must be as it was seen, or the group is decided anew.
 */
import { isFinal, type Job } from "../../core/job.ts";
import { STATUS } from "../../core/kept.ts";
import { bigints, booleans, floats, integers, texts } from "./arrays.ts";
import type { Result, Transaction, Value } from "./connection.ts";
import { counting, statement } from "./fragments.ts";
import { callColumns } from "./opens.ts";
import { changeIn } from "./order.ts";
import { type Entry, isLive, type Overlay, type Stored } from "./overlay.ts";
import { stored as kept } from "./texts.ts";

/** What rows of `live` and of `outcomes` have in common, as `commonColumns` has it. */
const COLUMNS = `id, operation, sequence, status, revision, attempt, updated_at, available_at, throttles, listed,
  token, error, attempts, effects, principal, place`;
const ARRAYS = `$1::text[], $2::text[], $3::bigint[], $4::int[], $5::int[], $6::int[], $7::float8[], $8::float8[],
  $9::int[], $10::bool[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::int[]`;

export function flushStatements(schema: string) {
  const live = `${schema}.live`;
  return {
    forget: statement("spillway_forget", `DELETE FROM ${schema}.jobs WHERE id = ANY ($1::text[])`),
    leave: statement("spillway_leave", `DELETE FROM ${live} WHERE id = ANY ($1::text[])`),
    // Not locked: where another was there first, the division by zero rolls all of this back.
    revive: statement(
      "spillway_revive",
      `WITH gone AS (
        DELETE FROM ${schema}.outcomes AS o USING unnest($1::text[], $2::int[]) AS seen (id, revision)
        WHERE o.id = seen.id AND o.revision = seen.revision RETURNING 1)
      SELECT 1 / (count(*) = cardinality($1::text[]))::int FROM gone`,
    ),
    jobs: statement(
      "spillway_keep",
      `INSERT INTO ${schema}.jobs (id, sequence, operation, principal, max_attempts, fingerprint, input_version,
        details, input, accepted_at)
      SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::int[], $6::text[], $7::int[],
        $8::text[], $9::text[], $10::float8[])`,
    ),
    enter: statement(
      "spillway_enter",
      `INSERT INTO ${live} (${COLUMNS}, cancel_requested, lease_until, change)
      SELECT *, ${changeIn(schema)}
      FROM unnest(${ARRAYS}, $17::bool[], $18::float8[])`,
    ),
    stay: statement(
      "spillway_stay",
      `UPDATE ${live} AS l SET status = n.status, revision = n.revision, attempt = n.attempt,
        updated_at = n.updated_at, available_at = n.available_at, throttles = n.throttles, listed = n.listed,
        cancel_requested = n.cancel_requested, token = n.token, lease_until = n.lease_until, error = n.error,
        attempts = n.attempts, effects = n.effects, principal = n.principal, place = n.place,
        change = ${changeIn(schema)}
      FROM unnest(${ARRAYS}, $17::bool[], $18::float8[]) AS n (${COLUMNS}, cancel_requested, lease_until)
      WHERE l.id = n.id`,
    ),
    extend: statement(
      "spillway_extend",
      `UPDATE ${live} AS l SET lease_until = n.lease_until
      FROM unnest($1::text[], $2::float8[]) AS n (id, lease_until) WHERE l.id = n.id`,
    ),
    end: statement(
      "spillway_end",
      `INSERT INTO ${schema}.outcomes (${COLUMNS}, expires_at, error_code, output, change)
      SELECT *, ${changeIn(schema)}
      FROM unnest(${ARRAYS}, $17::float8[], $18::text[], $19::text[])`,
    ),
    count: statement(
      "spillway_count",
      counting(
        schema,
        `SELECT * FROM unnest($2::text[], $3::int[], $4::text[], $5::int[]) AS by (operation, status, error_code, jobs)
        ORDER BY operation, status, error_code`,
        "$1",
      ),
    ),
  };
}

export type FlushStatements = ReturnType<typeof flushStatements>;
type Sent = Promise<Result<unknown>>;

/** Sends it all; it fails if something was not as it was seen. Items and the rest are written beside it. */
export function flushJobs(
  transaction: Transaction,
  statements: FlushStatements,
  overlay: Overlay,
  part: number,
): readonly Sent[] {
  const changed = [...overlay.entries.values()].filter(isChanged);
  if (changed.length === 0) return [];
  const sent: Sent[] = [];
  const send = (one: keyof FlushStatements, rows: number, values: () => readonly Value[]) => {
    if (rows > 0) sent.push(transaction.run(statements[one], values()));
  };
  const befores = changed.flatMap(({ before, now, call }) => (before ? [{ before, now, call }] : []));
  const left = befores.filter(({ before, now, call }) => isLive(before) && !(now && isLive(now) && !call));
  const revived = befores.filter(({ before }) => !isLive(before));
  const forgotten = befores.filter(({ now, call }) => !now || call);
  send("leave", left.length, () => [ids(left.map(({ before }) => before))]);
  send("revive", revived.length, () => [
    ids(revived.map(({ before }) => before)),
    integers(revived.map(({ before }) => before.job.revision)),
  ]);
  send("forget", forgotten.length, () => [ids(forgotten.map(({ before }) => before))]);
  const calls = changed.flatMap(({ call, now }) => (call && now ? [{ call, now }] : []));
  send("jobs", calls.length, () => [
    ...callColumns(calls.map(({ call }) => call)),
    floats(calls.map(({ now }) => now.job.acceptedAt)),
  ]);
  sendRows(send, changed);
  sendCounts(transaction, statements, changed, part);
  return sent;
}

function sendRows(
  send: (one: keyof FlushStatements, rows: number, values: () => readonly Value[]) => void,
  changed: readonly Entry[],
): void {
  const nows = changed.flatMap(({ before, now, call, place }) => (now ? [{ before, now, call, place }] : []));
  const staying = nows.filter(({ before, now, call }) => !call && before && isLive(before) && isLive(now));
  const extended = staying.filter((entry) => isExtended(entry));
  const altered = staying.filter((entry) => !isExtended(entry));
  const entering = nows.filter(
    ({ now, before, call }) => isLive(now) && (call || !before || !isLive(before)),
  );
  const ended = nows.filter(({ now }) => !isLive(now));
  send("extend", extended.length, () => [
    ids(extended.map(({ now }) => now)),
    floats(extended.map(({ now }) => now.job.leaseUntil ?? null)),
  ]);
  for (const [one, rows] of [["stay", altered] as const, ["enter", entering] as const]) {
    send(one, rows.length, () => [
      ...commonColumns(rows),
      booleans(rows.map(({ now }) => now.job.cancelRequested)),
      floats(rows.map(({ now }) => now.job.leaseUntil ?? null)),
    ]);
  }
  send("end", ended.length, () => [
    ...commonColumns(ended),
    floats(ended.map(({ now }) => now.job.expiresAt ?? 0)),
    texts(ended.map(({ now }) => (now.job.errorCode === undefined ? null : kept(now.job.errorCode)))),
    texts(ended.map(({ now }) => now.job.output ?? null)),
  ]);
}

/** An extended lease is no change that anyone is told of. */
function isExtended({ before, now }: Pick<Entry, "before" | "now">): boolean {
  return before?.job.revision === now?.job.revision;
}

function isChanged({ before, now }: Entry): boolean {
  return before !== now;
}

function ids(rows: readonly Stored[]): Buffer {
  return texts(rows.map(({ job }) => job.id));
}

/** Of those that are listed and not anonymous, their principal is told. */
function commonColumns(rows: readonly { readonly now: Stored; readonly place: number }[]): readonly Buffer[] {
  const of = <T>(value: (job: Job, stored: Stored) => T) => rows.map(({ now }) => value(now.job, now));
  return [
    texts(of(({ id }) => id)),
    texts(of(({ operation }) => operation)),
    bigints(of((_, { sequence }) => sequence)),
    integers(of(({ status }) => STATUS[status])),
    integers(of(({ revision }) => revision)),
    integers(of(({ attempt }) => attempt)),
    floats(of(({ updatedAt }) => updatedAt)),
    floats(of(({ availableAt }) => availableAt)),
    integers(of(({ throttles }) => throttles)),
    booleans(of(({ listed }) => listed)),
    texts(of(({ token }) => token ?? null)),
    texts(of(({ error }) => error ?? null)),
    texts(of((_, { attempts }) => attempts)),
    texts(of((_, { effects }) => effects)),
    texts(of(({ listed, principal }) => (listed && principal !== "" ? kept(principal) : null))),
    integers(rows.map(({ place }) => place)),
  ];
}

function sendCounts(
  transaction: Transaction,
  statements: FlushStatements,
  changed: readonly Entry[],
  part: number,
): void {
  const deltas = new Map<string, { readonly job: Job; by: number }>();
  const add = (stored: Stored | undefined, by: number) => {
    if (!stored || !isCounted(stored.job)) return;
    const { job } = stored;
    const name = `${job.operation} ${job.status} ${job.errorCode ?? ""}`;
    const delta = deltas.get(name);
    if (delta) delta.by += by;
    else deltas.set(name, { job, by });
  };
  for (const { before, now } of changed) {
    add(before, -1);
    add(now, 1);
  }
  const counted = [...deltas.values()].filter(({ by }) => by !== 0);
  if (counted.length === 0) return;
  void transaction.run(statements.count, [
    part,
    texts(counted.map(({ job }) => job.operation)),
    integers(counted.map(({ job }) => STATUS[job.status])),
    texts(counted.map(({ job }) => kept(job.errorCode ?? ""))),
    integers(counted.map(({ by }) => by)),
  ]);
}

/** What succeeded or was cancelled is in no figure. */
function isCounted({ status, listed }: Job): boolean {
  return listed && (!isFinal(status) || status === "failed");
}
