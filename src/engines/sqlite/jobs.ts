/**
 * Jobs in the owner's hands: what each call was, what became of it, and who holds it. Stores what core decided,
 * and keeps the queue, the claims and the counts right; decides nothing.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Job, JobId, JsonText } from "../../core/job.ts";
import { Claims, isHeld, soonest } from "./claims.ts";
import type { Counts } from "./counts.ts";
import { KeyLookup } from "./key-lookup.ts";
import { Keys } from "./keys.ts";
import type { Call } from "./messages.ts";
import { QueueTable } from "./queue.ts";
import { type AnyRow, inArrays, JOB_COLUMNS, JOBS, type JobRow, jobOf } from "./rows.ts";
import { States } from "./states.ts";
import type { Stored } from "./stored.ts";

export class Jobs {
  readonly queue: QueueTable;
  readonly claims: Claims;
  readonly keys: Keys;
  readonly #counts: Counts;
  readonly #lookup: KeyLookup;
  readonly #states: States;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: DatabaseSync, counts: Counts) {
    this.#counts = counts;
    this.#statements = prepare(database);
    this.#states = new States(database);
    this.queue = new QueueTable(database, this.lastSequence());
    this.claims = new Claims(database);
    this.keys = new Keys(database);
    this.#lookup = new KeyLookup(database, this.keys.index);
  }

  /** False if there is a job under this id or at this place already. */
  insert(call: Call, job: Job): boolean {
    const { sequence, inputVersion, details, input } = call;
    const isFresh = job.status === "queued";
    const position = isFresh ? this.#position(job) : null;
    this.queue.makeWay(sequence, isFresh);
    const isKeyed = job.fingerprint !== undefined;
    if (isKeyed && this.#find(job.id)) return false;
    const { changes } = this.#statements.insert.run(
      sequence,
      job.id,
      job.operation,
      job.principal,
      job.maxAttempts,
      job.acceptedAt,
      job.availableAt,
      position,
      job.fingerprint ?? null,
      inputVersion,
      details,
      input,
    );
    if (changes === 0) return false;
    if (isKeyed) this.keys.add(job.id, sequence);
    if (isFresh) {
      this.queue.accepted(job, sequence);
      this.#counts.accepted(job.operation);
    } else {
      this.#counts.moved(undefined, job);
      this.#states.save({ sequence, hasState: false }, job, this.#position(job));
    }
    return true;
  }

  load(id: JobId): Stored | undefined {
    const found = this.#find(id);
    if (!found) return undefined;
    const job = jobOf(found);
    const held = job.status === "queued" ? this.claims.bySequence(found[0]) : undefined;
    return held ?? { sequence: found[0], job, hasState: found[8] !== null };
  }

  #find(id: JobId): JobRow | undefined {
    return this.#lookup.find<JobRow>(id, this.#statements.bySequence);
  }

  /** What a lease is on; found without a look at the disk while its claim holds it. */
  leased(id: JobId, token: string): Stored | undefined {
    const held = this.claims.byToken(token);
    return held?.job.id === id ? held : this.load(id);
  }

  /** `attempts` and `effects` are appended to what is there. */
  save(stored: Stored, next: Job, attempts = "", effects = ""): void {
    const { sequence, job: before } = stored;
    this.#counts.moved(before, next);
    this.#leave(stored);
    if (next.status === "queued") this.queue.add(next, sequence, true);
    this.#states.save(stored, next, this.#position(next), attempts, effects);
  }

  /** A longer lease is no change that anyone is told of; but of a claimed job it is more than its claim can tell. */
  saveLease(stored: Stored, next: Job): void {
    if (!isHeld(stored)) return this.#states.saveLease(stored.sequence, next.leaseUntil);
    const { claim, place } = stored;
    this.claims.leave(stored);
    this.#states.save(stored, next, next.principal === "" ? null : claim.change + place);
  }

  remove(stored: Stored): void {
    const { sequence, job, hasState } = stored;
    this.#counts.moved(job, undefined);
    this.#leave(stored);
    if (hasState) this.#states.remove(sequence);
    if (job.fingerprint !== undefined) this.keys.remove(job.id, sequence);
    this.#statements.remove.run(sequence);
  }

  /** Claimed: off the queue, and into the hands of one claim. `jobs` as they are now. */
  hold(token: string, now: number, leaseMs: number, rows: readonly Stored[]): void {
    const change = this.#counts.nextPositions(rows.length);
    this.claims.add(token, { claimedAt: now, leaseUntil: now + leaseMs, change }, rows);
  }

  claimed(before: Job, next: Job): void {
    this.#counts.moved(before, next);
  }

  /** Every job that a claim's leases hold. */
  heldBy(token: string): readonly Stored[] {
    return [...this.#states.heldBy(token).map(storedOf), ...this.claims.of(token)];
  }

  /** The job in a row that is known to be there, as its rows tell. */
  at(sequence: number): Job {
    return jobOf(this.#statements.bySequence.get(sequence) as unknown as JobRow);
  }

  inputAt(sequence: number): { readonly input: JsonText; readonly inputVersion: number } {
    type Row = readonly [input: string, inputVersion: number];
    const [input, inputVersion] = this.#statements.input.get(sequence) as unknown as Row;
    return { input, inputVersion };
  }

  leasesUntil(until: number, limit: number): readonly Stored[] {
    const rows = this.#states.leasesUntil(until, limit);
    const held = this.claims.leasesUntil(until, limit);
    return rows.length === 0 ? held : soonest([...rows.map(storedOf), ...held], limit);
  }

  /** Removes what is past its time, the longest first; answers how many. */
  prune(now: number, limit: number): number {
    const expired = this.#states.expiredBy(now, limit);
    if (expired.length === 0) return 0;
    for (const [sequence, id, failed, errorCode] of expired) {
      if (id !== null) this.keys.remove(id, sequence);
      if (failed !== null) this.#counts.forgot(failed, errorCode);
    }
    // In one statement, and in the order of the rows, so that each page is altered once.
    const sequences = JSON.stringify(expired.map(([sequence]) => sequence).sort((one, other) => one - other));
    this.#states.removeAll(sequences);
    this.#statements.removeAll.run(sequences);
    return expired.length;
  }

  lastSequence(): number {
    const [last] = this.#statements.lastSequence.get() as unknown as readonly [number | null];
    return last ?? 0;
  }

  /** From wherever a job that is not final stands besides its own rows. */
  #leave(stored: Stored): void {
    const { sequence, job } = stored;
    if (isHeld(stored)) this.claims.leave(stored);
    else if (job.status === "queued") this.queue.remove(job, sequence);
  }

  #position({ listed, principal }: Job): number | null {
    return listed && principal !== "" ? this.#counts.nextPosition() : null;
  }
}

function storedOf(found: AnyRow): Stored {
  return { sequence: found[0], job: jobOf(found), hasState: found[8] !== null };
}

function prepare(database: DatabaseSync) {
  const statement = (sql: string) => inArrays(database.prepare(sql));
  return {
    insert: statement(`INSERT INTO jobs (sequence, id, operation, principal, max_attempts, accepted_at,
        available_at, change, fingerprint, input_version, details, input)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`),
    bySequence: statement(`SELECT ${JOB_COLUMNS} FROM ${JOBS} WHERE j.sequence = ?`),
    remove: statement("DELETE FROM jobs WHERE sequence = ?"),
    removeAll: statement("DELETE FROM jobs WHERE sequence IN (SELECT value FROM json_each(?))"),
    input: statement("SELECT input, input_version FROM jobs WHERE sequence = ?"),
    lastSequence: statement("SELECT max(sequence) FROM jobs"),
  };
}
