/**
 * One try to commit one part of a group: what can go at once is sent first, then what was looked at and decided, then
 * claims, which find all of that. Without a look it is one round trip, with one it is two.
 */
import type { Answer, Change, Retention } from "../../core/engine.ts";
import { bornJob } from "../../core/transition.ts";
import type { Bounds } from "./bounds.ts";
import { type ClaimRow, claimAnswer, claimLockStatement, claimStatement, sendClaim } from "./claims.ts";
import type { Result, Transaction } from "./connection.ts";
import { decide } from "./decide.ts";
import { flushJobs, flushStatements } from "./flush.ts";
import { flushItems, flushRest, itemStatements } from "./item-writes.ts";
import { look, lookStatements } from "./looking.ts";
import { type FastRow, openStatement, sendOpens } from "./opens.ts";
import type { Placed, Plan } from "./plan.ts";
import { type Ended, endedAt, endedJob, sendSuccesses, successStatement } from "./successes.ts";

export type GroupStatements = ReturnType<typeof groupStatements>;

export function groupStatements(schema: string) {
  return {
    open: openStatement(schema),
    succeed: successStatement(schema),
    claims: { lock: claimLockStatement(schema), claim: claimStatement(schema) },
    look: lookStatements(schema),
    flush: flushStatements(schema),
    items: itemStatements(schema),
  };
}

export type Terms = {
  readonly retention: Retention;
  /** For tests; otherwise the database's clock. */
  readonly now: number | null;
  /** Of the counts, this engine's own. */
  readonly part: number;
  readonly careful: boolean;
  readonly bounds: Bounds;
  /** Has the transaction leave a mark (`fate.ts`). */
  readonly mark: (transaction: Transaction) => string;
  /** Tells the other nodes of it right behind its commit. */
  readonly foretell: (transaction: Transaction) => void;
};

/** In the order of changes each row's place is its change's, times this: a settlement may send as many more. */
const PLACES = 128;
const PLACES_A_CLAIM = 1_000_000;

export class Group {
  readonly #transaction: Transaction;
  readonly #statements: GroupStatements;
  readonly #plan: Plan;
  readonly #terms: Terms;
  /** By places in the group. Those that the fast way did not find as it thought have none. */
  readonly answers = new Map<number, Answer>();
  /** By which it is known whether it was committed, if its answer is lost; only where there was a look. */
  mark: string | undefined;
  #wasSent = false;

  constructor(transaction: Transaction, statements: GroupStatements, plan: Plan, terms: Terms) {
    this.#transaction = transaction;
    this.#statements = statements;
    this.#plan = plan;
    this.#terms = terms;
  }

  /** Whether all that is left to know is what claims took. */
  get isDecided(): boolean {
    return this.#wasSent;
  }

  async commit(): Promise<void> {
    const { claims } = this.#plan;
    const fast = this.#sendFast();
    // What fails is told by whoever is waited for first.
    fast.catch(() => {});
    const looks = await this.#looks(fast);
    const written = looks.length > 0 ? await this.#lookAndWrite(looks) : [];
    if (looks.length > 0) await fast;
    const taken = claims.map((claim, number) => this.#sendClaim(claim, number));
    const committed = this.#transaction.commit();
    committed.catch(() => {});
    this.#wasSent = true;
    if (looks.length === 0 && claims.length === 0) this.#terms.foretell(this.#transaction);
    let rows: readonly Result<ClaimRow>[];
    try {
      await fast;
      await Promise.all(written);
      rows = await Promise.all(taken);
    } catch (error) {
      // Only the commit knows whether that is all that can be said.
      await committed;
      throw error;
    }
    await committed;
    for (const [number, { at, it }] of claims.entries()) {
      const answer = claimAnswer(it, rows[number]?.rows ?? []);
      this.#terms.bounds.claimed(it, answer.claims);
      this.answers.set(at, answer);
    }
  }

  /** A call under a key that is there already is looked at before a claim may take its job. */
  async #looks(fast: Promise<void>): Promise<Plan["looks"]> {
    const { opens, looks, claims } = this.#plan;
    if (claims.length === 0) return looks;
    const keyed = [...opens.values()].flat().filter(({ it }) => it.fingerprint !== undefined);
    if (keyed.length === 0) return looks;
    await fast;
    const left = keyed.filter(({ at }) => !this.answers.has(at));
    return [...looks, ...left.map(({ at, it }) => ({ at, it: { kind: "open", call: it } as const }))];
  }

