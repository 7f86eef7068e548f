/** Messages that were handed to this process: each row is asked what is to be done, and claimed by the write that says so. */
import { type Attempt, isFinal, type Job, type JobId } from "../../core/job.ts";
import * as transition from "../../core/transition.ts";
import type { Delivered } from "./delivered.ts";
import type { Handed } from "./handed.ts";
import { contended, seenIn } from "./jobs.ts";
import { jobKey } from "./keys.ts";
import { LONGEST_DELAY_MS, type Message, noticeIn } from "./message.ts";
import type { Pauses } from "./pauses.ts";
import { altered, entries, jobOf, type Row, seen } from "./rows.ts";
import type { Store, Way } from "./store.ts";
import { inTurns } from "./turns.ts";
import { updateRow } from "./writes.ts";

const MOST_TRIES = 60;
/** A paused job is looked at again by the sweep after this. */
const PAUSED_MS = 60_000;
/** Not so soon that it comes again and again while its lease is in its last moments. */
const LEAST_HIDE_MS = 1_000;

/** What is to become of a row, if anything is, and of its message once that is written. */
type Step = {
  readonly next?: Job;
  readonly way?: Way;
  readonly lost?: Attempt;
  readonly delivered: Delivered;
};

const OVER: Delivered = { kind: "over" };
const MALFORMED: Delivered = {
  kind: "malformed",
  detail: 'Its body is not {"spillway":1,"id":…,"operation":…}.',
};

export class Deliveries {
  readonly #store: Store;
  readonly #handed: Handed;
  readonly #pauses: Pauses;

  constructor(store: Store, handed: Handed, pauses: Pauses) {
    this.#store = store;
    this.#handed = handed;
    this.#pauses = pauses;
  }

  /** Rejects only where nothing was claimed: of a row that could not be asked its message comes again soon. */
  async deliver(messages: readonly Message[], leaseMs: number): Promise<readonly Delivered[]> {
    const { database, ticks, host } = this.#store;
    const ids = messages.map(({ body }) => noticeIn(body)?.id);
    const known = ids.filter((id) => id !== undefined);
    const [items, paused] = await Promise.all([database.get(known.map(jobKey)), this.#pauses.operations()]);
    const rows = new Map(known.map((id, place) => [id, seen(items[place], host.clock.now()).row]));
    const token = host.random.hex(16);
    const first = ticks.take(Math.max(1, messages.length));
    return inTurns(ids, (id, place) => {
      if (id === undefined) return Promise.resolve(MALFORMED);
      const claiming = { place: `${token}.${place}`, leaseMs, tick: first + place, paused };
      return this.#one(id, rows.get(id), claiming).catch(() => later(LEAST_HIDE_MS));
    });
  }

  async #one(id: JobId, found: Row | undefined, claiming: Claiming): Promise<Delivered> {
    const { database, host, mode } = this.#store;
    let row = found;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const now = host.clock.now();
      const { next, way = {}, lost, delivered } = this.#step(row, claiming, now);
      if (!next || !row) return delivered;
      const stamp = database.stamp();
      const isTold = next.revision > row.record.revision;
      const write = updateRow(
        id,
        altered(next, way, isTold ? claiming.tick : undefined, stamp),
        { kind: "stamp", stamp: row.stamp },
        { as: entries(lost ? [lost] : []) },
      );
      const written = await database.write([write]);
      const there = written.ok ? undefined : seenIn(written.failures, 0, now);
      if (written.ok || there?.stamp === stamp || isClaimed(there?.row, next)) {
        mode.wrote(next, way);
        if (delivered.kind === "claimed") this.#handed.hold(delivered.claim.lease.token);
        return delivered;
      }
      row = there?.row;
      await database.pause(tries);
    }
    throw contended(id);
  }

  #step(row: Row | undefined, claiming: Claiming, now: number): Step {
    if (!row || isFinal(row.record.status)) return { delivered: OVER };
    const job = jobOf(row.record);
    if (job.status === "queued") return this.#queued(job, row, claiming, now);
    const { leaseUntil = 0 } = job;
    // Its lease is looked after by the sweep, or else this message is its way back.
    if (leaseUntil > now) return { delivered: row.wayBack ? OVER : later(leaseUntil - now) };
    const next = transition.rescue(job, this.#store.retention, this.#store.host.random, now);
    // Of a call at once, which has no message, and whose row is none once it is lost.
    if (next === "removed") return { delivered: OVER };
    const lost = transition.lostAttempt(job, now);
    if (isFinal(next.status)) return { next, lost, delivered: OVER };
    return { next, lost, ...this.#queued(next, row, claiming, now) };
  }

  #queued(job: Job, row: Row, claiming: Claiming, now: number): Step {
    const waitMs = job.availableAt - now;
    if (claiming.paused.has(job.operation)) {
      return { next: job, way: { due: Math.max(job.availableAt, now + PAUSED_MS) }, delivered: OVER };
    }
    if (waitMs > LONGEST_DELAY_MS) {
      if (row.wayBack === "due") return { delivered: OVER };
      return { next: job, way: { due: job.availableAt }, delivered: OVER };
    }
    if (waitMs > 0) return { delivered: later(waitMs) };
    const next = transition.claim(job, claiming.place, claiming.leaseMs, now);
    const { input, inputVersion } = row.record;
    const lease = { id: next.id, token: next.token ?? "" };
    return { next, delivered: { kind: "claimed", claim: { job: next, input, inputVersion, lease } } };
  }
}

type Claiming = {
  readonly place: string;
  readonly leaseMs: number;
  readonly tick: number;
  readonly paused: ReadonlySet<string>;
};

/** By this very claim: it was written, only the answer was lost, and it may have been asked to stop since. */
function isClaimed(there: Row | undefined, next: Job): boolean {
  return next.status === "running" && there?.record.token === next.token;
}

function later(ms: number): Delivered {
  return { kind: "later", hideMs: Math.max(LEAST_HIDE_MS, ms) };
}
