/**
 * Who holds which job: one row for each claim, with the jobs it took off the queue, and the same in memory. A job
 * leaves its claim when it is settled, or when more must be known of it than the claim tells, such as a longer
 * lease: then it has a row of its own in `states`.
 *
 * Durable with the group that claims, so that a start is counted whatever happens to its process; and one row for
 * up to hundreds of starts, so that counting them costs nothing.
 */
import type { DatabaseSync } from "node:sqlite";
import * as transition from "../../core/transition.ts";
import { inArrays, JOB_COLUMNS, JOBS, type JobRow, jobOf } from "./rows.ts";
import type { Stored } from "./stored.ts";

/** A claimed job with its place in its claim. */
export type Held = Stored & { readonly claim: HeldClaim; readonly place: number };

export function isHeld(stored: Stored): stored is Held {
  return "claim" in stored;
}

type HeldClaim = {
  readonly token: string;
  readonly claimedAt: number;
  readonly leaseUntil: number;
  /** The position of the first one's change; the others' follow. */
  readonly change: number;
  /** Those that it still holds, by their places. */
  readonly members: Map<number, Held>;
};

type ClaimRow = readonly [
  token: string,
  claimedAt: number,
  leaseUntil: number,
  change: number,
  members: string,
];

export class Claims {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #claims = new Map<string, HeldClaim>();
  /** Those whose rows have to be written at the end of the transaction. */
  readonly #altered = new Set<HeldClaim>();
  /** What the transaction did, to be undone without looking: of a group, each change may fail in turn. */
  readonly #added = new Set<HeldClaim>();
  readonly #left: Held[] = [];

  constructor(database: DatabaseSync) {
    this.#statements = prepare(database);
    this.#load();
  }

  /** `jobs`: as they are now that they are claimed. */
  add(
    token: string,
    { claimedAt, leaseUntil, change }: Pick<HeldClaim, "claimedAt" | "leaseUntil" | "change">,
    jobs: readonly Stored[],
  ): void {
    const members = new Map<number, Held>();
    const claim = { token, claimedAt, leaseUntil, change, members };
    for (const [place, stored] of jobs.entries()) members.set(place, { ...stored, claim, place });
    this.#claims.set(token, claim);
    this.#altered.add(claim);
    this.#added.add(claim);
  }

  /** The job that a lease's token holds. */
  byToken(token: string): Held | undefined {
    const dot = token.lastIndexOf(".", token.lastIndexOf(".") - 1);
    return this.#claims.get(token.slice(0, dot))?.members.get(Number.parseInt(token.slice(dot + 1), 10));
  }

  bySequence(sequence: number): Held | undefined {
    for (const { members } of this.#claims.values()) {
      for (const held of members.values()) if (held.sequence === sequence) return held;
    }
    return undefined;
  }

  /** What a claim still holds. */
  of(token: string): readonly Held[] {
    return [...(this.#claims.get(token)?.members.values() ?? [])];
  }

  /** The first to run out come first. */
  leasesUntil(until: number, limit: number): readonly Held[] {
    const lost: Held[] = [];
    for (const { leaseUntil, members } of this.#claims.values()) {
      if (leaseUntil > until) continue;
      for (const member of members.values()) lost.push(member);
    }
    return lost.sort(byLease).slice(0, limit);
  }

  leave(held: Held): void {
    const { claim, place } = held;
    claim.members.delete(place);
    this.#altered.add(claim);
    this.#left.push(held);
  }

  /** Among the last statements of a transaction. */
  write(): void {
    for (const claim of this.#altered) {
      const { token, claimedAt, leaseUntil, change, members } = claim;
      if (members.size === 0) this.#statements.remove.run(token);
      else this.#statements.write.run(token, claimedAt, leaseUntil, change, textOf(members));
    }
  }

  committed(): void {
    for (const claim of this.#altered) {
      // Once all its jobs were settled, the same token may have claimed others in the same transaction.
      const isOver = claim.members.size === 0 && this.#claims.get(claim.token) === claim;
      if (isOver) this.#claims.delete(claim.token);
    }
    this.#forget();
  }

  rolledBack(): void {
    for (const { token } of this.#added) this.#claims.delete(token);
    for (const held of this.#left) {
      const { claim, place } = held;
      if (this.#added.has(claim)) continue;
      claim.members.set(place, held);
      // Another may have taken its place, as in `committed`.
      this.#claims.set(claim.token, claim);
    }
    this.#forget();
  }

  #forget(): void {
    this.#altered.clear();
    this.#added.clear();
    this.#left.length = 0;
  }

  #load(): void {
    for (const row of this.#statements.all.all() as unknown as readonly ClaimRow[]) {
      const [token, claimedAt, leaseUntil, change, text] = row;
      const members = new Map<number, Held>();
      const claim = { token, claimedAt, leaseUntil, change, members };
      for (const [place, sequence] of Object.entries(JSON.parse(text) as Record<string, number>)) {
        members.set(Number(place), this.#member(claim, sequence, Number(place)));
      }
      this.#claims.set(token, claim);
    }
  }

  #member(claim: HeldClaim, sequence: number, place: number): Held {
    const row = this.#statements.job.get(sequence) as unknown as JobRow;
    const leaseMs = claim.leaseUntil - claim.claimedAt;
    const job = transition.claim(jobOf(row), `${claim.token}.${place}`, leaseMs, claim.claimedAt);
    return { sequence, job, hasState: row[8] !== null, claim, place };
  }
}

/** By place, so that a claim costs what it still holds and not what it held. */
function textOf(members: ReadonlyMap<number, Held>): string {
  let text = "";
  for (const [place, { sequence }] of members) text += `,"${place}":${sequence}`;
  return `{${text.slice(1)}}`;
}

function byLease(one: Stored, other: Stored): number {
  return (one.job.leaseUntil ?? 0) - (other.job.leaseUntil ?? 0) || one.sequence - other.sequence;
}

export function soonest(stored: readonly Stored[], limit: number): readonly Stored[] {
  return stored.toSorted(byLease).slice(0, limit);
}

function prepare(database: DatabaseSync) {
  const statement = (sql: string) => inArrays(database.prepare(sql));
  return {
    all: statement("SELECT token, claimed_at, lease_until, change, members FROM claims"),
    job: statement(`SELECT ${JOB_COLUMNS} FROM ${JOBS} WHERE j.sequence = ?`),
    write: statement(
      `INSERT INTO claims (token, claimed_at, lease_until, change, members) VALUES (?1, ?2, ?3, ?4, ?5)
       ON CONFLICT DO UPDATE SET members = ?5`,
    ),
    remove: statement("DELETE FROM claims WHERE token = ?"),
  };
}
