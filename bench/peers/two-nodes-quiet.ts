// At 50 calls a second, one process accepting and another working: how long it takes from a call until its handler
// runs, and where outcomes are pushed, until the caller hears of its own.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execute } from "../generators/generator.ts";
import type { OpenPlan, Window } from "../generators/open-loop.ts";
import type { Pushed } from "../generators/push.ts";
import type { Server } from "../measure/server.ts";
import type { Sample } from "../report/sample.ts";
import type { PeerSamples } from "./peer.ts";

const PER_SECOND = 50;
const WARM_UP_SECONDS = 3;
const SECONDS = 10;
const CONNECTIONS = 8;
/** A queue that is asked twice a second has run everything by then. */
const TAIL_MS = 1_500;
const generator = (name: string) => join(import.meta.dirname, "../generators", name);

export async function twoNodesQuiet(
  start: (role: string) => Promise<Server>,
  pushes: boolean,
): Promise<PeerSamples> {
  const servers: Server[] = [];
  try {
    const front = await start("front");
    servers.push(front);
    const worker = await start("worker");
    servers.push(worker);
    await worker.tell("work");
    await calls(front, WARM_UP_SECONDS);
    await sleep(TAIL_MS);
    await worker.tell("clear");
    const answered = await calls(front, SECONDS);
    await sleep(TAIL_MS);
    const { handled } = await worker.usage();
    if (handled.count < answered.replies)
      throw new Error(`${handled.count} of ${answered.replies} calls were handled.`);
    const { p50Ms, p99Ms } = handled;
    return {
      answered: { perSecond: PER_SECOND, p50Ms: answered.p50Ms, p99Ms: answered.p99Ms },
      handled: { perSecond: PER_SECOND, p50Ms, p99Ms },
      ...(pushes && { pushed: await pushed(front) }),
    };
  } finally {
    for (const server of servers.reverse()) await server.stop();
  }
}

async function calls(front: Server, seconds: number): Promise<Window> {
  const plan: OpenPlan = {
    url: front.url("/operations/noop"),
    perSecond: PER_SECOND,
    seconds,
    connections: CONNECTIONS,
    windowSeconds: seconds * 2,
    stamped: true,
  };
  const { stdout } = await execute(process.execPath, [generator("open-loop.ts"), JSON.stringify(plan)]);
  const window = JSON.parse(stdout) as Window;
  if (window.failures > 0) throw new Error(`${window.failures} calls failed.`);
  return window;
}

async function pushed(front: Server): Promise<Sample> {
  const url = front.url("/socket").replace("http:", "ws:");
  const args = [generator("push.ts"), url, String(PER_SECOND), String(SECONDS)];
  const { stdout } = await execute(process.execPath, args);
  const { p50Ms, p99Ms } = JSON.parse(stdout) as Pushed;
  return { perSecond: PER_SECOND, p50Ms, p99Ms };
}
