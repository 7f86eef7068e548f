/**
 * Single jobs: opened, and led from one state to the next. The core says what a change makes of a row; the row is
 * written on the condition that it is still the one which that was said of, and else looked at again.
 */
import type { AnswerOf, NewCall } from "../../core/engine.ts";
import { SpillwayError } from "../../core/errors.ts";
import { isFinal, type Job, type JobId } from "../../core/job.ts";
import * as transition from "../../core/transition.ts";
import type { Failures } from "./database.ts";
import { jobKey, listKeys } from "./keys.ts";
import type { Notice } from "./message.ts";
import { altered, entries, jobOf, NOTHING_SEEN, newRow, type Row, type Seen, seen } from "./rows.ts";
import type { Store, Way } from "./store.ts";
import { deleteRow, type Expected, putRow, updateRow, type Write } from "./writes.ts";

/** Each time another has been there first. */
const MOST_TRIES = 60;

export type Opened = {
  readonly answer: AnswerOf<"open">;
  /** To be sent before it is answered. */
  readonly notice?: Notice;
  /** Of the row as this change wrote it; it goes again if its message cannot be sent. */
  readonly stamp?: string;
};

/**
 * @param position its place among the changes of its principal
 * @param acceptedAt when whoever is to know said so, if that was before
 */
export async function open(
  store: Store,
  call: NewCall,
  position: number,
  acceptedAt = Number.POSITIVE_INFINITY,
): Promise<Opened> {
  let there: Seen = NOTHING_SEEN;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const now = store.host.clock.now();
    const opened = transition.open(there.row && jobOf(there.row.record), call, now);
    const { answer, next } = since(opened, Math.min(acceptedAt, now));
    if (!next || next === "removed") {
      if (answer.kind !== "existing" || !there.row || !isUntold(there.row)) return { answer };
      const assured = await assure(store, call.id, there);
      if (assured) return { answer, ...assured };
      // Taken back meanwhile, as its message could not be sent.
      there = NOTHING_SEEN;
      continue;
    }
    const stamp = store.database.stamp();
    const { write, way } = openWrite(store, call, next, there, position, stamp);
    const written = await store.database.write([write]);
    if (written.ok) {
      store.mode.wrote(next, way);
      return { answer, stamp, ...(way.notice && { notice: way.notice }) };
    }
    there = seenIn(written.failures, 0, now);
    if (there.stamp === stamp) return { answer, stamp, ...(way.notice && { notice: way.notice }) };
    await store.database.pause(tries);
  }
  throw contended(call.id);
}

/** A record that is new is as old as its acceptance. */
function since(
  opened: transition.Transition<AnswerOf<"open">>,
  acceptedAt: number,
): transition.Transition<AnswerOf<"open">> {
  const { answer, next } = opened;
  if (answer.kind !== "opened" || !next || next === "removed" || next.revision !== 1) return opened;
  const job = { ...next, acceptedAt };
  return { answer: { kind: "opened", job }, next: job };
}

/** A first revision is a record of its own, also where one that is past its time still stands. */
function openWrite(
  store: Store,
  call: NewCall,
  next: Job,
  there: Seen,
  position: number,
  stamp: string,
): { readonly write: Write; readonly way: Way } {
  const way = next.status === "queued" ? store.mode.accepted(next) : store.mode.born(next);
  const changes = altered(next, way, position, stamp);
  const expected = expectedOf(there);
  if (!there.row || next.revision === 1) {
    return { write: putRow(call.id, newRow(call, next, changes), expected), way };
  }
  return { write: updateRow(call.id, { ...changes, ...listed(next, there.row.sequence) }, expected), way };
}

/** Never claimed, and in no index: whether its message was sent is known to the process that accepted it, if it lives. */
function isUntold({ record: { status, revision, fingerprint }, wayBack }: Row): boolean {
  return status === "queued" && revision === 1 && fingerprint !== undefined && wayBack === undefined;
}

/**
 * Before a repeat is told of a job: gives it a way back that hangs on no other process. Whoever accepted it does not
 * take it back any more, because the row is another one then. Undefined: there is no such job.
 */
