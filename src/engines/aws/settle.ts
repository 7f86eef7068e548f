/**
 * The end of an attempt with all that comes of it: the row, the items, the jobs it sends, in one transaction. What is
 * known of the row is taken for granted, since the transaction holds only if it is so; what it says instead is where
 * the next try begins.
 */
import { effectNotes } from "../../core/effects.ts";
import type { AnswerOf, Settlement } from "../../core/engine.ts";
import { type Applied, applyWrites } from "../../core/items.ts";
import { isFinal, type Job } from "../../core/job.ts";
import * as transition from "../../core/transition.ts";
import type { Failures } from "./database.ts";
import { found, itemWrite, type StoredItem } from "./items.ts";
import { contended, expectedOf, listed, told } from "./jobs.ts";
import { jobKey } from "./keys.ts";
import { altered, entries, jobOf, NOTHING_SEEN, newRow, type Seen, seen } from "./rows.ts";
import { sendWrites } from "./sends.ts";
import { type Known, nameOf, type Standings } from "./standings.ts";
import type { Store, Way } from "./store.ts";
import { checkItem, deleteRow, type Expected, putRow, updateRow, type Write } from "./writes.ts";

const MOST_TRIES = 60;
const UNKNOWN = found(undefined);

/** What is held to be in the job's place: as it was claimed, nothing as of a call that was never opened, or as read. */
type Believed = { readonly job: Job | undefined; readonly seen: Seen | undefined };

/** What of a settlement is written where, and who is told of it. */
type Plan = {
  readonly answer: AnswerOf<"settle">;
  readonly writes: readonly Write[];
  readonly row: boolean;
  readonly told: readonly { readonly job: Job; readonly way: Way }[];
};

/** How many ticks a settlement takes: for the place of its job, the versions of its items and its sends' places. */
export function ticksOf({ writes, sends }: Settlement): number {
  return 1 + writes.length + sends.length;
}

export class Settling {
  readonly #store: Store;
  readonly #settlement: Settlement;
  readonly #tick: number;
  readonly #known: Known;
  /** Rows that stand where sent jobs would. */
  readonly #taken = new Map<string, Seen>();

  /** @param known the items of the same commit */
  constructor(store: Store, settlement: Settlement, tick: number, known: Known) {
    this.#store = store;
    this.#known = known;
    this.#settlement = settlement;
    this.#tick = tick;
  }

  async settled(): Promise<AnswerOf<"settle">> {
    const { database, host } = this.#store;
    let believed = this.#assumed() ?? (await this.#read());
    let standings = await this.#known.first(this.#settlement, this.#tick + 1);
    let hasLooked = false;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const fenced = transition.fence(believed.job, this.#settlement);
      if (fenced) return fenced;
      const now = host.clock.now();
      const applied = this.#applied(standings, believed.seen !== undefined && hasLooked);
      if (applied.kind === "conflict") {
        // What was only assumed is no answer; and the fence, which comes first, may be an assumption, too.
        if (believed.seen && hasLooked) return applied;
        if (!believed.seen) believed = await this.#read();
        standings = await this.#known.looked(this.#settlement);
        hasLooked = true;
        continue;
      }
      if (this.#needsSequence(believed)) {
        believed = await this.#read();
        continue;
      }
      const stamp = database.stamp();
      const plan = this.#plan(believed, applied.changes, standings, stamp, now);
      const written = await database.write(plan.writes, plan.row ? "by its row" : "by its stamp");
      if (written.ok || isOwn(written.failures, stamp)) {
        this.#known.learn(applied.changes, standings, (place) => this.#versionAt(place));
        return this.#done(plan);
      }
      if (plan.row && written.failures[0] !== undefined) {
        const there = seen(written.failures[0] ?? undefined, now);
        believed = { job: there.row && jobOf(there.row.record), seen: there };
      }
      this.#learnTaken(plan, written.failures, now);
      this.#known.forget(applied.changes);
      await database.pause(tries);
      standings = await this.#known.looked(this.#settlement);
      hasLooked = true;
    }
    throw contended(this.#settlement.lease.id);
  }

  /** @param isKnown whether a write that cannot be made is a mistake, and not something assumed */
  #applied(standings: Standings, isKnown: boolean): Applied {
    try {
      return applyWrites(this.#settlement, (key) => liveItem(standings.get(nameOf(key))?.item));
    } catch (error) {
      if (isKnown) throw error;
      return { kind: "conflict", reads: [], conditions: [] };
    }
  }

  /** Without asking: what the holder of a lease knows, and that nothing is there of a call that was never opened. */
  #assumed(): Believed | undefined {
    const { claimed, lease, born } = this.#settlement;
    if (claimed?.token === lease.token && claimed.status === "running") {
      return { job: claimed, seen: undefined };
    }
    return born && born.fingerprint === undefined ? { job: undefined, seen: undefined } : undefined;
  }

