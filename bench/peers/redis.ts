// Redis for BullMQ, as `redis-server` on the PATH, syncing its log before every answer.

import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { execute } from "../generators/generator.ts";
import { Child, freePort } from "../measure/children.ts";
import type { Store } from "./queue-peer.ts";

const START_MS = 10_000;

export async function redisMissing(): Promise<string | undefined> {
  const found = await execute("redis-server", ["--version"]).catch(() => undefined);
  if (found !== undefined) return undefined;
  return "there is no redis-server on the PATH. Install it (Debian: apt-get install redis-server) and try again.";
}

export async function startRedis(folder: string): Promise<Store> {
  const port = await freePort();
  const settings = {
    port,
    bind: "127.0.0.1",
    dir: folder,
    appendonly: "yes",
    appendfsync: "always",
    save: "",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = new Child("redis-server", "redis-server", args);
  await listening(port, child, START_MS);
  return { port, pid: child.pid, stop: () => child.stop("SIGTERM") };
}

/** Until something answers on a port of loopback. */
export async function listening(port: number, child: Child, limitMs: number): Promise<void> {
  for (const until = Date.now() + limitMs; ; ) {
    child.check();
    const socket = connect(port, "127.0.0.1");
    const up = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (up) return;
    if (Date.now() > until) throw new Error(`Nothing listens on port ${port} after ${limitMs / 1_000} s.`);
    await sleep(50);
  }
}
