/**
 * Loads what a group's changes name, in one round trip: first every job that is not over is locked, in the order of
 * ids, then every item, in the order of keys, so that groups which meet wait for each other and never in a ring.
 */
import type { JobId } from "../../core/job.ts";
import { JOB_STATUSES, type Job, type JobStatus } from "../../core/job.ts";
import type { Item, ItemKey } from "../../core/table.ts";
import { texts } from "./arrays.ts";
import type { Transaction } from "./connection.ts";
import type { LookedAt } from "./decide.ts";
import { Overtaken } from "./failures.ts";
import { statement } from "./fragments.ts";
import { nameOf, Overlay } from "./overlay.ts";
import { type AnyRow, JOB_COLUMNS, JOB_WIDTH, jobOf, standing } from "./rows.ts";
import { stored, told } from "./texts.ts";

type LockedRow = readonly [
  id: JobId,
  status: number,
  revision: number,
  attempt: number,
  updatedAt: number,
  availableAt: number,
  throttles: number,
  listed: boolean,
  cancelRequested: boolean,
  token: string | null,
  leaseUntil: number | null,
  error: string | null,
  attempts: string,
  effects: string,
  sequence: number,
  operation: string,
];

type ItemRow = readonly [table: string, key: string, version: number, value: string];

export type Found = { readonly overlay: Overlay; readonly now: number };

export function lookStatements(schema: string) {
  return {
    moment: statement(
      "spillway_moment",
      "SELECT coalesce($1::float8, floor(extract(epoch FROM clock_timestamp()) * 1000)::float8)",
    ),
    lock: statement(
      "spillway_lock",
      `SELECT l.id, l.status, l.revision, l.attempt, l.updated_at, l.available_at, l.throttles, l.listed,
        l.cancel_requested, l.token, l.lease_until, l.error, l.attempts, l.effects, l.sequence, l.operation
      FROM ${schema}.live AS l WHERE l.id = ANY ($1::text[]) ORDER BY l.id FOR UPDATE`,
    ),
    jobs: statement(
      "spillway_look",
      `SELECT ${JOB_COLUMNS}, j.sequence, coalesce(l.attempts, o.attempts), coalesce(l.effects, o.effects)
      FROM ${schema}.jobs AS j ${standing(schema)} WHERE j.id = ANY ($1::text[])`,
    ),
    items: statement(
      "spillway_lock_items",
      `SELECT i."table", i.key, i.version, i.value
      FROM unnest($1::text[], $2::text[]) AS named ("table", key)
        JOIN ${schema}.items AS i ON i."table" = named."table" AND i.key = named.key
      ORDER BY i."table", i.key FOR UPDATE OF i`,
    ),
  };
}

type Statements = ReturnType<typeof lookStatements>;

/** @param careful whether also that is looked for which is new unless the group was sent before */
export async function look(
  transaction: Transaction,
  statements: Statements,
  changes: readonly LookedAt[],
  { careful, now }: { readonly careful: boolean; readonly now: number | null },
): Promise<Found> {
  const { known, sought, keys } = named(changes, careful);
  const moment = transaction.run<[number]>(statements.moment, [now]);
  const ids = [...new Set([...known.keys(), ...sought])];
  const locked = ids.length > 0 ? transaction.run<LockedRow>(statements.lock, [texts(ids)]) : undefined;
  const first = jobRows(transaction, statements, [...sought]);
  // What fails is told by whoever is waited for first.
  first.catch(() => {});
  const items =
    keys.size > 0
      ? transaction.run<ItemRow>(statements.items, [
          texts([...keys.values()].map(({ table }) => stored(table))),
          texts([...keys.values()].map(({ key }) => stored(key))),
        ])
      : undefined;
  const overlay = new Overlay();
  const [[at] = [0]] = (await moment).rows;
  const live = new Map((await locked)?.rows.map((row) => [row[0], row]));
  const missing = [...known.keys()].filter((id) => !live.has(id) && !sought.has(id));
  // Settled already, or given to another: seldom.
  const second = jobRows(transaction, statements, missing);
  second.catch(() => {});
  for (const row of [...(await first), ...(await second)]) loadJob(overlay, row, live);
  for (const row of live.values()) if (!sought.has(row[0])) loadLocked(overlay, row, known.get(row[0]));
  for (const row of (await items)?.rows ?? []) overlay.loadItem(itemOf(row));
  return { overlay, now: at };
}

/** What the changes name: jobs that they know but for how they stand, others, and items. */
function named(changes: readonly LookedAt[], careful: boolean) {
  const known = new Map<JobId, Job | undefined>();
  const sought = new Set<JobId>();
  const keys = new Map<string, ItemKey>();
  // Whatever somebody sent: what cannot stand in a text of PostgreSQL is nobody's id.
  const seek = (id: JobId) => {
    if (!id.includes("\0")) sought.add(id);
  };
  for (const change of changes) {
    if (change.kind === "open") sought.add(change.call.id);
    else if (change.kind === "extend") known.set(change.lease.id, known.get(change.lease.id));
    else if (change.kind === "cancel") seek(change.ref.id);
    else if (change.kind === "redrive" || change.kind === "purge") seek(change.id);
    if (change.kind !== "settle") continue;
    const { lease, claimed, born, reads, writes, sends } = change.settlement;
    if (!careful && claimed) known.set(lease.id, claimed);
    else sought.add(lease.id);
    if (careful || born) sought.add(lease.id);
    if (careful) for (const { id } of sends) sought.add(id);
    for (const { table, key } of [...reads, ...writes]) keys.set(nameOf({ table, key }), { table, key });
  }
  return { known, sought, keys };
}

async function jobRows(
  transaction: Transaction,
  { jobs }: Statements,
  ids: readonly JobId[],
): Promise<readonly AnyRow[]> {
  if (ids.length === 0) return [];
  return (await transaction.run<AnyRow>(jobs, [texts(ids)])).rows;
}

function loadJob(overlay: Overlay, row: AnyRow, live: ReadonlyMap<JobId, LockedRow>): void {
  const job = jobOf(row);
  const isLive = job.status === "queued" || job.status === "running";
  if (isLive && live.get(job.id)?.[2] !== job.revision) {
    throw new Overtaken(`Job ${job.id} was changed between two looks at it.`);
  }
  const [sequence, attempts, effects] = row.slice(JOB_WIDTH) as [number, string, string];
  overlay.load({ job, sequence, attempts, effects });
}

/** Nobody asks for what a call was where only its lease is prolonged. */
function loadLocked(overlay: Overlay, row: LockedRow, known: Job | undefined): void {
  const job: { -readonly [K in keyof Job]: Job[K] } = {
    id: row[0],
    operation: row[15],
    principal: known?.principal ?? "",
    status: JOB_STATUSES[row[1]] as JobStatus,
    revision: row[2],
    attempt: row[3],
    maxAttempts: known?.maxAttempts ?? 0,
    throttles: row[6],
    acceptedAt: known?.acceptedAt ?? 0,
    updatedAt: row[4],
    availableAt: row[5],
    listed: row[7],
    cancelRequested: row[8],
  };
  if (known?.fingerprint !== undefined) job.fingerprint = known.fingerprint;
  if (row[9] !== null) job.token = row[9];
  if (row[10] !== null) job.leaseUntil = row[10];
  if (row[11] !== null) job.error = row[11];
  overlay.load({ job, sequence: row[14], attempts: row[12], effects: row[13] });
}

function itemOf([table, key, version, value]: ItemRow): Item {
  return { table: told(table), key: told(key), version, value };
}
