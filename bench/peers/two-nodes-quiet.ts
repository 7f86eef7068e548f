// At 50 calls a second, one process accepting and another working: how long it takes from a call until its handler
// runs, and where outcomes are pushed, until the caller hears of its own.
import { setTimeout as sleep } from "node:timers/promises";
import type { Window } from "../generators/open-loop.ts";
import { calls, pushes } from "../measure/fixed-rate.ts";
import type { Server } from "../measure/server.ts";
import type { PeerSamples } from "./peer.ts";

const PER_SECOND = 50;
const WARM_UP_SECONDS = 3;
const SECONDS = 10;
const CONNECTIONS = 8;
/** A queue that is asked twice a second has run everything by then. */
const TAIL_MS = 1_500;

export async function twoNodesQuiet(
  start: (role: string) => Promise<Server>,
  isPushed: boolean,
): Promise<PeerSamples> {
  const servers: Server[] = [];
  try {
    const front = await start("front");
    servers.push(front);
    const worker = await start("worker");
    servers.push(worker);
    await worker.tell("work");
    await made(front, WARM_UP_SECONDS);
    await sleep(TAIL_MS);
    await worker.tell("clear");
    const answered = await made(front, SECONDS);
    await sleep(TAIL_MS);
    const { handled } = await worker.usage();
    if (handled.count < answered.replies)
      throw new Error(`${handled.count} of ${answered.replies} calls were handled.`);
    const { p50Ms, p99Ms } = handled;
    return {
      answered: { perSecond: PER_SECOND, p50Ms: answered.p50Ms, p99Ms: answered.p99Ms },
      handled: { perSecond: PER_SECOND, p50Ms, p99Ms },
      ...(isPushed && { pushed: await pushes(front, PER_SECOND, SECONDS) }),
    };
  } finally {
    for (const server of servers.reverse()) await server.stop();
  }
}

const made = (front: Server, seconds: number): Promise<Window> =>
  calls({
    url: front.url("/operations/noop"),
    perSecond: PER_SECOND,
    seconds,
    connections: CONNECTIONS,
    stamped: true,
  });
