/**
 * What time does to what is kept: leases run out, final records and the audit pass their time. Several nodes may be at
 * it at once: each takes rows that no other has, and not many, so that whoever wants one of them waits shortly.
 */
import type { Retention, Swept } from "../../core/engine.ts";
import type { Job, JobId } from "../../core/job.ts";
import { appended, STATUS } from "../../core/kept.ts";
import type { Random } from "../../core/random.ts";
import { lostAttempt, rescue } from "../../core/transition.ts";
import { integers, texts } from "./arrays.ts";
import type { Connections, Transaction } from "./connection.ts";
import { type FlushStatements, flushJobs } from "./flush.ts";
import { statement } from "./fragments.ts";
import { Overlay } from "./overlay.ts";
import { type AnyRow, JOB_COLUMNS, JOB_WIDTH, jobOf } from "./rows.ts";

type Sweeping = {
  readonly retention: Retention;
  readonly random: Pick<Random, "fraction">;
  /** Of the counts, preferred by this node. */
  readonly part: number;
  readonly now?: () => number;
};

type ExpiredRow = readonly [
  id: JobId,
  operation: string,
  status: number,
  errorCode: string | null,
  listed: boolean,
];

export class Sweeps {
  readonly #connections: Connections;
  readonly #flush: FlushStatements;
  readonly #statements: ReturnType<typeof statementsOf>;
  readonly #with: Sweeping;

  constructor(
    connections: Connections,
    schema: string,
    { flush }: { readonly flush: FlushStatements },
    sweeping: Sweeping,
  ) {
    this.#connections = connections;
    this.#flush = flush;
    this.#statements = statementsOf(schema);
    this.#with = sweeping;
  }

  async sweep(limit: number): Promise<Swept> {
    const { lost, rescued } = await this.#inTransaction((transaction) => this.#rescue(transaction, limit));
    const jobs = await this.#inTransaction((transaction) => this.#prune(transaction, limit));
    const entries = await this.#inTransaction((transaction) => this.#pruneAudit(transaction, limit));
    const more = [lost, jobs, entries].includes(limit);
    return { rescued, pruned: jobs + entries, ...(more && { more }) };
  }

  /** The longest lost first. What it holds no other node sweeps, and nobody settles meanwhile. */
  async #rescue(transaction: Transaction, limit: number) {
    const { retention, random, part } = this.#with;
    const { rows } = await transaction.run<AnyRow>(this.#statements.lost, [this.#now, limit]);
    const overlay = new Overlay();
    const rescued: Job[] = [];
    for (const row of rows) {
      const job = jobOf(row);
      const [sequence, attempts, effects, now] = row.slice(JOB_WIDTH) as [number, string, string, number];
      overlay.load({ job, sequence, attempts, effects });
      const next = rescue(job, retention, random, now);
      if (next === "removed") {
        overlay.remove(job.id);
        continue;
      }
      const noted = attempts + appended([lostAttempt(job, now)]);
      overlay.put(job.id, { job: next, sequence, attempts: noted, effects });
      rescued.push(next);
    }
    await Promise.all(flushJobs(transaction, this.#flush, overlay, part));
    return { rescued, lost: rows.length };
  }

  async #prune(transaction: Transaction, limit: number): Promise<number> {
    const { expired, forget } = this.#statements;
    const { rows } = await transaction.run<ExpiredRow>(expired, [this.#now, limit]);
    if (rows.length === 0) return 0;
    const forgotten = transaction.run(forget, [texts(rows.map(([id]) => id))]);
    const dead = groupsOf(rows.filter(([, , status, , listed]) => status === STATUS.failed && listed));
    if (dead.length > 0) {
      await transaction.run(this.#flush.count, [
        this.#with.part,
        texts(dead.map(({ operation }) => operation)),
        integers(dead.map(() => STATUS.failed)),
        texts(dead.map(({ errorCode }) => errorCode)),
        integers(dead.map(({ count }) => -count)),
      ]);
    }
    await forgotten;
    return rows.length;
  }

  async #pruneAudit(transaction: Transaction, limit: number): Promise<number> {
    void transaction.run(this.#statements.marks);
    const values = [this.#now, this.#with.retention.auditMs, limit];
    return (await transaction.run(this.#statements.audit, values)).count;
  }

  #inTransaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#connections.transaction(work);
  }

  get #now(): number | null {
    return this.#with.now?.() ?? null;
  }
}

function groupsOf(rows: readonly ExpiredRow[]) {
  const groups = new Map<string, { readonly operation: string; readonly errorCode: string; count: number }>();
  for (const [, operation, , code] of rows) {
    const errorCode = code ?? "";
    const name = `${operation} ${errorCode}`;
    const group = groups.get(name) ?? { operation, errorCode, count: 0 };
    group.count++;
    groups.set(name, group);
  }
  return [...groups.values()];
}

const DAY_MS = 86_400_000;

/** Of a parameter that is null, the database's own. */
const NOW = "coalesce($1::float8, floor(extract(epoch FROM clock_timestamp()) * 1000)::float8)";

function statementsOf(schema: string) {
  return {
    // All of `live` as it is under the lock: an outer look at it would see it as it was before.
    lost: statement(
      "spillway_lost",
      `WITH moment AS MATERIALIZED (SELECT ${NOW} AS now)
      SELECT ${JOB_COLUMNS}, j.sequence, l.attempts, l.effects, moment.now
      FROM moment, (
        SELECT * FROM ${schema}.live WHERE status = ${STATUS.running} AND lease_until <= (SELECT now FROM moment)
        ORDER BY lease_until, sequence LIMIT $2 FOR UPDATE SKIP LOCKED) AS l
      JOIN ${schema}.jobs AS j ON j.id = l.id LEFT JOIN ${schema}.outcomes AS o ON false
      ORDER BY l.lease_until, l.sequence`,
    ),
    // By the places of rows that are locked, so that no plan reads more of the table than those.
    expired: statement(
      "spillway_expired",
      `DELETE FROM ${schema}.outcomes WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM ${schema}.outcomes WHERE expires_at <= (SELECT ${NOW})
        ORDER BY expires_at, sequence LIMIT $2 FOR UPDATE SKIP LOCKED))
      RETURNING id, operation, status, error_code, listed`,
    ),
    forget: statement("spillway_forget_expired", `DELETE FROM ${schema}.jobs WHERE id = ANY ($1::text[])`),
    // Of processes that died, or of groups that did: by then nobody asks for them.
    marks: statement(
      "spillway_marks_expired",
      `DELETE FROM ${schema}.marks WHERE at < extract(epoch FROM clock_timestamp()) * 1000 - ${DAY_MS}`,
    ),
    audit: statement(
      "spillway_audit_expired",
      `DELETE FROM ${schema}.audit WHERE entry = ANY (ARRAY (
        SELECT entry FROM (SELECT entry, at FROM ${schema}.audit ORDER BY entry LIMIT $3) AS oldest
        WHERE at <= ${NOW} - $2::float8))`,
    ),
  };
}