export async function assure(
  store: Store,
  id: JobId,
  found?: Seen,
): Promise<{ readonly notice?: Notice } | undefined> {
  let notice: Notice | undefined;
  const isThere = await follow(
    store,
    id,
    0,
    (job, row) => {
      notice = undefined;
      if (!job || !row || !isUntold(row)) return { answer: job !== undefined };
      return { answer: true, next: job, silent: true };
    },
    (job) => {
      const { notice: late, ...way } = store.mode.repeated(job, store.host.clock.now());
      notice = late;
      return way;
    },
    found,
  );
  return isThere ? { ...(notice && { notice }) } : undefined;
}

/** Answers whether the row of a call whose message could not be sent is gone; it is not, if somebody has it. */
export async function unopen(store: Store, id: JobId, stamp: string): Promise<boolean> {
  const written = await store.database.write([deleteRow(id, { kind: "stamp", stamp })]);
  return written.ok || written.failures[0] === null;
}

/** Which way back a job has after a change, by what it is then. */
export type WayOf = (next: Job, row: Row) => Way;

export type Step<A> = transition.Transition<A> & {
  /** Of the attempt that ends with it. */
  readonly attempt?: object;
  /** Not a change that anyone is told of. */
  readonly silent?: boolean;
};

/**
 * Reads a job, applies a change, and writes it, until nobody comes between.
 * @param found what was just read, if it was
 */
export async function follow<A>(
  store: Store,
  id: JobId,
  position: number,
  step: (job: Job | undefined, row: Row | undefined, now: number) => Step<A>,
  wayOf: WayOf,
  found?: Seen,
): Promise<A> {
  let there = found ?? (await look(store, [id]))[0] ?? NOTHING_SEEN;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const now = store.host.clock.now();
    const { row } = there;
    const { answer, next, attempt, silent } = step(row && jobOf(row.record), row, now);
    if (!row || !next) return answer;
    const stamp = store.database.stamp();
    const way = next === "removed" ? {} : wayOf(next, row);
    const write = next === "removed" ? deleteRow(id, expectedOf(there)) : stepWrite(row, next, way);
    const written = await store.database.write([write]);
    if (written.ok) {
      if (next !== "removed") await told(store, next, way);
      return answer;
    }
    there = seenIn(written.failures, 0, now);
    if (there.stamp === stamp) return answer;
    await store.database.pause(tries);

    function stepWrite(row: Row, next: Job, way: Way): Write {
      const changes = altered(next, way, silent ? undefined : position, stamp);
      const isNowListed = next.listed && !row.record.listed;
      return updateRow(
        id,
        isNowListed ? { ...changes, ...listed(next, row.sequence) } : changes,
        { kind: "stamp", stamp: row.stamp },
        { as: entries(attempt ? [attempt] : []) },
      );
    }
  }
  throw contended(id);
}

/** Positional. */
export async function look(store: Store, ids: readonly JobId[]): Promise<readonly Seen[]> {
  const items = await store.database.get(ids.map(jobKey));
  return items.map((item) => seen(item, store.host.clock.now()));
}

/** The row has another way back until its message is sent, so nobody waits for that. */
export async function told(store: Store, job: Job, way: Way): Promise<void> {
  store.mode.wrote(job, way);
  if (way.notice) store.notify([way.notice]);
}

export function listed(job: Job, sequence: number) {
  if (!job.listed) return {};
  const { lk, ls } = listKeys(job.id, sequence);
  return { lk: { S: lk }, ls: { S: ls } };
}

export function expectedOf({ stamp }: Seen): Expected {
  return stamp === undefined ? { kind: "absent" } : { kind: "stamp", stamp };
}

/** What stands in the place of a write that failed. */
export function seenIn(failures: Failures, place: number, now: number): Seen {
  return seen(failures[place] ?? undefined, now);
}

/** The way back that a job has by its own state, whoever changed it. */
export function wayOfState(store: Store, next: Job, row: Row): Way {
  if (isFinal(next.status)) return {};
  if (next.status === "running") return store.mode.running(next, row.wayBack);
  return store.mode.returned(next);
}

export function contended(id: JobId): SpillwayError {
  return new SpillwayError("storage-unavailable", `${MOST_TRIES} others changed job "${id}" first.`, {
    hint: "Try again.",
  });
}