  async #read(): Promise<Believed> {
    const { database, host } = this.#store;
    const [item] = await database.get([jobKey(this.#settlement.lease.id)]);
    const there = seen(item, host.clock.now());
    return { job: there.row && jobOf(there.row.record), seen: there };
  }

  /** A call at once that is queued now takes its place in the list, by a number which only its row has. */
  #needsSequence({ job, seen }: Believed): boolean {
    const { kind } = this.#settlement.verdict;
    return (
      job !== undefined && !job.listed && seen === undefined && (kind === "queued" || kind === "released")
    );
  }

  /** The version that the change in this place begins with. */
  #versionAt(place: number): number {
    return this.#tick + 1 + place;
  }

  #plan(
    believed: Believed,
    changes: Extract<Applied, { kind: "ok" }>["changes"],
    standings: Standings,
    stamp: string,
    now: number,
  ): Plan {
    const { reads, writes, sends } = this.#settlement;
    const { answer, next } = transition.settle(believed.job, this.#settlement, this.#store.retention, now);
    const job = next === "removed" ? undefined : next;
    const way: Way =
      job && !isFinal(job.status) ? this.#store.mode.again(job, this.#settlement.lease.token) : {};
    const row = this.#rowWrite(believed, next, way, stamp, now);
    const written = new Set(changes.map(nameOf));
    const checked = new Map(
      reads.filter((read) => !written.has(nameOf(read))).map((read) => [nameOf(read), read]),
    );
    const sent = sendWrites(this.#store, sends, {
      taken: this.#taken,
      here: new Map(job ? [[job.id, job]] : []),
      tick: this.#tick + 1 + writes.length,
      stamp,
      now,
    });
    return {
      answer,
      row: row !== undefined,
      writes: [
        ...(row ? [row] : []),
        ...changes.map((change, place) =>
          itemWrite(change, standings.get(nameOf(change)) ?? UNKNOWN, this.#versionAt(place), stamp, now),
        ),
        ...[...checked.values()].map(checkItem),
        ...sent.map(({ write }) => write),
      ],
      told: [...(job ? [{ job, way }] : []), ...sent],
    };
  }

  #rowWrite(
    { job, seen: there = NOTHING_SEEN }: Believed,
    next: Job | "removed" | undefined,
    way: Way,
    stamp: string,
    now: number,
  ): Write | undefined {
    const { lease, born, attempt } = this.#settlement;
    const history = { attempts: attempt ? [attempt] : [], effects: effectNotes(this.#settlement) };
    if (!job) {
      if (!next || next === "removed" || !born) return undefined;
      const row = newRow(born, next, altered(next, way, this.#tick, stamp), history);
      return putRow(lease.id, row, expectedOf(there));
    }
    const { revision } = job;
    const lives = job.listed ? {} : { aliveAt: now };
    const held: Expected = { kind: "held", token: lease.token, revision, ...lives };
    if (!next || next === "removed") return deleteRow(lease.id, held);
    const changes = altered(next, way, this.#tick, stamp);
    const place = job.listed || !there.row ? {} : listed(next, there.row.sequence);
    const { attempts, effects } = history;
    return updateRow(lease.id, { ...changes, ...place }, held, {
      as: entries(attempts),
      ef: entries(effects),
    });
  }

  /** What stands where a sent job was to be put: it is left alone, or overwritten if its time is over. */
  #learnTaken(plan: Plan, failures: Failures, now: number): void {
    const places = new Map(this.#settlement.sends.map(({ id }) => [jobKey(id).pk, id]));
    for (const [place, failure] of failures.entries()) {
      const id = places.get(plan.writes[place]?.key.pk ?? "");
      if (id !== undefined && failure !== undefined) this.#taken.set(id, seen(failure ?? undefined, now));
    }
  }

  async #done(plan: Plan): Promise<AnswerOf<"settle">> {
    for (const { job, way } of plan.told) await told(this.#store, job, way);
    return plan.answer;
  }
}

/** Its own work stands in its way: the request was done, and only its answer was lost. */
function isOwn(failures: Failures, stamp: string): boolean {
  return failures.some((failure) => failure?.["w"]?.S === stamp);
}

function liveItem(item: StoredItem | undefined): { version: number; value: string } | undefined {
  return item?.value === undefined ? undefined : { version: item.version, value: item.value };
}
