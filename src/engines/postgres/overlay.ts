/**
 * What a group looks at, in memory: jobs and items as they were loaded under their locks, and what the changes before
 * made of them. Written back by `flush.ts`.
 */
import type { AuditEntry, NewCall, SettingChange } from "../../core/engine.ts";
import type { ItemChange } from "../../core/items.ts";
import type { Job, JobId } from "../../core/job.ts";
import { isFinal } from "../../core/job.ts";
import type { Item, ItemKey } from "../../core/table.ts";

/** A job with what its row has besides; lists as the texts that they are appended to. */
export type Stored = {
  readonly job: Job;
  readonly sequence: number;
  readonly attempts: string;
  readonly effects: string;
};

export type Entry = {
  /** As it was loaded. */
  readonly before: Stored | undefined;
  now: Stored | undefined;
  /** A record of its own, of this call: its row in `jobs` is written too, in the place of one that stands there. */
  call: NewCall | undefined;
  /** Its place among the group's changes, when it was changed last. */
  place: number;
};

type Value = Pick<Item, "version" | "value">;

/** A version that no reader has seen: of what a change of the same group wrote. */
const UNSEEN = -1;

export class Overlay {
  readonly entries = new Map<JobId, Entry>();
  /** Undefined: there is none. */
  readonly items = new Map<string, Value | undefined>();
  readonly itemChanges = new Map<string, ItemChange>();
  /** Absent ones that a change relied on which writes something itself. */
  readonly absent = new Map<string, ItemKey>();
  readonly settings: SettingChange[] = [];
  readonly audit: AuditEntry[] = [];
  /** Of what is changed next. */
  place = 0;

  load(stored: Stored): void {
    this.entries.set(stored.job.id, { before: stored, now: stored, call: undefined, place: 0 });
  }

  get(id: JobId): Stored | undefined {
    return this.entries.get(id)?.now;
  }

  put(id: JobId, stored: Stored, call?: NewCall): void {
    const entry = this.entries.get(id) ?? { before: undefined, now: undefined, call: undefined, place: 0 };
    this.entries.set(id, entry);
    entry.now = stored;
    if (call) entry.call = call;
    entry.place = this.place++;
  }

  remove(id: JobId): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    entry.now = undefined;
    entry.call = undefined;
  }

  loadItem({ table, key, version, value }: Item): void {
    this.items.set(nameOf({ table, key }), { version, value });
  }

  item(key: ItemKey): Value | undefined {
    return this.items.get(nameOf(key));
  }

  change(change: ItemChange): void {
    const name = nameOf(change);
    const { value } = change;
    this.items.set(name, value === undefined ? undefined : { version: UNSEEN, value });
    // At the end, as its version is given when it is written: after those that were changed before.
    this.itemChanges.delete(name);
    this.itemChanges.set(name, change);
  }

  relyOn(key: ItemKey): void {
    this.absent.set(nameOf(key), key);
  }
}

export function nameOf({ table, key }: ItemKey): string {
  return `${table}\n${key}`;
}

export function isLive({ job }: Stored): boolean {
  return !isFinal(job.status);
}