  async #sendFast(): Promise<void> {
    const { opens, successes } = this.#plan;
    const { now, part } = this.#terms;
    const results: Promise<void>[] = [];
    for (const calls of opens.values()) {
      const list = calls.map(({ it }) => it);
      const sent = sendOpens(this.#transaction, this.#statements.open, list, now, part, placeOf(calls));
      results.push(sent.then((result) => this.#opened(calls, result)));
    }
    if (successes.length > 0) {
      const jobs = successes.map(({ it }) => endedJob(it, this.#terms.retention));
      const list = successes.map(({ it }) => it);
      const places = successes.map(({ at }) => at * PLACES);
      const sent = sendSuccesses(this.#transaction, this.#statements.succeed, list, jobs, now, part, places);
      results.push(sent.then((result) => this.#succeeded(jobs, result)));
    }
    for (const result of results) result.catch(() => {});
    await Promise.all(results);
  }

  #opened(
    calls: Plan["opens"] extends ReadonlyMap<number, infer C> ? C : never,
    { rows }: Result<FastRow>,
  ): void {
    const [now, count, done] = rows[0] as FastRow;
    const kept = count === calls.length ? undefined : new Set(done);
    for (const { at, it } of calls) {
      if (kept && !kept.has(it.id)) continue;
      this.answers.set(at, { kind: "opened", job: bornJob(it, now) });
    }
  }

  #succeeded(jobs: readonly Ended[], { rows }: Result<FastRow>): void {
    const [now, count, done] = rows[0] as FastRow;
    const gone = count === jobs.length ? undefined : new Set(done);
    for (const [number, { at }] of this.#plan.successes.entries()) {
      const job = jobs[number] as Ended;
      if (gone && !gone.has(job.id)) continue;
      this.answers.set(at, { kind: "applied", job: endedAt(job, now) });
    }
  }

  async #lookAndWrite(looks: Plan["looks"]): Promise<readonly Promise<Result<unknown>>[]> {
    const { retention, now: set, part, careful } = this.#terms;
    const changes = looks.map(({ it }) => it);
    const asked = { careful, now: set };
    this.mark = this.#terms.mark(this.#transaction);
    const found = await look(this.#transaction, this.#statements.look, changes, asked);
    const { overlay, now } = found;
    const loaded = new Set(overlay.items.keys());
    const deciding = { overlay, transaction: this.#transaction, retention, now };
    for (const { at, it } of looks) {
      overlay.place = at * PLACES;
      const answer = decide(deciding, it);
      this.answers.set(at, answer instanceof Promise ? await answer : answer);
    }
    const sent = [
      ...flushJobs(this.#transaction, this.#statements.flush, overlay, part),
      ...flushItems(this.#transaction, this.#statements.items, overlay, loaded),
      ...flushRest(this.#transaction, this.#statements.items, overlay),
    ];
    for (const one of sent) one.catch(() => {});
    return sent;
  }

  #sendClaim(
    { at, it }: Placed<Extract<Change, { kind: "claim" }>>,
    number: number,
  ): Promise<Result<ClaimRow>> {
    const { now, part, bounds } = this.#terms;
    const place = at * PLACES + number * PLACES_A_CLAIM;
    return sendClaim(this.#transaction, this.#statements.claims, it, bounds, now, part, place);
  }
}

/** Of the first; the others have those that follow, since they stand in a row. */
function placeOf(calls: readonly Placed<unknown>[]): number {
  return Math.min(...calls.map(({ at }) => at)) * PLACES;
}
