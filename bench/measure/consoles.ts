// What open consoles cost a server that has 1,000,000 jobs, idle and under load, and whether its lists take longer
// than with 1,000: the same requests on both, in turns.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Installed } from "../build/installed.ts";
import type { ConsolesPlan, Watched } from "../generators/consoles.ts";
import { execute, generatorFile } from "../generators/generator.ts";
import { median } from "../report/statistics.ts";
import { calls } from "./fixed-rate.ts";
import { preload } from "./preload.ts";
import { Product } from "./product.ts";

const SIZES = { few: 1_000, many: 1_000_000 } as const;
const SECONDS = 10;
const CALLS_A_SECOND = 1_000;
const CONNECTIONS = 16;
/** Of each list, in turns on both servers. */
const REQUESTS = 31;
/** The other half is queued. */
const ENDED_SHARE = 0.5;
const RARE = 200;

export type ConsolesRun = {
  readonly build: Installed;
  readonly rounds: number;
  readonly folder: string;
  readonly say: (line: string) => void;
};

export type Consoles = {
  readonly lists: readonly { readonly path: string; readonly fewMs: number; readonly manyMs: number }[];
  /** One for each round. */
  readonly cpuMsPerSecond: readonly number[];
  readonly statementsPerSecond: readonly number[];
  /** Under load: how many more there are with consoles than without, for each call. */
  readonly statementsPerJob: readonly number[];
};

export async function consolesRun(plan: ConsolesRun): Promise<Consoles> {
  const { build, folder, rounds, say } = plan;
  const few = await Product.start(build, join(folder, "few"), { countsStatements: true });
  const many = await Product.start(build, join(folder, "many"), { countsStatements: true });
  try {
    say("queuing and running 1,000,000 jobs …");
    for (const [product, jobs] of [[few, SIZES.few] as const, [many, SIZES.many] as const])
      await fill(product, jobs);
    const lists = await timedLists(few, many, say);
    const found = {
      cpuMsPerSecond: [] as number[],
      statementsPerSecond: [] as number[],
      statementsPerJob: [] as number[],
    };
    for (let round = 1; round <= rounds; round++) {
      say(`five consoles, round ${round} of ${rounds} …`);
      const [alone, watched] = [await idle(many, false), await idle(many, true)];
      found.cpuMsPerSecond.push((watched.cpuMicros - alone.cpuMicros) / 1_000 / SECONDS);
      found.statementsPerSecond.push((watched.statements - alone.statements) / SECONDS);
      const [loaded, both] = [await underLoad(many, false), await underLoad(many, true)];
      const extra = both.statements - loaded.statements - (watched.statements - alone.statements);
      found.statementsPerJob.push(Math.max(0, extra) / (CALLS_A_SECOND * SECONDS));
    }
    return { lists, ...found };
  } finally {
    await few.server.stop();
    await many.server.stop();
  }
}

/** A few old jobs of one operation, and of another one half that has run and one half that waits. */
async function fill(product: Product, jobs: number): Promise<void> {
  await preload(product, "write-event", RARE);
  await product.settled("write-event");
  const ended = jobs * ENDED_SHARE - RARE;
  await product.pause("noop", true);
  await preload(product, "noop", ended);
  await product.pause("noop", false);
  await product.settled("noop");
  await product.pause("noop", true);
  await preload(product, "noop", jobs * (1 - ENDED_SHARE));
}

const hourAgo = () => encodeURIComponent(new Date(Date.now() - 3_600_000).toISOString());

function listPaths(): readonly string[] {
  const jobs = [
    ...["", "status=queued", "status=running", "status=succeeded", "status=failed", "status=cancelled"],
    ...["operation=noop", "operation=write-event", "operation=none", "errorCode=none", "principal=none"],
    ...[`from=${hourAgo()}`, `to=${hourAgo()}`, "status=succeeded&operation=write-event"],
    ...["status=failed&operation=noop&errorCode=none", "status=queued&operation=none&principal=none"],
  ];
  const others = ["dead-letters", "audit", "operations", "resources"];
  return [...jobs.map((filter) => `jobs?${filter}`), ...others];
}

async function timedLists(few: Product, many: Product, say: ConsolesRun["say"]): Promise<Consoles["lists"]> {
  const lists = [];
  for (const path of listPaths()) {
    say(`/admin/${path} …`);
    const times = { few: [] as number[], many: [] as number[] };
    for (let request = 0; request < REQUESTS; request++) {
      times.few.push(await timed(few, path));
      times.many.push(await timed(many, path));
    }
    lists.push({ path, fewMs: median(times.few), manyMs: median(times.many) });
  }
  return lists;
}

async function timed(product: Product, path: string): Promise<number> {
  const began = performance.now();
  await product.list(path);
  return performance.now() - began;
}

type Used = { readonly cpuMicros: number; readonly statements: number };

async function idle(product: Product, isWatched: boolean): Promise<Used> {
  return used(product, async () => {
    await Promise.all([isWatched && watch(product), sleep(SECONDS * 1_000)]);
  });
}

async function underLoad(product: Product, isWatched: boolean): Promise<Used> {
  return used(product, async () => {
    const load = calls({
      url: product.server.url("/operations/noop"),
      perSecond: CALLS_A_SECOND,
      seconds: SECONDS,
      connections: CONNECTIONS,
    });
    await Promise.all([load, isWatched && watch(product)]);
  });
}

async function used(product: Product, run: () => Promise<void>): Promise<Used> {
  await sleep(1_000);
  const before = await product.server.usage();
  await run();
  const after = await product.server.usage();
  return {
    cpuMicros: after.cpuMicros - before.cpuMicros,
    statements: after.statements - before.statements,
  };
}

async function watch(product: Product): Promise<void> {
  const plan: ConsolesPlan = { url: product.server.url(""), token: product.token, seconds: SECONDS };
  const { stdout } = await execute(process.execPath, [generatorFile("consoles.ts"), JSON.stringify(plan)]);
  const { figures } = JSON.parse(stdout) as Watched;
  // Five, once a second each: anything else would not be what was to be measured.
  if (figures < 5 * (SECONDS - 1))
    throw new Error(`The consoles were sent ${figures} figures in ${SECONDS} s.`);
}
