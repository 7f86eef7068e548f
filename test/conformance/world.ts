/** One open engine with its clock and chance, and short ways to say what a test does with it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  ADMIN,
  type AnswerOf,
  type Change,
  type Claim,
  type Engine,
  type Lease,
  type NewCall,
  type Settlement,
  type Verdict,
} from "../../src/core/engine.ts";
import { problem } from "../../src/core/errors.ts";
import { Ids } from "../../src/core/ids.ts";
import type { Job, JobId, JobRecord } from "../../src/core/job.ts";
import type { Random } from "../../src/core/random.ts";
import type { ItemRead, ItemWrite } from "../../src/core/table.ts";
import { newCall } from "../support/calls.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { TestClock } from "../support/test-clock.ts";
import type { Installed, Subject } from "./engines.ts";
import type { OwnTables } from "./own-tables.ts";

export const LEASE_MS = 30_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export const DONE: Verdict = { kind: "succeeded", output: '{"done":true}' };
export const FAILED: Verdict = { kind: "failed", error: problem("handler-failed", "It broke.") };

export type Effects = Partial<Pick<Settlement, "attempt" | "reads" | "writes" | "sends" | "sql">>;

/** A call that runs at once, and whose lease is therefore known. */
export type AtOnce = Omit<NewCall, "start"> & { readonly start: Exclude<NewCall["start"], "queued"> };

export class World {
  readonly clock = new TestClock();
  readonly #random: Random;
  readonly fatal: Error[] = [];
  readonly #ids: Ids;
  readonly #installed: Installed;
  readonly #prunes: Subject["prunes"];
  #engine: Engine | undefined;

  constructor(
    installed: Installed,
    random: Random = new SeededRandom(1),
    prunes: Subject["prunes"] = "in its sweep",
  ) {
    this.#installed = installed;
    this.#prunes = prunes;
    this.#random = random;
    // Chance of its own, so that an engine may draw as much as it likes.
    this.#ids = new Ids(this.clock, new SeededRandom(2));
  }

  get engine(): Engine {
    assert.ok(this.#engine, "the engine is open");
    return this.#engine;
  }

  /** As statements name a table of the app's own. */
  table(name: string): string {
    return this.#tables.name(name);
  }

  /** What is in the app's own tables, as another program reads it. */
  rows(text: string): Promise<readonly object[]> {
    return this.#tables.rows(text);
  }

  get #tables(): OwnTables {
    assert.ok(this.#installed.tables, "the topic needs tables of the app's own");
    return this.#installed.tables;
  }

  async open(): Promise<void> {
    const onFatal = (error: Error) => void this.fatal.push(error);
    this.#engine = await this.#installed.source.open({ clock: this.clock, random: this.#random, onFatal });
  }

  async close(): Promise<void> {
    await this.#engine?.close();
    this.#engine = undefined;
  }

  async reopen(): Promise<void> {
    await this.close();
    await this.open();
  }

  /** What a sweep says of so many that are past their time. */
  pruned(count: number): number {
    return this.#prunes === "in its sweep" ? count : 0;
  }

  token(): string {
    return this.#ids.mint().id;
  }

  /** A call that is queued and has no key, unless said otherwise. */
  call(more: Partial<NewCall> = {}): NewCall {
    return newCall(this.#ids, more);
  }

  callAtOnce(ifLost: "forget" | "queue", more: Partial<NewCall> = {}): AtOnce {
    return { ...this.call(more), start: { token: this.token(), leaseMs: LEASE_MS, ifLost } };
  }

  async commit<const C extends Change>(change: C): Promise<AnswerOf<C["kind"]>> {
    const answers = await this.engine.commit([change]);
    assert.equal(answers.length, 1, "one answer for one change");
    return answers[0] as AnswerOf<C["kind"]>;
  }

  async opened(more: Partial<NewCall> = {}): Promise<Job> {
    const answer = await this.commit({ kind: "open", call: this.call(more) });
    assert.ok(answer.kind === "opened", `opened, not ${answer.kind}`);
    return answer.job;
  }

  async claim(limit = 1, operation = "work", leaseMs = LEASE_MS): Promise<readonly Claim[]> {
    const change = { kind: "claim", queues: [{ operation, limit }], token: this.token(), leaseMs } as const;
    const answer = await this.commit(change);
    assert.ok(answer.kind === "claimed", `claimed, not ${answer.kind}`);
    return answer.claims;
  }

  /** A job that was opened and claimed. */
  async running(more: Partial<NewCall> = {}): Promise<Claim> {
    const job = await this.opened(more);
    const [claim] = await this.claim(1, job.operation);
    assert.equal(claim?.job.id, job.id, "the only ready job was claimed");
    return claim as Claim;
  }

  async failed(more: Partial<NewCall> = {}, verdict: Verdict = FAILED): Promise<Job> {
    const { lease } = await this.running(more);
    return applied(await this.settle(lease, verdict));
  }

  settlement(lease: Lease, verdict: Verdict, effects: Effects = {}): Settlement {
    return { lease, verdict, reads: [], writes: [], sends: [], ...effects };
  }

  settle(lease: Lease, verdict: Verdict = DONE, effects: Effects = {}): Promise<AnswerOf<"settle">> {
    return this.commit({ kind: "settle", settlement: this.settlement(lease, verdict, effects) });
  }

  /** Commits writes with the outcome of a call at once that leaves nothing else behind. */
  async write(writes: readonly ItemWrite[], reads: readonly ItemRead[] = []): Promise<AnswerOf<"settle">> {
    const born = this.call({
      operation: "writer",
      start: { token: this.token(), leaseMs: 1, ifLost: "forget" },
    });
    const token = born.start === "queued" ? "" : born.start.token;
    const lease = { id: born.id, token };
    return this.commit({
      kind: "settle",
      settlement: { ...this.settlement(lease, DONE, { writes, reads }), born },
    });
  }

  async record(id: JobId): Promise<JobRecord | undefined> {
    const [record] = await this.engine.find([{ id, principal: ADMIN }]);
    return record;
  }

  async known(id: JobId): Promise<JobRecord> {
    const record = await this.record(id);
    assert.ok(record, "the job is known");
    return record;
  }

  async version(table: string, key: string): Promise<number> {
    const [item] = await this.engine.read([{ table, key }]);
    return item?.version ?? 0;
  }

  async value(table: string, key: string): Promise<unknown> {
    const [item] = await this.engine.read([{ table, key }]);
    return item === undefined ? undefined : JSON.parse(item.value);
  }
}

export function leaseOf({ id, start }: AtOnce): Lease {
  return { id, token: start.token };
}

/** What a key makes of a call: an id that no time is in, and a digest of the input. */
export function keyed(
  key: string,
  fingerprint = "the same input",
): Pick<NewCall, "id"> & { fingerprint: string } {
  return { id: createHash("sha256").update(key).digest("base64url"), fingerprint };
}

/** The job that a change left behind. */
export function applied(answer: AnswerOf<"settle"> | AnswerOf<"redrive">): Job {
  assert.ok(answer.kind === "applied", `applied, not ${answer.kind}`);
  assert.ok(answer.job, "a job was left behind");
  return answer.job;
}

export function put(key: string, value: unknown): ItemWrite {
  return { kind: "put", table: "things", key, value: JSON.stringify(value) };
}
