// A queue on a store, behind Fastify: one process that accepts, one that works, and the store.
import { setTimeout as sleep } from "node:timers/promises";
import { cpuMicrosOfTree } from "../measure/children.ts";
import { Server } from "../measure/server.ts";
import type { Sample } from "../report/sample.ts";
import { type Peer, type PeerSamples, type PeerSetting, WARM_UP_SECONDS } from "./peer.ts";

export type Store = { readonly port: number; readonly pid: number; readonly stop: () => Promise<void> };

export type QueuePeer = Omit<Peer, "round"> & {
  readonly startStore: (folder: string) => Promise<Store>;
  /** Jobs that are there before the drain, beside those that were accepted. */
  readonly preload: number;
};

const DRAIN_LIMIT_MS = 120_000;
const POLL_MS = 50;
/** Outcomes may be written after the last handler has run. */
const SETTLE_MS = 500;

/** @param scripts the folder with the peers' scripts, `<id>.js` */
export function queuePeer(peer: QueuePeer, scripts: string): Peer {
  const { id, startStore, preload } = peer;
  const start = (role: string, port: number) =>
    Server.start({ folder: scripts, script: `${id}.js`, args: [role, String(port)] });
  return {
    ...peer,
    async round(setting) {
      const store = await startStore(setting.folder);
      const servers: Server[] = [];
      try {
        const front = await start("front", store.port);
        servers.push(front);
        await accept(front, store, { ...setting, seconds: WARM_UP_SECONDS });
        const { replies, sample } = await accept(front, store, setting);
        await front.tell("preload", preload);
        const worker = await start("worker", store.port);
        servers.push(worker);
        const drained = await drain(worker, store, replies + preload);
        return { accept: sample, drain: drained } satisfies PeerSamples;
      } finally {
        for (const server of servers) await server.stop();
        await store.stop();
      }
    },
  };
}

async function accept(front: Server, store: Store, { generator, connections, seconds }: PeerSetting) {
  const path = "/operations/noop";
  const used = async () => (await front.usage()).cpuMicros + cpuMicrosOfTree(store.pid);
  const before = await used();
  const {
    replies,
    failures,
    seconds: took,
    p50Ms,
    p99Ms,
  } = await generator.run(front.url(path), {
    path,
    connections,
    seconds,
  });
  if (failures > 0) throw new Error(`${failures} calls of ${replies + failures} failed.`);
  const cpuMicros = ((await used()) - before) / replies;
  return { replies, sample: { perSecond: replies / took, cpuMicros, p50Ms, p99Ms } satisfies Sample };
}

/** From the first handler's run to the last one's, so that how a worker starts does not count. */
async function drain(worker: Server, store: Store, atLeast: number): Promise<Sample> {
  const used = async () => (await worker.usage()).cpuMicros + cpuMicrosOfTree(store.pid);
  const before = await used();
  await worker.tell("work");
  const until = Date.now() + DRAIN_LIMIT_MS;
  for (let ran = -1; ; ) {
    await sleep(POLL_MS);
    const now = (await worker.usage()).ran;
    if (now >= atLeast && now === ran) break;
    if (Date.now() > until) throw new Error(`${now} of ${atLeast} jobs ran in ${DRAIN_LIMIT_MS / 1_000} s.`);
    ran = now;
  }
  await sleep(SETTLE_MS);
  await worker.tell("rest");
  const { ran, firstRanAt, lastRanAt } = await worker.usage();
  return { perSecond: ran / ((lastRanAt - firstRanAt) / 1_000), cpuMicros: ((await used()) - before) / ran };
}
