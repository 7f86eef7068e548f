/**
 * Claims of a process that asks: jobs that a message told of and jobs that are parked, the oldest of those it can see
 * first. A row is claimed by the write that says so; its message is deleted then, as the row is found by its lease.
 */
import type { AnswerOf, Change, Claim } from "../../core/engine.ts";
import { isFinal, type JobId } from "../../core/job.ts";
import * as transition from "../../core/transition.ts";
import { seenIn } from "./jobs.ts";
import { jobKey } from "./keys.ts";
import { Leftovers } from "./leftovers.ts";
import { type Message, noticeIn } from "./message.ts";
import type { Parked } from "./parked.ts";
import { RECEIVE_MOST } from "./queues.ts";
import { altered, jobOf, type Row, seen } from "./rows.ts";
import type { Store } from "./store.ts";
import { rescueOne } from "./sweep.ts";
import { eachInTurns } from "./turns.ts";
import { updateRow } from "./writes.ts";

type ClaimChange = Extract<Change, { kind: "claim" }>;
type Candidate = { readonly row: Row; readonly messages: readonly Message[] };
type Ready = { readonly chosen: readonly Candidate[]; readonly isFull: boolean; readonly nextAt: number };

/** Looks at a queue for one claim, however many of its messages are of no use. */
const MOST_LOOKS = 20;
/** Jobs beyond a claim's limit that are looked at as they are due in the same moment. */
const TIES = 100;
/** Claims whose repeat is known. */
const MOST_REMEMBERED = 1_000;

/** How many ticks a claim takes: one for each job that it may get. */
export function ticksOfClaim({ queues }: ClaimChange): number {
  return queues.reduce((sum, { limit }) => sum + limit, 1);
}

export class Claims {
  readonly #store: Store;
  readonly #parked: Parked;
  readonly #leftovers: Leftovers;
  /** The jobs that each claim took, by its token. */
  readonly #taken = new Map<string, readonly JobId[]>();
  readonly #deleting = new Set<Promise<unknown>>();

  constructor(store: Store, parked: Parked) {
    this.#store = store;
    this.#parked = parked;
    this.#leftovers = new Leftovers(store.queues, store.host.clock);
  }

  /** @param tick the first of the places of what it takes */
  async claim(change: ClaimChange, tick: number): Promise<AnswerOf<"claim">> {
    const { queues, token } = change;
    const held = await this.#heldBy(token);
    const ready = await Promise.all(
      queues.map(({ operation, limit }) => this.#ready(operation, held.length > 0 ? 0 : limit)),
    );
    const claims =
      held.length > 0
        ? held
        : await this.#take(
            ready.flatMap(({ chosen }) => chosen),
            change,
            tick,
          );
    if (claims.length > 0) this.#remember(token, claims);
    const full = queues.filter((_, place) => ready[place]?.isFull).map(({ operation }) => operation);
    const nextAt = Math.min(...ready.map((one) => one.nextAt));
    return { kind: "claimed", claims, full, ...(nextAt < Number.POSITIVE_INFINITY && { nextAt }) };
  }

  /** Resolves when SQS has forgotten what is claimed. */
  async settled(): Promise<void> {
    await Promise.all(this.#deleting);
  }

  async close(): Promise<void> {
    await this.settled();
    await this.#leftovers.close();
  }

  /** A claim that is sent again gets what it was given, and no more. */
  async #heldBy(token: string): Promise<readonly Claim[]> {
    const ids = this.#taken.get(token) ?? [];
    const rows = await this.#rows(ids);
    const held = rows.filter(
      (row) => row?.record.token?.startsWith(`${token}.`) && row.record.status === "running",
    );
    const placeOf = ({ lease }: Claim) => Number.parseInt(lease.token.slice(token.length + 1), 10);
    return held
      .map((row) => claimOf((row as Row).record))
      .sort((one, other) => placeOf(one) - placeOf(other));
  }

