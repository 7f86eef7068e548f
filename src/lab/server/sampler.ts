/**
 * Looks at the slots and the queue while a lane runs. Slots every 20 ms, as they come and go within a handler's time;
 * of them the most in use is kept for each look at the queue, which asks the store.
 */
import type { Room } from "../../core/budget.ts";
import type { Figures } from "../../core/engine.ts";
import type { Samples } from "../messages.ts";
import { moment } from "../moment.ts";

const SLOTS_MS = 20;
const QUEUE_MS = 100;

export type Watched = {
  readonly slots: () => readonly Room[];
  readonly figures: () => Promise<readonly Figures[]>;
  /** The store's clock. */
  readonly now: () => number;
};

type Track = { readonly name: string; room: Room; most: number; fullMs: number; readonly inUse: number[] };

export class Sampler {
  readonly #watched: Watched;
  readonly #operation: string;
  readonly #tracks: readonly Track[];
  readonly #at: number[] = [];
  readonly #queued: number[] = [];
  readonly #oldestMs: number[] = [];
  readonly #timers: readonly NodeJS.Timeout[];
  #seenAt = moment();

  constructor(operation: string, watched: Watched) {
    this.#operation = operation;
    this.#watched = watched;
    this.#tracks = watched.slots().map((room) => ({ name: room.name, room, most: 0, fullMs: 0, inUse: [] }));
    this.#timers = [
      setInterval(() => this.#seeSlots(), SLOTS_MS),
      setInterval(() => void this.#seeQueue().catch(ignore), QUEUE_MS),
    ];
  }

  /** How many calls were queued when last looked at. */
  get queued(): number {
    return this.#queued.at(-1) ?? 0;
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#seeSlots();
  }

  samples(): Samples {
    return {
      at: Float64Array.from(this.#at),
      queued: Float64Array.from(this.#queued),
      oldestMs: Float64Array.from(this.#oldestMs),
      slots: this.#tracks.map(({ name, room, fullMs, inUse }) => ({
        name,
        limit: room.concurrency,
        peak: room.peak,
        fullMs,
        inUse: Float64Array.from(inUse),
      })),
    };
  }

  #seeSlots(): void {
    const now = moment();
    const sinceMs = now - this.#seenAt;
    this.#seenAt = now;
    const rooms = this.#watched.slots();
    for (const [place, track] of this.#tracks.entries()) {
      track.room = rooms[place] ?? track.room;
      const { inUse, concurrency } = track.room;
      track.most = Math.max(track.most, inUse);
      if (concurrency !== null && inUse >= concurrency) track.fullMs += sinceMs;
    }
  }

  async #seeQueue(): Promise<void> {
    const figures = await this.#watched.figures();
    const own = figures.find(({ operation }) => operation === this.#operation);
    this.#at.push(moment());
    this.#queued.push(own?.queued ?? 0);
    this.#oldestMs.push(own?.oldestAt === undefined ? 0 : Math.max(0, this.#watched.now() - own.oldestAt));
    for (const track of this.#tracks) {
      track.inUse.push(track.most);
      track.most = track.room.inUse;
    }
  }
}

/** A look that comes just as the store closes; the next one would not have come. */
function ignore(): void {}
