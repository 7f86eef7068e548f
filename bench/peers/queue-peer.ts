// A queue on a store, behind HTTP: one process that accepts, one that works, and the store.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuMicrosOfTree } from "../measure/children.ts";
import { Server } from "../measure/server.ts";
import type { Sample } from "../report/sample.ts";
import { type Peer, type PeerSamples, type PeerSetting, WARM_UP_SECONDS } from "./peer.ts";
import { twoNodesQuiet } from "./two-nodes-quiet.ts";

export type Store = { readonly port: number; readonly pid: number; readonly stop: () => Promise<void> };

export type QueuePeer = Omit<Peer, "round"> & {
  readonly startStore: (folder: string) => Promise<Store>;
  /** Jobs that are there before the drain, beside those that were accepted. */
  readonly preload: number;
  /** `<id>.js`, unless it is called otherwise. */
  readonly script?: string;
  /** Measured at 50 calls a second too: what its processes are told then, and whether it pushes outcomes. */
  readonly quiet?: { readonly args: readonly string[]; readonly pushes: boolean };
};

const DRAIN_LIMIT_MS = 120_000;
const POLL_MS = 50;
/** Outcomes may be written after the last handler has run. */
const SETTLE_MS = 500;

/** @param scripts the folder with the peers' scripts */
export function queuePeer(peer: QueuePeer, scripts: string): Peer {
  const { id, startStore, script = `${id}.js`, quiet } = peer;
  const start = (role: string, port: number, args: readonly string[] = []) =>
    Server.start({ folder: scripts, script, args: [role, String(port), ...args] });
  return {
    ...peer,
    async round(setting) {
      const loaded = await onStore(startStore, setting.folder, (store) =>
        underLoad(peer, store, setting, (role) => start(role, store.port)),
      );
      if (quiet === undefined) return loaded;
      // A store of its own: what a queue was made with stays with it.
      const folder = join(setting.folder, "quiet");
      mkdirSync(folder);
      const alone = await onStore(startStore, folder, ({ port }) =>
        twoNodesQuiet((role) => start(role, port, quiet.args), quiet.pushes),
      );
      return { ...loaded, ...alone };
    },
  };
}

async function onStore<R>(
  startStore: QueuePeer["startStore"],
  folder: string,
  use: (store: Store) => Promise<R>,
): Promise<R> {
  const store = await startStore(folder);
  try {
    return await use(store);
  } finally {
    await store.stop();
  }
}

async function underLoad(
  { preload }: QueuePeer,
  store: Store,
  setting: PeerSetting,
  start: (role: string) => Promise<Server>,
): Promise<PeerSamples> {
  const servers: Server[] = [];
  try {
    const front = await start("front");
    servers.push(front);
    const warming = await accept(front, store, { ...setting, seconds: WARM_UP_SECONDS });
    const { replies, sample } = await accept(front, store, setting);
    await front.tell("preload", preload);
    const worker = await start("worker");
    servers.push(worker);
    return { accept: sample, drain: await drain(worker, store, warming.replies + replies + preload) };
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function accept(front: Server, store: Store, { generator, connections, seconds }: PeerSetting) {
  const path = "/operations/noop";
  const used = async () => (await front.usage()).cpuMicros + cpuMicrosOfTree(store.pid);
  const before = await used();
  const load = await generator.run(front.url(path), { path, connections, seconds });
  const { replies, failures, seconds: took, p50Ms, p99Ms } = load;
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
