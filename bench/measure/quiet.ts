// At 50 calls a second, which is a quiet hour: how long the 202 takes beside a server that does nothing, and how
// long it takes until the outcome is pushed.
import { join } from "node:path";
import type { Installed } from "../build/installed.ts";
import { execute } from "../generators/generator.ts";
import type { OpenPlan, Window } from "../generators/open-loop.ts";
import type { Pushed } from "../generators/push.ts";
import type { Measured, Sample } from "../report/sample.ts";
import { Product } from "./product.ts";
import { Server } from "./server.ts";

const PER_SECOND = 50;
const SECONDS = 10;
const CONNECTIONS = 8;
const script = (name: string) => join(import.meta.dirname, "../generators", name);

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
        empty: await calls(empty),
        accept: await calls(product.server),
        push: await pushes(product.server),
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

async function calls(server: Server): Promise<Sample> {
  const plan: OpenPlan = {
    url: server.url("/operations/noop"),
    perSecond: PER_SECOND,
    seconds: SECONDS,
    connections: CONNECTIONS,
    windowSeconds: SECONDS * 2,
  };
  const before = await server.usage();
  const { stdout } = await execute(process.execPath, [script("open-loop.ts"), JSON.stringify(plan)]);
  const after = await server.usage();
  const { replies, failures, seconds, p50Ms, p99Ms } = JSON.parse(stdout) as Window;
  if (failures > 0) throw new Error(`${failures} calls failed.`);
  return {
    perSecond: replies / seconds,
    cpuMicros: (after.cpuMicros - before.cpuMicros) / replies,
    p50Ms,
    p99Ms,
  };
}

async function pushes(server: Server): Promise<Sample> {
  const url = server.url("/socket").replace("http:", "ws:");
  const { stdout } = await execute(process.execPath, [
    script("push.ts"),
    url,
    String(PER_SECOND),
    String(SECONDS),
  ]);
  const { p50Ms, p99Ms } = JSON.parse(stdout) as Pushed;
  return { perSecond: PER_SECOND, p50Ms, p99Ms };
}
