// Spillway, measured like its peers: started anew for each round.
import { join } from "node:path";
import type { Installed } from "../build/installed.ts";
import { acceptAndRun } from "../measure/accept-and-run.ts";
import { breathe, load } from "../measure/load.ts";
import { preload } from "../measure/preload.ts";
import { Product } from "../measure/product.ts";
import { type Peer, type PeerSetting, WARM_UP_SECONDS } from "./peer.ts";

/** Jobs there are for the drain, at least: enough for a second at the rate that is the goal. */
const PRELOADED = 150_000;

export function spillwayItself(installed: Installed): Peer {
  return {
    id: "spillway",
    name: "Spillway",
    settings: "published build, SQLite (WAL, synchronous=FULL), one process",
    missing: async () => undefined,
    async round(setting) {
      const product = await Product.start(installed, join(setting.folder, "data"));
      try {
        return await measured(product, setting);
      } finally {
        await product.server.stop();
      }
    },
  };
}

async function measured(product: Product, setting: PeerSetting) {
  const { server } = product;
  const { generator, connections, seconds } = setting;
  await product.pause("noop", true);
  const path = "/operations/noop";
  await load(server, generator, { path, connections, seconds: WARM_UP_SECONDS });
  const accepted = (await load(server, generator, { path, connections, seconds })).sample;
  await breathe();
  await preload(
    product,
    "noop",
    Math.max(0, Math.ceil((PRELOADED - (await product.queued("noop"))) / 1_000)) * 1_000,
  );
  const queued = await product.queued("noop");
  // What the generator had just sent when it cut its connections may still be accepted.
  const drained = await product.drain("noop", { atLeast: queued, atMost: queued + connections });
  const run = await acceptAndRun(product, "noop", setting);
  const runWrite = await acceptAndRun(product, "write-event", setting);
  await load(server, generator, { path: "/operations/write-request", connections, seconds: 1 });
  const write = (await load(server, generator, { path: "/operations/write-request", connections, seconds }))
    .sample;
  return { accept: accepted, drain: drained, run, "run-write": runWrite, write };
}
