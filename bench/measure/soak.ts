// Minutes of load at a share of the peak, with the drain on: whether it ends as it began.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Installed } from "../build/installed.ts";
import { type Generator, generatorFile } from "../generators/generator.ts";
import type { OpenPlan, Window } from "../generators/open-loop.ts";
import { median } from "../report/statistics.ts";
import { endWithUs } from "./children.ts";
import { load } from "./load.ts";
import { Product } from "./product.ts";

export const SHARE = 0.6;
const PEAK_ROUNDS = 3;
const MIB = 2 ** 20;
/** Outcomes are pruned after this long, so that pruning is part of what runs. */
const RETENTION = "2m";
const WATCH_MS = 500;

export type SoakPlan = {
  readonly build: Installed;
  readonly generator: Generator;
  readonly connections: number;
  readonly seconds: number;
  readonly minutes: number;
  readonly folder: string;
  readonly say: (line: string) => void;
};

export type Stretch = {
  /** Since the beginning, at the end of the stretch. */
  readonly seconds: number;
  readonly perSecond: number;
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicros: number;
  readonly rssMiB: number;
  /** The largest that the write-ahead log was, and the database at the end. */
  readonly logMiB: number;
  readonly databaseMiB: number;
  readonly queued: number;
};

export type Soak = {
  readonly peakPerSecond: number;
  readonly offeredPerSecond: number;
  readonly plannedSeconds: number;
  readonly stretches: readonly Stretch[];
};

export async function soakRun(plan: SoakPlan): Promise<Soak> {
  const data = join(plan.folder, "soak");
  const product = await Product.start(plan.build, data, { retention: RETENTION });
  try {
    plan.say("measuring the peak …");
    const peakPerSecond = await peak(plan, product);
    const offeredPerSecond = Math.round(peakPerSecond * SHARE);
    plan.say(
      `peak ${Math.round(peakPerSecond)}/s; ${offeredPerSecond}/s for ${Math.round(plan.minutes * 60)} s …`,
    );
    const stretches = await soak(plan, product, data, offeredPerSecond);
    return { peakPerSecond, offeredPerSecond, plannedSeconds: plan.minutes * 60, stretches };
  } finally {
    await product.server.stop();
  }
}

async function peak({ generator, connections, seconds }: SoakPlan, product: Product): Promise<number> {
  await product.pause("noop", true);
  const rates: number[] = [];
  for (let round = 0; round <= PEAK_ROUNDS; round++) {
    const { sample } = await load(product.server, generator, {
      path: "/operations/noop",
      connections,
      seconds,
    });
    if (round > 0) rates.push(sample.perSecond);
  }
  await product.pause("noop", false);
  await product.settled("noop");
  return median(rates);
}

async function soak(
  plan: SoakPlan,
  product: Product,
  data: string,
  perSecond: number,
): Promise<readonly Stretch[]> {
  const seconds = plan.minutes * 60;
  const open: OpenPlan = {
    url: product.server.url("/operations/noop"),
    perSecond,
    seconds,
    connections: plan.connections,
    windowSeconds: Math.max(2, Math.min(60, seconds / 9)),
  };
  const child = spawn(process.execPath, [generatorFile("open-loop.ts"), JSON.stringify(open)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  endWithUs(child);
  const ended = once(child, "exit");
  let logBytes = 0;
  const watch = setInterval(() => {
    logBytes = Math.max(logBytes, sizeOf(join(data, "spillway.db-wal")));
  }, WATCH_MS);
  const stretches: Stretch[] = [];
  try {
    let before = await product.server.usage();
    let at = 0;
    for await (const line of createInterface(child.stdout)) {
      const window = JSON.parse(line) as Window;
      const after = await product.server.usage();
      at += window.seconds;
      const stretch: Stretch = {
        seconds: at,
        perSecond: window.replies / window.seconds,
        failures: window.failures,
        p50Ms: window.p50Ms,
        p99Ms: window.p99Ms,
        cpuMicros: (after.cpuMicros - before.cpuMicros) / window.replies,
        rssMiB: after.rssBytes / MIB,
        logMiB: logBytes / MIB,
        databaseMiB: sizeOf(join(data, "spillway.db")) / MIB,
        queued: await product.queued("noop"),
      };
      plan.say(
        `${Math.round(at)} s: ${Math.round(stretch.perSecond)}/s, p99 ${stretch.p99Ms.toFixed(1)} ms, ${Math.round(stretch.rssMiB)} MiB, ${stretch.queued} queued`,
      );
      stretches.push(stretch);
      [before, logBytes] = [after, 0];
    }
    await ended;
  } finally {
    clearInterval(watch);
    child.kill();
  }
  return stretches;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
