/**
 * Receipts that streams and sockets watch. A hint, or some seconds without one, leads to a look at the store; looks
 * are made together, one find at a time, so a crowd of hints costs one more find and not a find each. What is told
 * is always what the store said of that id and that principal.
 */
import type { Ref } from "../core/engine.ts";
import type { Job, JobRecord, JobStatus, Progress } from "../core/job.ts";
import type { Runtime } from "../core/runtime.ts";
import { FIND_MOST } from "./looks.ts";
import { TICK_MS, type Ticker } from "./ticker.ts";

/** Hints may be lost, so the store is asked this often all the same, unless it says how often. */
const LOOK_AGAIN_TICKS = 5;
/** Final states are promised within 10 s: who cannot be told by then is let go. */
export const UNREADABLE_TICKS = 9;

export function lookAgainTicks({ store }: Runtime): number {
  const ms = store?.engine.lookAgainMs;
  return ms === undefined ? LOOK_AGAIN_TICKS : Math.ceil(ms / TICK_MS);
}

export interface Watcher {
  /** `progress`: nothing else is new. */
  changed(job: JobRecord, what: "status" | "progress"): void;
  /** There is no such receipt, or no longer, or it is another's. */
  gone(): void;
  /** The store has not answered for too long. */
  unreadable(): void;
}

export interface Watch {
  /** Looks now. */
  look(): void;
  /** What is there is told again, changed or not. */
  repeat(): void;
  leave(): void;
}

type Shown = {
  readonly revision: number;
  readonly status: JobStatus;
  readonly progress: Progress | undefined;
};

type Entry = {
  readonly ref: Ref;
  readonly watcher: Watcher;
  readonly leave: () => void;
  shown: Shown | undefined;
  lookedAt: number;
};

export class Watches {
  readonly #runtime: Runtime;
  readonly #ticker: Ticker;
  readonly #entries = new Set<Entry>();
  readonly #due = new Set<Entry>();
  /** Looked at after those that were hinted. */
  readonly #aged = new Set<Entry>();
  #leaveTicker: (() => void) | undefined;
  #looking = false;

  constructor(runtime: Runtime, ticker: Ticker) {
    this.#runtime = runtime;
    this.#ticker = ticker;
  }

  /** Looks at once; what is as in `shown` is not told. */
  watch(ref: Ref, watcher: Watcher, shown?: Job): Watch {
    const hinted = this.#runtime.notifier.subscribe("receipt", ref.id, () => this.#look(entry));
    const entry: Entry = {
      ref,
      watcher,
      leave: hinted,
      shown: shown && this.#shownOf(shown),
      lookedAt: this.#ticker.count,
    };
    this.#entries.add(entry);
    this.#leaveTicker ??= this.#ticker.add(() => this.#tick());
    this.#look(entry);
    return {
      look: () => this.#look(entry),
      repeat: () => {
        entry.shown = undefined;
        this.#look(entry);
      },
      leave: () => this.#leave(entry),
    };
  }

  #leave(entry: Entry): void {
    entry.leave();
    this.#entries.delete(entry);
    this.#due.delete(entry);
    this.#aged.delete(entry);
    if (this.#entries.size > 0) return;
    this.#leaveTicker?.();
    this.#leaveTicker = undefined;
  }

  #tick(): void {
    const lookAgain = lookAgainTicks(this.#runtime);
    for (const entry of this.#entries) {
      const age = this.#ticker.count - entry.lookedAt;
      if (age >= UNREADABLE_TICKS) entry.watcher.unreadable();
      else if (age >= lookAgain) this.#look(entry, this.#aged);
    }
  }

  #look(entry: Entry, queue = this.#due): void {
    if (!this.#entries.has(entry)) return;
    queue.add(entry);
    if (this.#looking) return;
    this.#looking = true;
    // After this turn, so that those who were hinted together are looked up together.
    queueMicrotask(() => void this.#findDue());
  }

  async #findDue(): Promise<void> {
    while (this.#due.size + this.#aged.size > 0) {
      const entries = this.#next();
      const { count } = this.#ticker;
      const jobs = await this.#find(entries);
      if (!jobs) continue;
      for (const [i, entry] of entries.entries()) {
        entry.lookedAt = count;
        if (this.#entries.has(entry)) this.#tell(entry, jobs[i]);
      }
    }
    this.#looking = false;
  }

  /** Gone from both before the find: a hint that comes while it is under way leads to another. */
  #next(): readonly Entry[] {
    const entries = [...this.#due.values().take(FIND_MOST)];
    for (const entry of entries) {
      this.#due.delete(entry);
      this.#aged.delete(entry);
    }
    const aged = [...this.#aged.values().take(FIND_MOST - entries.length)];
    for (const entry of aged) this.#aged.delete(entry);
    return [...entries, ...aged];
  }

  /** Undefined: the store cannot be read now; a tick asks again. Without a store there are no receipts. */
  async #find(entries: readonly Entry[]): Promise<readonly (JobRecord | undefined)[] | undefined> {
    const { store } = this.#runtime;
    try {
      return store ? await store.engine.find(entries.map(({ ref }) => ref)) : [];
    } catch {
      return undefined;
    }
  }

  #tell(entry: Entry, job: JobRecord | undefined): void {
    if (!job?.listed) return entry.watcher.gone();
    const before = entry.shown;
    const now = this.#shownOf(job);
    entry.shown = now;
    if (before?.revision !== now.revision || before.status !== now.status)
      entry.watcher.changed(job, "status");
    else if (before.progress !== now.progress) entry.watcher.changed(job, "progress");
  }

  #shownOf({ id, revision, status }: Job): Shown {
    const progress = status === "running" ? this.#runtime.live.progressOf(id) : undefined;
    return { revision, status, progress };
  }
}
