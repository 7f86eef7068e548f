/**
 * Jobs whose effects tell what happened to them, the ledger of what was promised about them, and the judge who holds
 * the store against it: nothing acknowledged is lost, no effect is there twice, every row has ended.
 */
import assert from "node:assert/strict";
import type { Claim, Engine, NewCall, Settlement, Verdict } from "../../../src/core/engine.ts";
import { problem } from "../../../src/core/errors.ts";
import { Ids } from "../../../src/core/ids.ts";
import type { JobRecord } from "../../../src/core/job.ts";
import type { Random } from "../../../src/core/random.ts";
import type { TestClock } from "../../support/test-clock.ts";

export const OPERATION = "work";
export const LEASE_MS = 25_000;
const LATE_MS = 20 * 60_000;

/** What becomes of a job when it is run. */
export const kinds = ["plain", "sends", "again", "late", "fails"] as const;
export type Kind = (typeof kinds)[number];
type Input = { readonly kind: Kind; readonly parent?: string };

const DONE: Verdict = { kind: "succeeded", output: "null" };
const BROKEN = problem("handler-failed", "It broke.");

/** Promises that were heard, by the id of the job. */
export class Ledger {
  readonly accepted = new Map<string, Kind>();
  readonly cancelled = new Set<string>();
  /** To be cancelled, perhaps; nobody heard. */
  readonly doomed = new Set<string>();
  /** Settled by whoever ran them, and told so. */
  readonly ended = new Set<string>();
}

/** The calls of one process. */
export class Caller {
  readonly #ids: Ids;
  readonly #random: Random;

  constructor(clock: TestClock, random: Random) {
    this.#ids = new Ids(clock, random);
    this.#random = random;
  }

  call(kind: Kind, more: Partial<NewCall> = {}, parent?: string): NewCall {
    return {
      ...this.#ids.mint(),
      operation: OPERATION,
      principal: "ann",
      input: JSON.stringify({ kind, ...(parent !== undefined && { parent }) } satisfies Input),
      inputVersion: 1,
      delayMs: 0,
      maxAttempts: kind === "fails" ? 2 : 8,
      details: { origin: "http" },
      start: "queued",
      ...more,
    };
  }

  atOnce(kind: Kind, ifLost: "queue" | "forget") {
    const token = this.token();
    const call = this.call(kind, { start: { token, leaseMs: LEASE_MS, ifLost } });
    return { call, lease: { id: call.id, token } };
  }

  token(): string {
    return this.#random.hex(12);
  }

  /**
   * The attempt of whoever holds the lease: a mark that says who he is, one more in the count of all that succeeded,
   * and what its kind asks for.
   */
  async attempt(
    engine: Engine,
    run: Pick<Claim, "lease" | "input"> & { readonly number: number },
  ): Promise<Settlement> {
    const { kind } = JSON.parse(run.input) as Input;
    const verdict = verdictOf(kind, run.number);
    const nothing = { lease: run.lease, verdict, reads: [], writes: [], sends: [] };
    if (verdict.kind !== "succeeded") return nothing;
    const [total] = await engine.read([{ table: "totals", key: "all" }]);
    const count = total === undefined ? 0 : Number(total.value);
    const key = `${run.lease.id} ${run.lease.token}`;
    return {
      ...nothing,
      reads: [{ table: "totals", key: "all", version: total?.version ?? 0 }],
      writes: [
        { kind: "put", table: "marks", key, value: "true" },
        { kind: "put", table: "totals", key: "all", value: String(count + 1) },
      ],
      sends: kind === "sends" ? [this.call("plain", {}, run.lease.id)] : [],
    };
  }
}

function verdictOf(kind: Kind, attempt: number): Verdict {
  const again = (delayMs: number): Verdict => ({ kind: "queued", delayMs, error: BROKEN, spent: true });
  if (kind === "fails") return attempt < 2 ? again(1_000) : { kind: "failed", error: BROKEN };
  if (attempt === 1 && kind === "again") return again(2_000);
  if (attempt === 1 && kind === "late") return again(LATE_MS);
  return DONE;
}

export const hasEnded = ({ status }: JobRecord) =>
  status === "succeeded" || status === "failed" || status === "cancelled";

export async function recordsOf(engine: Engine): Promise<readonly JobRecord[]> {
  return (await engine.list({ limit: 1_000 })).items;
}

/** A call that was never acknowledged may be run or not, but once; its row may wait for ever, as no message brings it. */
export async function judge(engine: Engine, ledger: Ledger): Promise<void> {
  const records = await recordsOf(engine);
  const byId = new Map(records.map((record) => [record.id, record]));
  const marks = (await engine.scan("marks", "", 10_000)).map(({ key }) => key.split(" ")[0] ?? "");
  const marksOf = (id: string) => marks.filter((marked) => marked === id).length;
  for (const id of new Set(marks)) assert.equal(marksOf(id), 1, `doubled: effects of ${id}`);
  for (const [id, kind] of ledger.accepted) {
    const record = byId.get(id);
    assert.ok(record, `lost: ${kind} ${id} was accepted and is not there`);
    const isCancelled = ledger.cancelled.has(id) || (ledger.doomed.has(id) && record.status === "cancelled");
    const expected = isCancelled ? "cancelled" : kind === "fails" ? "failed" : "succeeded";
    assert.equal(record.status, expected, `of ${kind} ${id}`);
    assert.equal(marksOf(id), expected === "succeeded" ? 1 : 0, `effects of ${kind} ${id}`);
  }
  for (const id of ledger.ended)
    assert.ok(marksOf(id) > 0, `lost: the effect of ${id}, which was told to be there`);
  const [total] = await engine.read([{ table: "totals", key: "all" }]);
  assert.equal(Number(total?.value ?? 0), marks.length, "the count of all that succeeded");
  for (const record of records) {
    const { kind, parent } = JSON.parse(record.input) as Input;
    const isPromised = ledger.accepted.has(record.id) || parent !== undefined;
    assert.ok(!isPromised || hasEnded(record), `${record.status}: ${kind} ${record.id}`);
    const children = records.filter((one) => (JSON.parse(one.input) as Input).parent === record.id);
    const expected = kind === "sends" && record.status === "succeeded" ? 1 : 0;
    assert.equal(children.length, expected, `sent by ${kind} ${record.id}`);
  }
}
