// At 50 calls a second, which is a quiet hour: how long the 202 takes beside a server that does nothing, and how
// long it takes until the outcome is pushed.
import { join } from "node:path";
import type { Installed } from "../build/installed.ts";
import type { Measured, Sample } from "../report/sample.ts";
import { calls, pushes } from "./fixed-rate.ts";
import { Product } from "./product.ts";
import { Server } from "./server.ts";

const PER_SECOND = 50;
const SECONDS = 10;
const CONNECTIONS = 8;

export type QuietPlan = {
  readonly build: Installed;
  readonly rounds: number;
  readonly folder: string;
  readonly say: (line: string) => void;
};

export async function quietRun(plan: QuietPlan): Promise<readonly Measured[]> {
  const empty = await Server.start({ folder: plan.build.folder, script: "empty.js" });
  const product = await Product.start(plan.build, join(plan.folder, "quiet"));
  const samples = { empty: [] as Sample[], accept: [] as Sample[], push: [] as Sample[] };
  try {
    for (let round = 0; round <= plan.rounds; round++) {
      plan.say(round === 0 ? "warming up …" : `50 a second, round ${round} of ${plan.rounds} …`);
      const found = {
        empty: await accepts(empty),
        accept: await accepts(product.server),
        push: await pushes(product.server, PER_SECOND, SECONDS),
      };
      if (round === 0) continue;
      for (const name of ["empty", "accept", "push"] as const) samples[name].push(found[name]);
    }
  } finally {
    await empty.stop();
    await product.server.stop();
  }
  return [
    { id: "quiet-empty", name: "50/s: node:http, empty answer", samples: samples.empty },
    { id: "quiet-accept", name: "50/s: accept, with the drain on", samples: samples.accept },
    {
      id: "quiet-push",
      name: "50/s: call over the socket until the outcome is pushed",
      samples: samples.push,
    },
  ];
}

async function accepts(server: Server): Promise<Sample> {
  const before = await server.usage();
  const { replies, seconds, p50Ms, p99Ms } = await calls({
    url: server.url("/operations/noop"),
    perSecond: PER_SECOND,
    seconds: SECONDS,
    connections: CONNECTIONS,
  });
  const after = await server.usage();
  return {
    perSecond: replies / seconds,
    cpuMicros: (after.cpuMicros - before.cpuMicros) / replies,
    p50Ms,
    p99Ms,
  };
}
