// Differential: random changes, applied to the memory engine and to another, must be answered alike and leave the
// same behind. A failure prints the line that repeats it; `SEED` runs one seed, `SEEDS` that many.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ADMIN, type Answer, type Change, type Cursor, type Engine } from "../../src/core/engine.ts";
import type { Job, JobId } from "../../src/core/job.ts";
import type { Random } from "../../src/core/random.ts";
import { engines, memoryEngine, type Subject } from "./engines.ts";
import { inWorld } from "./promises.ts";
import { OPERATIONS, Script, type Seen, type Step, TABLES } from "./script.ts";
import { DAY_MS, HOUR_MS, type World } from "./world.ts";

const CHANGES = 300;
const ALL = 200;
/** How often an engine draws, and for what first, is its own affair: here every draw is the same. */
const EVEN: Random = { fraction: () => 0.5, hex: (bytes) => "5a".repeat(bytes) };

/** Nobody may follow the changes of the anonymous principal, so an engine need not keep them. */
const NAMED = ["ann", "bob"] as const;

const one = process.env["SEED"];
const seeds = one
  ? [Number(one)]
  : Array.from({ length: Number(process.env["SEEDS"] ?? 12) }, (_, n) => n + 1);

for (const subject of engines.filter(({ name }) => name !== memoryEngine.name)) {
  const skip = subject.missing?.() ?? false;
  describe(`differential (${subject.name})`, { concurrency: 2 }, () => {
    for (const seed of seeds) {
      test(`answers and keeps what memory does, seed ${seed}`, { skip }, () => compare(subject, seed));
    }
  });
}

async function compare(subject: Subject, seed: number): Promise<void> {
  try {
    await inWorld(
      memoryEngine,
      (model) => inWorld(subject, (world) => run([model, world], seed, subject), EVEN),
      EVEN,
    );
  } catch (error) {
    const line = `SEED=${seed} ENGINES=${subject.name} npm run test:conformance -- test/conformance/differential.test.ts`;
    throw new Error(`Seed ${seed} differs. Again: ${line}`, { cause: error });
  }
}

type Pair = readonly [World, World];

async function run(worlds: Pair, seed: number, subject: Subject): Promise<void> {
  const script = new Script(seed, worlds[0]);
  const commits = new Commits(worlds[0].engine);
  const readers = worlds.map((world) => new Reader(world.engine));
  for (let done = 0; done < CHANGES; ) {
    const group = script.group().map((step) => (subject.queues === "exact" ? step : taking(step)));
    const times = script.random.chance(0.15) ? 2 : 1;
    const changes = await Promise.all(readers.map((reader) => reader.resolve(group)));
    for (let time = 0; time < times; time++) {
      const answers = await both(worlds, `group after ${done}`, (world, n) =>
        world.engine.commit(changes[n] ?? []),
      );
      script.learn(answers);
      await commits.note();
    }
    done += group.length;
    await between(worlds, readers, [script, commits], `after ${done}`, subject);
  }
  await both(worlds, "at the end", (world) => everything(world.engine, script, commits, subject));
}

/** Which job of several a claim takes is as a queue hands them out; so it takes all that are ready, or none. */
function taking(step: Step): Step {
  const { change } = step;
  if (change.kind !== "claim") return step;
  const queues = change.queues.map((queue) => ({ ...queue, limit: queue.limit > 0 ? ALL : 0 }));
  return { ...step, change: { ...change, queues } };
}

/** Time passes, leases run out, someone looks. */
async function between(
  worlds: Pair,
  readers: readonly Reader[],
  [{ random }, commits]: readonly [Script, Commits],
  when: string,
  subject: Subject,
): Promise<void> {
  if (random.chance(0.4)) {
    const ms = random.pick([1, 50, 1_000, 30_000, HOUR_MS, DAY_MS]);
    for (const { clock } of worlds) clock.advance(ms);
    // What is past its time is gone at once there, and here with the next sweep.
    if (subject.prunes === "by itself") {
      await both(worlds, `time ${when}`, sweptWhole);
      await commits.note();
    }
  }
  if (random.chance(0.2)) {
    const limit = 1 + random.integer(5);
    await both(worlds, `sweep ${when}`, async (world) => {
      const { rescued, pruned } = await world.engine.sweep(limit);
      return { rescued, pruned: subject.prunes === "by itself" ? 0 : pruned };
    });
    await commits.note();
  }
  if (random.chance(0.2)) {
    const limit = 1 + random.integer(5);
    const principal = random.pick(NAMED);
    await both(worlds, `changes ${when}`, (_, n) => readers[n]?.changes(principal, limit, commits));
  }
  if (random.chance(0.1)) await both(worlds, `figures ${when}`, ({ engine }) => figures(engine, subject));
}

async function both<T>(worlds: Pair, what: string, ask: (world: World, n: number) => T): Promise<Awaited<T>> {
  const [expected, actual] = await Promise.all(worlds.map(ask));
  assert.deepEqual(alike(actual), alike(expected), what);
  return expected as Awaited<T>;
}

/** What a refusal says in words is not part of the promise. */
function alike(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((entry: Answer) => (entry?.kind === "refused" ? { ...entry, detail: "" } : entry));
}

