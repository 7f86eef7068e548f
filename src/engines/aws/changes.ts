/**
 * What has changed of a principal's jobs, in the order of their places. A place is drawn before its change is written,
 * so that one may come into sight behind later ones: whoever goes on from a cursor is also told what lies closely
 * before it, but for what this process knows to have told before it gave that cursor.
 */
import { noCursor } from "../../core/cursor.ts";
import type { Changes, Cursor } from "../../core/engine.ts";
import type { Job, JobId, Principal } from "../../core/job.ts";
import { look } from "./jobs.ts";
import { changesPartition, padded } from "./keys.ts";
import { LATE_MS } from "./places.ts";
import { type Attributes, jobOf, text } from "./rows.ts";
import { Sights } from "./sights.ts";
import type { Store } from "./store.ts";
import { CHANGES_INDEX } from "./table-definition.ts";
import { tickAt } from "./ticks.ts";

/** A place; and, of one that was given before another came into sight, what was seen until it was given again. */
const CURSOR = /^(?<place>\d{16}-[\w-]{0,200})(?:~(?<nonce>\w{1,40})\.(?<seen>\d{1,15}))?$/;
const START = `${padded(0)}-`;
const MOST_READ = 100;

/** A change that is in sight. */
type Sight = { readonly place: string; readonly id: JobId; readonly seen: number; readonly cursor: Cursor };
type Told = { readonly job: Job; readonly cursor: Cursor };

export class ChangesOf {
  readonly #store: Store;
  readonly #nonce: string;
  readonly #sights = new Sights();

  constructor(store: Store) {
    this.#store = store;
    this.#nonce = store.database.stamp().replaceAll(".", "");
  }

  async after(principal: Principal, cursor: Cursor | undefined, limit: number): Promise<Changes> {
    const { place, seen } = this.#position(principal, cursor);
    const late: Sight[] = [];
    const jobs: Told[] = [];
    let from = marginOf(place);
    let most = 0;
    for (let isMore = principal !== ""; isMore && jobs.length < limit; ) {
      const page = await this.#page(principal, from, Math.min(MOST_READ, limit));
      isMore = page.isMore;
      from = page.sights.at(-1)?.place ?? from;
      const later: Sight[] = [];
      for (const sight of page.sights) {
        most = Math.max(most, sight.seen);
        if (sight.place > place)
          later.push({ ...sight, cursor: this.#cursorAt(principal, sight.place, most) });
        else if (sight.seen > seen) late.push({ ...sight, cursor: this.#suffixed(place, sight.seen) });
      }
      if (later.length === 0 && isMore) continue;
      // In the order in which they came into sight, so that the cursor of each covers those before it.
      late.sort((one, other) => one.seen - other.seen);
      jobs.push(...(await this.#told([...late.splice(0), ...later])));
    }
    const told = jobs.slice(0, limit);
    return { jobs: told, next: told.at(-1)?.cursor ?? cursor ?? START };
  }

  /** Where a cursor stands, and what this process had seen when it gave it; of another's, nothing. */
  #position(principal: Principal, cursor: Cursor = START): { readonly place: string; readonly seen: number } {
    const groups = CURSOR.exec(cursor)?.groups;
    if (!groups) throw noCursor(cursor);
    const { place = START, nonce, seen } = groups;
    if (seen !== undefined && nonce === this.#nonce) return { place, seen: Number(seen) };
    return { place, seen: this.#sights.given(nameOf(principal, cursor)) ?? 0 };
  }

  /** As short as it can be: longer only if it was given before something that lies before it was seen. */
  #cursorAt(principal: Principal, place: string, seen: number): Cursor {
    return this.#sights.give(nameOf(principal, place), seen) >= seen ? place : this.#suffixed(place, seen);
  }

  #suffixed(place: string, seen: number): Cursor {
    return `${place}~${this.#nonce}.${seen}`;
  }

  async #page(principal: Principal, from: string, most: number) {
    const { items, last } = await this.#store.database.query({
      IndexName: CHANGES_INDEX,
      KeyConditionExpression: "ck = :ck AND cs > :from",
      ExpressionAttributeValues: { ":ck": { S: changesPartition(principal) }, ":from": { S: from } },
      Limit: most,
    });
    const sights = items.map((item: Attributes) => {
      const place = text(item, "cs") ?? "";
      const id = (text(item, "pk") ?? "").slice("job#".length);
      return { place, id, seen: this.#sights.seen(nameOf(principal, place)) };
    });
    return { sights, isMore: last !== undefined };
  }

  async #told(sights: readonly Sight[]): Promise<readonly Told[]> {
    const found = await look(
      this.#store,
      sights.map(({ id }) => id),
    );
    return sights.flatMap(({ cursor }, place) => {
      const row = found[place]?.row;
      return row ? [{ job: jobOf(row.record), cursor }] : [];
    });
  }
}

function nameOf(principal: Principal, place: string): string {
  return `${place} ${principal}`;
}

/** From where changes may still come into sight behind this place. */
function marginOf(place: string): string {
  if (place === START) return START;
  return `${padded(Math.max(0, Number.parseInt(place, 10) - tickAt(LATE_MS)))}-`;
}
