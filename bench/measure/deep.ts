// Whether a backlog slows anything down: accepting and draining beside 1,000,000 queued jobs and beside none, in
// turns, on two servers; how long a start takes with it, and what it costs in memory.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Installed } from "../build/installed.ts";
import type { Generator } from "../generators/generator.ts";
import type { Measured, Sample } from "../report/sample.ts";
import { breathe, load } from "./load.ts";
import { preload } from "./preload.ts";
import { Product } from "./product.ts";

const DEPTH = 1_000_000;
/** Drained in each round, here and there. */
const DRAINED = 200_000;
const MIB = 2 ** 20;
/** After this long a server that does nothing has given back what it will. */
const SETTLE_MS = 3_000;

export type DeepPlan = {
  readonly build: Installed;
  readonly generator: Generator;
  readonly connections: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly folder: string;
  readonly say: (line: string) => void;
};

export type Deep = {
  readonly rows: readonly Measured[];
  /** Of servers that were just started. */
  readonly startSeconds: { readonly empty: readonly number[]; readonly deep: readonly number[] };
  readonly rssMiB: {
    readonly idle: readonly number[];
    readonly deep: readonly number[];
    /** Of the server that took the jobs in, after a rest. */
    readonly afterTaking: number;
  };
};

export async function deepRun(plan: DeepPlan): Promise<Deep> {
  const data = { shallow: join(plan.folder, "shallow"), deep: join(plan.folder, "deep") };
  let [shallow, deep] = [await started(plan, data.shallow), await started(plan, data.deep)];
  try {
    plan.say("queuing 1,000,000 jobs …");
    await preload(deep, "noop", DEPTH);
    await sleep(SETTLE_MS);
    const afterTaking = (await deep.server.usage()).rssBytes / MIB;
    const rows = await rounds(plan, shallow, deep);
    const starts = { empty: [] as number[], deep: [] as number[] };
    const rss = { idle: [] as number[], deep: [] as number[] };
    for (let round = 1; round <= plan.rounds; round++) {
      plan.say(`start ${round} of ${plan.rounds} …`);
      await shallow.server.stop();
      await deep.server.stop();
      shallow = await Product.start(plan.build, join(plan.folder, `idle-${round}`));
      await sleep(SETTLE_MS);
      starts.empty.push(shallow.server.startedInMs / 1_000);
      rss.idle.push((await shallow.server.usage()).rssBytes / MIB);
      deep = await Product.start(plan.build, data.deep);
      await sleep(SETTLE_MS);
      starts.deep.push(deep.server.startedInMs / 1_000);
      rss.deep.push((await deep.server.usage()).rssBytes / MIB);
    }
    return { rows, startSeconds: starts, rssMiB: { ...rss, afterTaking } };
  } finally {
    await shallow.server.stop();
    await deep.server.stop();
  }
}

async function started(plan: DeepPlan, folder: string): Promise<Product> {
  const product = await Product.start(plan.build, folder);
  await product.pause("noop", true);
  return product;
}

async function rounds(plan: DeepPlan, shallow: Product, deep: Product): Promise<readonly Measured[]> {
  const samples = {
    accept: [] as Sample[],
    drain: [] as Sample[],
    acceptDeep: [] as Sample[],
    drainDeep: [] as Sample[],
  };
  for (let round = 0; round <= plan.rounds; round++) {
    plan.say(round === 0 ? "warming up …" : `backlog, round ${round} of ${plan.rounds} …`);
    const accept = await acceptOn(plan, shallow);
    await emptied(shallow);
    await preload(shallow, "noop", DRAINED);
    const drain = await shallow.drain("noop", {
      atLeast: DRAINED,
      atMost: DRAINED + plan.connections,
    });
    const acceptDeep = await acceptOn(plan, deep);
    const drainDeep = await deep.drainSome("noop", DRAINED);
    const missing = DEPTH - (await deep.queued("noop"));
    if (missing > 0) await preload(deep, "noop", Math.ceil(missing / 1_000) * 1_000);
    if (round === 0) continue;
    for (const [name, sample] of Object.entries({ accept, drain, acceptDeep, drainDeep }))
      samples[name as keyof typeof samples].push(sample);
  }
  return [
    { id: "accept-at-0", name: "accept, nothing else queued", samples: samples.accept },
    { id: "accept-at-1m", name: "accept beside 1,000,000 queued", samples: samples.acceptDeep },
    { id: "drain-200k", name: "drain of 200,000 preloaded, jobs", samples: samples.drain },
    { id: "drain-at-1m", name: "drain of 200,000 of 1,000,000, jobs", samples: samples.drainDeep },
  ];
}

async function acceptOn({ generator, connections, seconds }: DeepPlan, { server }: Product): Promise<Sample> {
  await breathe();
  return (await load(server, generator, { path: "/operations/noop", connections, seconds })).sample;
}

async function emptied(product: Product): Promise<void> {
  await product.pause("noop", false);
  await product.settled("noop");
  await product.pause("noop", true);
}