  #remember(token: string, claims: readonly Claim[]): void {
    this.#taken.delete(token);
    this.#taken.set(
      token,
      claims.map(({ job }) => job.id),
    );
    const [oldest] = this.#taken.keys();
    if (this.#taken.size > MOST_REMEMBERED && oldest !== undefined) this.#taken.delete(oldest);
  }

  /** Looks for one more than was asked for, so as to know whether there is more. */
  async #ready(operation: string, limit: number): Promise<Ready> {
    const now = this.#store.host.clock.now();
    const parkings = await this.#parked.of(operation);
    const all = parkings.filter(({ at }) => at <= now);
    // Of those due in one moment the older goes first, which only their rows tell.
    const due = all.filter(
      ({ at }, place) => place <= limit || (at === all[limit]?.at && place < limit + TIES),
    );
    const found = new Map<JobId, Candidate>();
    await this.#look(
      due.map(({ id }) => [id, undefined]),
      found,
    );
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const missing = limit + 1 - withMessage(found);
      if (missing <= 0) break;
      const messages = await this.#leftovers.receive(operation, missing);
      await this.#look(
        messages.map((message) => [noticeIn(message.body)?.id ?? "", message]),
        found,
      );
      if (messages.length < Math.min(missing, RECEIVE_MOST)) break;
    }
    const inOrder = [...found.values()].sort(olderFirst);
    const rest = inOrder.slice(limit);
    this.#leftovers.keep(
      operation,
      rest.flatMap(({ messages }) => messages),
    );
    const nextAt = parkings.find(({ at }) => at > now)?.at ?? Number.POSITIVE_INFINITY;
    return { chosen: inOrder.slice(0, limit), isFull: rest.length > 0, nextAt };
  }

  /** What can be claimed is kept as found; the messages of all else go, or come again when its time has come. */
  async #look(
    pairs: readonly (readonly [JobId, Message | undefined])[],
    found: Map<JobId, Candidate>,
  ): Promise<void> {
    const now = this.#store.host.clock.now();
    const rows = await this.#rows(pairs.map(([id]) => id));
    for (const [place, [id, message]] of pairs.entries()) {
      const row = rows[place];
      const isReady = row?.record.status === "queued" && row.record.availableAt <= now;
      const messages = [...(found.get(id)?.messages ?? []), ...(message ? [message] : [])];
      if (row && isReady) found.set(id, { row, messages });
      else if (message) this.#putAside(message, row, now);
      if (row && !isReady && !message) this.#parked.note(row.record.operation, id, parkedUntil(row));
    }
  }

  /** What has a way back of its own needs no message; what has none but this one waits for its time. */
  #putAside(message: Message, row: Row | undefined, now: number): void {
    const { queues } = this.#store;
    if (!row || row.wayBack !== undefined || isFinal(row.record.status)) {
      return this.#after(queues.delete([message]));
    }
    const { id, status, availableAt, leaseUntil = 0 } = row.record;
    const at = status === "queued" ? availableAt : leaseUntil;
    this.#after(
      status === "running" && at <= now ? this.#takeBack(id, message) : queues.hide(message, at - now),
    );
  }

  /** Of a function that is gone: its message was all that led to the job. */
  async #takeBack(id: JobId, message: Message): Promise<void> {
    try {
      await rescueOne(this.#store, id, this.#store.ticks.take());
    } catch {
      // It comes again.
      return;
    }
    await this.#store.queues.delete([message]);
  }

  async #take(chosen: readonly Candidate[], change: ClaimChange, tick: number): Promise<readonly Claim[]> {
    const taken = await eachInTurns(chosen, (candidate, place) =>
      this.#takeOne(candidate, `${change.token}.${place}`, change.leaseMs, tick + place),
    );
    const messages = chosen.flatMap((candidate, place) => (taken[place] ? candidate.messages : []));
    if (messages.length > 0) this.#after(this.#store.queues.delete(messages));
    return taken.filter((claim) => claim !== undefined);
  }

  async #takeOne(
    { row, messages }: Candidate,
    place: string,
    leaseMs: number,
    tick: number,
  ): Promise<Claim | undefined> {
    const { database, mode, host } = this.#store;
    const now = host.clock.now();
    const job = transition.claim(jobOf(row.record), place, leaseMs, now);
    const way = mode.running(job, undefined);
    const stamp = database.stamp();
    const write = updateRow(job.id, altered(job, way, tick, stamp), { kind: "stamp", stamp: row.stamp });
    const written = await database.write([write]);
    const there = written.ok ? undefined : seenIn(written.failures, 0, now).row;
    // Its own token: it was written, only the answer was lost, and it may have been asked to stop since.
    const isTaken = written.ok || there?.record.token === job.token;
    if (!isTaken) {
      for (const message of messages) this.#putAside(message, there, now);
      this.#parked.note(job.operation, job.id, there && parkedUntil(there));
      return undefined;
    }
    mode.wrote(job, way);
    return claimOf(there?.record ?? { ...row.record, ...job });
  }

  async #rows(ids: readonly JobId[]): Promise<readonly (Row | undefined)[]> {
    const { database, host } = this.#store;
    const items = await database.get(ids.map(jobKey));
    return items.map((item) => seen(item, host.clock.now()).row);
  }

  #after(work: Promise<unknown>): void {
    this.#deleting.add(work);
    void work.finally(() => this.#deleting.delete(work));
  }
}

function claimOf(record: Row["record"]): Claim {
  const { id, token = "", input, inputVersion } = record;
  return { job: jobOf(record), input, inputVersion, lease: { id, token } };
}

function parkedUntil({ record, wayBack }: Row): number | undefined {
  return record.status === "queued" && wayBack === "due" ? record.availableAt : undefined;
}

function withMessage(found: ReadonlyMap<JobId, Candidate>): number {
  let count = 0;
  for (const { messages } of found.values()) if (messages.length > 0) count++;
  return count;
}

function olderFirst(one: Candidate, other: Candidate): number {
  return one.row.record.availableAt - other.row.record.availableAt || one.row.sequence - other.row.sequence;
}
