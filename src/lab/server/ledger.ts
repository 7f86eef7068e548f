/**
 * What was acknowledged as done, kept apart from the store, so that the store can be held against it: the writes and
 * sends of every settlement that succeeded, and the end of every job. It sits between Spillway and the engine and
 * believes only answers: what was submitted and not applied never stood.
 *
 * Of each row it keeps what the acknowledged writes make of it, one after another in the order of their commits.
 * Counted afterwards is every write whose row stands in the store exactly so, and every sent job that is there. A write
 * that was lost leaves its row otherwise, and so does an addition that was made twice. A row or a job that nobody
 * acknowledged, such as a job sent twice, is a stranger.
 */
import type { Answer, Change, Settlement } from "../../core/engine.ts";
import { written } from "../../core/items.ts";
import { isFinal, type Job, type JobId, type JobStatus, type JsonText } from "../../core/job.ts";
import { byteLength } from "../../core/sizes.ts";
import type { Item, ItemWrite } from "../../core/table.ts";
import type { OperationSample } from "../basis.ts";
import { moment } from "../moment.ts";

/** Of as many runs as the handler's stopwatch looks at. */
export const SIZES_KEPT = 500;

type Row = { value: JsonText | undefined; writes: number };
type Applied = Extract<Answer, { kind: "applied" }>;

export class Ledger {
  readonly #operation: string;
  readonly #rows = new Map<string, Row>();
  readonly #sent = new Set<JobId>();
  readonly endedIds: JobId[] = [];
  readonly endedAt: number[] = [];
  readonly endedAs: JobStatus[] = [];
  readonly tables = new Set<string>();
  expected = 0;
  counted = 0;
  strangers = 0;
  retried = 0;
  rowsRead = 0;
  bytesRead = 0;
  /** How large was what the operation's first runs wrote and sent, by their ids. */
  readonly sizes = new Map<JobId, Pick<OperationSample, "written" | "added" | "sent">>();

  constructor(operation: string) {
    this.#operation = operation;
  }

  readonly read = (items: readonly (Item | undefined)[]): void => {
    this.rowsRead += items.length;
    for (const item of items) this.bytesRead += byteLength(item?.value ?? "");
  };

  readonly committed = (changes: readonly Change[], answers: readonly Answer[]): void => {
    const at = moment();
    for (const [place, change] of changes.entries()) {
      if (change.kind !== "settle") continue;
      const answer = answers[place] as Answer;
      // Rows that may have been written, acknowledged or not.
      for (const { table } of change.settlement.writes) this.tables.add(table);
      if (answer.kind === "applied") this.#applied(change.settlement, answer, at);
    }
  };

  /** A row that stands in the store: all of the writes that made it so are there, or something else was written. */
  found({ table, key, value }: Item): void {
    const place = placeOf({ table, key });
    const row = this.#rows.get(place);
    this.#rows.delete(place);
    if (row === undefined) this.strangers++;
    else if (row.value === value) this.counted += row.writes;
  }

  /** A job that stands in the store and that a handler sent. */
  foundSent(id: JobId): void {
    if (this.#sent.delete(id)) this.counted++;
    else this.strangers++;
  }

  /** After all rows: those that were deleted in the end are rightly not there. */
  foundAll(): void {
    for (const { value, writes } of this.#rows.values()) if (value === undefined) this.counted += writes;
    this.#rows.clear();
  }

  #applied(settlement: Settlement, { job }: Applied, at: number): void {
    const { verdict, claimed, born, lease } = settlement;
    // An operation may send itself: those are no calls.
    const isOwn = (claimed ?? born ?? job)?.operation === this.#operation && !this.#sent.has(lease.id);
    if (isOwn && verdict.kind === "queued") this.retried++;
    if (verdict.kind === "succeeded") this.#done(settlement, isOwn);
    if (isOwn && hasEnded(job)) {
      this.endedIds.push(lease.id);
      this.endedAt.push(at);
      this.endedAs.push(job.status);
    }
  }

  #done({ lease, writes, sends }: Settlement, isOwn: boolean): void {
    if (isOwn && this.sizes.size < SIZES_KEPT)
      this.sizes.set(lease.id, {
        written: writes.map((write) => ("value" in write ? byteLength(write.value) : 0)),
        added: writes.filter(({ kind }) => kind === "add").length,
        sent: sends.map(({ input }) => byteLength(input)),
      });
    this.expected += writes.length + sends.length;
    for (const { id } of sends) this.#sent.add(id);
    for (const write of writes) {
      const place = placeOf(write);
      const row = this.#rows.get(place) ?? { value: undefined, writes: 0 };
      row.value = written(write, row.value);
      row.writes++;
      this.#rows.set(place, row);
    }
  }
}

/** A call that was answered at once may leave a record for its key's sake, but is no job. */
function hasEnded(job: Job | undefined): job is Job {
  return job?.listed === true && isFinal(job.status);
}

function placeOf({ table, key }: Pick<ItemWrite, "table" | "key">): string {
  return `${table}\n${key}`;
}
