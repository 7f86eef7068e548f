// A worker node beside the first one: how fast a backlog goes down before and after, where each job needs something
// for 20 ms of which a node has 32.
import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "../peers/queue-peer.ts";
import type { Measured, Sample } from "../report/sample.ts";
import { cpuMicrosOfTree } from "./children.ts";
import { Server } from "./server.ts";

/** More than two nodes get through in the time. */
const QUEUED = 60_000;
const SETTLE_MS = 1_500;

export type NodesPlan = {
  /** Of the servers' scripts. */
  readonly scripts: string;
  readonly startStore: (name: string) => Promise<Store>;
  readonly rounds: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
};

export async function nodesRun(plan: NodesPlan): Promise<readonly Measured[]> {
  const one: Sample[] = [];
  const two: Sample[] = [];
  for (let round = 1; round <= plan.rounds; round++) {
    plan.say(`one worker and two, round ${round} of ${plan.rounds} …`);
    const [alone, both] = await oneRound(plan, round);
    one.push(alone);
    two.push(both);
  }
  return [
    { id: "one-worker", name: "drain of a 20 ms handler, one worker node", samples: one },
    { id: "two-workers", name: "the same, another one added", samples: two },
  ];
}

async function oneRound(plan: NodesPlan, round: number): Promise<readonly [Sample, Sample]> {
  const store = await plan.startStore(`nodes-${round}`);
  const servers: Server[] = [];
  const add = async (role: string): Promise<Server> => {
    const args = [role, String(store.port)];
    const server = await Server.start({ folder: plan.scripts, script: "spillway-postgres.js", args });
    servers.push(server);
    return server;
  };
  try {
    const front = await add("front");
    await front.tell("preload-slow", QUEUED);
    const first = await add("worker");
    await first.tell("work");
    const alone = await rate([first], store, plan.seconds);
    const second = await add("worker");
    await second.tell("work");
    return [alone, await rate([first, second], store, plan.seconds)];
  } finally {
    for (const server of servers.reverse()) await server.stop();
    await store.stop();
  }
}

async function rate(workers: readonly Server[], store: Store, seconds: number): Promise<Sample> {
  await sleep(SETTLE_MS);
  const before = await usage(workers, store);
  await sleep(seconds * 1_000);
  const after = await usage(workers, store);
  const ran = after.ran - before.ran;
  if (ran === 0) throw new Error("No job ran.");
  return {
    perSecond: ran / ((after.at - before.at) / 1_000),
    cpuMicros: (after.cpuMicros - before.cpuMicros) / ran,
  };
}

async function usage(workers: readonly Server[], store: Store) {
  const used = await Promise.all(workers.map((worker) => worker.usage()));
  return {
    at: performance.now(),
    ran: used.reduce((sum, { ran }) => sum + ran, 0),
    cpuMicros: used.reduce((sum, { cpuMicros }) => sum + cpuMicros, cpuMicrosOfTree(store.pid)),
  };
}
