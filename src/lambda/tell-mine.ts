/**
 * All jobs of one principal, told to one connection in the order of their changes and from the mark that stands in the
 * table: so some may be told twice, by whoever comes after one that died, but none is missed.
 */
import type { Clock } from "../core/clock.ts";
import type { Engine } from "../core/engine.ts";
import type { Job, JobId } from "../core/job.ts";
import type { Random } from "../core/random.ts";
import type { SocketTexts } from "../door/socket/texts.ts";
import { covers, isSealed, type Place, placesAfter } from "../engines/aws/places.ts";
import { TellingTurn } from "../engines/aws/telling-turn.ts";
import type { Watcher } from "../engines/aws/watch-rows.ts";
import type { Watchers } from "../engines/aws/watchers.ts";
import type { Posted } from "./gateway.ts";

export type MineHost = {
  readonly engine: Engine;
  readonly watchers: Watchers;
  readonly texts: SocketTexts;
  readonly clock: Clock;
  readonly random: Random;
  readonly post: (watcher: Watcher, text: string) => Promise<Posted>;
};

/** `all`: or another is at it, or there is nobody to tell. `some`: somebody should come back to it. */
export type HowFar = "all" | "some";

/** A job's record may carry an input of 256 KiB. */
const PAGE = 50;

/** `changed`: jobs of this principal as they are now, which the index may not show yet. */
export async function tellMine(
  watcher: Watcher,
  changed: readonly Job[],
  until: number,
  host: MineHost,
): Promise<HowFar> {
  const turn = await TellingTurn.take(host, watcher.principal, watcher.connection);
  if (!turn) return "all";
  const telling = new Telling(watcher, turn, until, host);
  let unseen: readonly Job[] = changed;
  for (;;) {
    const posted = await telling.tell(unseen);
    if (posted === "gone") return "all";
    if (posted === "failed") {
      await turn.drop();
      return "some";
    }
    unseen = [];
    if (await turn.end()) return "all";
  }
}

class Telling {
  readonly #watcher: Watcher;
  readonly #turn: TellingTurn;
  readonly #until: number;
  readonly #host: MineHost;

  constructor(watcher: Watcher, turn: TellingTurn, until: number, host: MineHost) {
    this.#watcher = watcher;
    this.#turn = turn;
    this.#until = until;
    this.#host = host;
  }

  /** `failed`: also when the time is up, or the turn another's. */
  async tell(changed: readonly Job[]): Promise<Posted> {
    const unseen = new Map(changed.map((job) => [job.id, job]));
    let from = this.#turn.told.mark;
    for (;;) {
      const places = await this.#places(from);
      for (const place of places) {
        const job = unseen.get(place.id);
        if (job && covers(place, job.updatedAt)) unseen.delete(place.id);
      }
      const posted = await this.#tellPage(places);
      if (posted !== "sent") return posted;
      const last = places.at(-1);
      if (!last || places.length < PAGE) break;
      from = last.sort;
    }
    for (const job of unseen.values()) {
      const posted = await this.#post(job, this.#turn.told.mark);
      if (posted !== "sent") return posted;
    }
    return "sent";
  }

  #places(from: string): Promise<readonly Place[]> {
    return placesAfter(this.#host.watchers.table, this.#watcher.principal, from, PAGE);
  }

  async #tellPage(places: readonly Place[]): Promise<Posted> {
    const { told } = this.#turn;
    const untold = places.filter((place) => !told.has(place));
    const jobs = await this.#jobs(untold.map(({ id }) => id));
    const now = this.#host.clock.now();
    let posted: Posted = "sent";
    let isNew = false;
    for (const place of places) {
      const sealed = isSealed(place, now);
      if (!told.has(place)) {
        const job = jobs.get(place.id);
        // A client that resumes after what it was told must find all that may still come into sight.
        if (job) posted = await this.#post(job, sealed ? place.sort : told.mark);
        if (posted !== "sent") break;
        isNew = true;
      }
      told.add(place, sealed);
    }
    if (!isNew || posted === "gone") return posted;
    return (await this.#turn.reached()) ? posted : "failed";
  }

  async #jobs(ids: readonly JobId[]): Promise<ReadonlyMap<JobId, Job>> {
    const { principal } = this.#watcher;
    const found = ids.length === 0 ? [] : await this.#host.engine.find(ids.map((id) => ({ id, principal })));
    return new Map(found.flatMap((job) => (job?.listed ? [[job.id, job]] : [])));
  }

  async #post(job: Job, cursor: string): Promise<Posted> {
    if (this.#host.clock.monotonic() >= this.#until) return "failed";
    return this.#host.post(this.#watcher, this.#host.texts.status(job, cursor));
  }
}
