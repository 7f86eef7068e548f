/**
 * A process that is gone between any two of its writes, and others that go on: for every write of its life, done or
 * not (UNDONE_EVERY=1 for all). Nothing acknowledged is lost, no effect is there twice, and every row finds its way back.
 */
import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import { TestClock } from "../../support/test-clock.ts";
import { Life, type Rule } from "./faults.ts";
import { hasEnded, judge, Ledger, recordsOf } from "./jobs.ts";
import { begin, type Place, type Process, type Way } from "./processes.ts";
import { type Rig, rig, withoutMoto } from "./rig.ts";

const ROUNDS = 60;
const UNDONE_EVERY = Number(process.env["UNDONE_EVERY"] ?? 5);
const MINUTE_MS = 60_000;
const WRITES = /^(?:Put|Update|Delete|TransactWrite|BatchWrite)|^SendMessage|^DeleteMessage|^ChangeMessage/;

/** Everything that a process does, in one life. */
async function live(process: Process): Promise<void> {
  const { clock } = process.place;
  await process.accept("plain");
  await process.accept("plain", { id: "a-keyed-call", fingerprint: "the same" });
  await process.accept("plain", { delayMs: 3_000 });
  const cancelled = await process.accept("plain", { delayMs: 30 * MINUTE_MS });
  if (cancelled) await process.cancel(cancelled);
  await process.runAtOnce("plain");
  await process.runAtOnce("again");
  await process.bornSettled();
  for (const kind of ["sends", "again", "late", "fails"] as const) await process.accept(kind);
  for (let round = 0; round < 3; round++) {
    await process.work();
    clock.advance(3_100);
  }
  await process.engine.sweep(100);
}

/** Others find what is left, and time passes, until every job has ended. */
export async function finish(
  way: Way,
  place: Place,
  ledger: Ledger,
  seed: number,
  rounds = ROUNDS,
): Promise<Process> {
  const process = await begin(way, place, { seed }, ledger);
  for (let round = 0; round < rounds; round++) {
    while ((await process.work()) > 0) place.clock.advance(10);
    await process.engine.sweep(100);
    const records = await recordsOf(process.engine);
    const open = records.filter((record) => !hasEnded(record) && isPromised(record.id, ledger, record.input));
    if (open.length === 0) break;
    const soonest = Math.min(
      ...open.map(({ availableAt, leaseUntil = availableAt }) => Math.max(availableAt, leaseUntil)),
    );
    place.clock.advance(Math.max(31_000, soonest - place.clock.now()));
  }
  return process;
}

const isPromised = (id: string, { accepted }: Ledger, input: string) =>
  accepted.has(id) || JSON.parse(input).parent !== undefined;

const onWrites =
  (rule: Rule): Rule =>
  (request) =>
    WRITES.test(request.name) ? rule(request) : undefined;

const NAMES = { asking: "asked for", handed: "handed to it" };

/**
 * A suite of its own for each way that jobs come: they take their time, and run side by side.
 * @param heirs how those get their jobs that find what is left
 */
export function crashes(way: Way, heirs: Way): void {
  const then = heirs === way ? "" : `, and theirs that come after it are ${NAMES[heirs]}`;
  suite(`a process whose jobs are ${NAMES[way]}${then}`, { skip: withoutMoto }, () => {
    let on: Rig;
    before(async () => {
      on = await rig();
    });

    test("may be gone after any of its writes, done or not: all its promises are kept", async () => {
      const writes = await lifeUpTo([way, heirs], on, Number.POSITIVE_INFINITY, "silent-done");
      assert.ok(writes.length > 20, `${writes.length} writes`);
      // What was not done leaves what the write before it left: a part of them shows that it is so.
      const ends = { "silent-done": 1, "silent-undone": heirs === way ? UNDONE_EVERY : writes.length };
      for (const last of ["silent-done", "silent-undone"] as const) {
        for (let n = 1; n <= writes.length; n += ends[last]) {
          await lifeUpTo([way, heirs], on, n, last).catch((cause) => {
            throw new Error(`Gone at write ${n} of ${writes.length}, a ${writes[n - 1]}, ${last}.`, {
              cause,
            });
          });
        }
      }
    });
  });
}

/** The writes of a life, which ends at the n-th of them, as they were made. */
async function lifeUpTo(
  [way, heirs]: readonly [Way, Way],
  on: Rig,
  diesAt: number,
  last: "silent-done" | "silent-undone",
): Promise<readonly string[]> {
  const store = await on.newStore(["work"]);
  const place = { on, store, clock: new TestClock() };
  const ledger = new Ledger();
  const life = new Life(diesAt, last);
  const living = begin(way, place, { seed: 1, rule: onWrites(life.rule) }, ledger).then(live);
  await Promise.race([living, life.death]);
  // What it had received and not deleted is hidden for so long, and its leases last for less.
  place.clock.advance(31_000);
  const survivor = await finish(heirs, place, ledger, 2);
  await judge(survivor.engine, ledger);
  await store.remove();
  return life.requests;
}