/** What one engine's reader remembers: versions and cursors are each engine's own. */
class Reader {
  readonly #engine: Engine;
  readonly #versions = new Map<string, number>();
  readonly #cursors = new Map<string, Cursor>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  resolve(group: readonly Step[]): Promise<readonly Change[]> {
    return Promise.all(group.map((step) => this.#resolved(step)));
  }

  /** So many, and on to the end of a commit. */
  async changes(principal: string, limit: number, commits: Commits) {
    const page = await this.#engine.changes(principal, this.#cursors.get(principal), limit);
    const last = page.jobs.at(-1);
    const rest = last ? (await this.#engine.changes(principal, page.next, ALL)).jobs : [];
    const end = rest.findIndex(({ job }) => commits.of(job) !== commits.of(last?.job));
    const others = end < 0 ? rest : rest.slice(0, end);
    this.#cursors.set(principal, others.at(-1)?.cursor ?? page.next);
    return commits.inOrder([...page.jobs, ...others].map(({ job }) => job));
  }

  async #resolved({ change, reads }: Step): Promise<Change> {
    if (change.kind !== "settle") return change;
    const items = await this.#engine.read(reads);
    const versions = reads.map((seen, n) => this.#version(seen, items[n]?.version ?? 0));
    const resolved = reads.map(({ table, key }, n) => ({ table, key, version: versions[n] ?? 0 }));
    return { ...change, settlement: { ...change.settlement, reads: resolved } };
  }

  #version({ table, key, seen }: Seen, now: number): number {
    const place = `${table}/${key}`;
    const before = this.#versions.get(place);
    if (before === undefined || seen === "now") this.#versions.set(place, now);
    if (seen === "nothing") return 0;
    return seen === "now" ? now : (before ?? now);
  }
}

/**
 * Which of them changed a job last, as the specification tells it. Jobs are told in the order of their commits, but
 * those of one commit in any: a store may look again at a few of its changes, and store them behind the others.
 */
class Commits {
  readonly #model: Engine;
  readonly #numbers = new Map<JobId, number>();
  readonly #heard = new Map<string, Cursor>();
  #number = 0;

  constructor(model: Engine) {
    this.#model = model;
  }

  /** After each of them, sweeps too. */
  async note(): Promise<void> {
    this.#number++;
    for (const name of NAMED) {
      const { jobs, next } = await this.#model.changes(name, this.#heard.get(name), 1_000);
      for (const { job } of jobs) this.#numbers.set(job.id, this.#number);
      this.#heard.set(name, next);
    }
  }

  of(job: Job | undefined): number | undefined {
    return job && this.#numbers.get(job.id);
  }

  /** Jobs as they were told, but those of one commit that stand in a row by their ids. */
  inOrder(jobs: readonly Job[]): readonly Job[] {
    const rows: Job[][] = [];
    for (const job of jobs) {
      const row = rows.at(-1);
      if (row && this.of(row[0]) === this.of(job)) row.push(job);
      else rows.push([job]);
    }
    return rows.flatMap((row) => sorted(row, ({ id }) => id));
  }
}

async function everything(engine: Engine, { ids }: Script, commits: Commits, subject: Subject) {
  const items = await Promise.all(TABLES.map((table) => engine.scan(table, "", 100)));
  const versions = items.flat().map(({ version }) => version);
  const ranks = versions.map((version) => versions.filter((other) => other < version).length);
  return {
    jobs: await engine.find(ids.map((id) => ({ id, principal: ADMIN }))),
    listed: (await engine.list({ limit: 1_000 })).items,
    failed: await Promise.all(
      OPERATIONS.map((operation) => engine.list({ limit: 1_000, operation, status: "failed" })),
    ),
    changed: await Promise.all(
      NAMED.map(async (name) => {
        const { jobs } = await engine.changes(name, undefined, 1_000);
        return commits.inOrder(jobs.map(({ job }) => job));
      }),
    ),
    items: items.flat().map(({ table, key, value }) => ({ table, key, value })),
    ranks,
    deadLetters: sorted(
      await engine.deadLetters(),
      ({ operation, errorCode }) => `${operation} ${errorCode}`,
    ),
    figures: await figures(engine, subject),
    settings: sorted(await engine.settings(), ({ scope, name }) => `${scope} ${name}`),
    audit: (await engine.audit(1_000)).items,
  };
}

async function sweptWhole({ engine }: World) {
  const { rescued } = await engine.sweep(1_000);
  return rescued;
}

/**
 * An engine may leave out an operation that has nothing to count; and one that has its jobs from a queue counts what
 * waits there about right.
 */
async function figures(engine: Engine, { queues }: Subject) {
  const all = (await engine.figures()).map((one) =>
    queues === "exact" ? one : { ...one, queued: 0, oldestAt: undefined },
  );
  const counted = all.filter(({ queued, running, failed }) => queued + running + failed > 0);
  return sorted(counted, ({ operation }) => operation);
}

function sorted<T>(list: readonly T[], by: (entry: T) => string): readonly T[] {
  return list.toSorted((one, other) => (by(one) < by(other) ? -1 : 1));
}
