// What an open socket costs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Installed } from "../build/installed.ts";
import { generatorFile } from "../generators/generator.ts";
import { endWithUs } from "./children.ts";
import { Product } from "./product.ts";

const SOCKETS = 2_000;
const SETTLE_MS = 5_000;
const OPEN_MS = 60_000;

/** KiB of the server's memory for each of 2,000 sockets that have said one thing and now say nothing. */
export async function socketMemory(build: Installed, folder: string): Promise<number> {
  const product = await Product.start(build, folder);
  try {
    const url = product.server.url("/socket").replace("http:", "ws:");
    // What the first ones load is not theirs.
    await holding(url, 20, async () => {});
    await sleep(SETTLE_MS);
    const before = (await product.server.usage()).rssBytes;
    let after = before;
    await holding(url, SOCKETS, async () => {
      await sleep(SETTLE_MS);
      after = (await product.server.usage()).rssBytes;
    });
    return (after - before) / SOCKETS / 1_024;
  } finally {
    await product.server.stop();
  }
}

async function holding(url: string, count: number, use: () => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, [generatorFile("sockets.ts"), url, String(count)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  endWithUs(child);
  const ended = once(child, "exit");
  try {
    const signal = AbortSignal.timeout(OPEN_MS);
    await Promise.race([
      once(child.stdout, "data", { signal }),
      ended.then(() => Promise.reject(new Error(`${count} sockets could not be opened.`))),
    ]);
    await use();
  } finally {
    child.stdin.end();
    await ended;
  }
}
