// Restate: its server, and the service that it calls.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "../build/source.ts";
import { Child, cpuMicrosOfTree, freePort } from "../measure/children.ts";
import { Server } from "../measure/server.ts";
import type { Sample } from "../report/sample.ts";
import { versions } from "../versions.ts";
import { type Peer, type PeerSetting, WARM_UP_SECONDS } from "./peer.ts";

const START_MS = 60_000;
const SETTLE_LIMIT_MS = 120_000;
const POLL_MS = 50;
const binary = () =>
  join(
    root,
    `bench/peers/node_modules/@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`,
  );

type Running = { readonly ingress: number; readonly child: Child; readonly service: Server };

/** @param scripts the folder with `restate.js` */
export function restate(scripts: string): Peer {
  return {
    id: "restate",
    name: `Restate ${versions["@restatedev/restate-server"]}`,
    settings:
      "one node, replicated loglet of one, WAL synced as by default, 4 partitions, warnings only in the log, telemetry off; the write is ctx.set on a virtual object of its own. It journals every call through a second process and does more per call.",
    missing: async () =>
      existsSync(binary()) ? undefined : `npm has no Restate for ${process.platform} on ${process.arch}.`,
    async round(setting) {
      const child = await startRestate(setting.folder);
      let service: Server | undefined;
      try {
        service = await Server.start({ folder: scripts, script: "restate.js" });
        const running = { ...child, service };
        await register(running);
        await sendAndRun(running, "/bench/noop/send", { ...setting, seconds: WARM_UP_SECONDS });
        const run = await sendAndRun(running, "/bench/noop/send", setting);
        await sendAndRun(running, "/orders/{key}/place/send", { ...setting, seconds: WARM_UP_SECONDS });
        const runWrite = await sendAndRun(running, "/orders/{key}/place/send", setting);
        const write = await call(running, setting);
        return { run, "run-write": runWrite, write };
      } finally {
        await service?.stop();
        await child.child.stop("SIGTERM");
      }
    },
  };
}

async function startRestate(folder: string) {
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()];
  const address = (port: number) => `127.0.0.1:${port}`;
  const environment = {
    RESTATE_BASE_DIR: folder,
    RESTATE_LISTEN_MODE: "tcp",
    RESTATE_BIND_ADDRESS: address(node),
    RESTATE_ADVERTISED_ADDRESS: `http://${address(node)}/`,
    RESTATE_INGRESS__BIND_ADDRESS: address(ingress),
    RESTATE_ADMIN__BIND_ADDRESS: address(admin),
    RESTATE_DEFAULT_NUM_PARTITIONS: "4",
    RESTATE_DISABLE_TELEMETRY: "true",
    RESTATE_LOG_FILTER: "warn",
    RUST_LOG: "warn",
    DO_NOT_TRACK: "1",
  };
  const child = new Child("restate-server", binary(), ["--no-logo"], {
    env: { ...process.env, ...environment },
    cwd: folder,
  });
  await answering(child, [`http://${address(admin)}/health`, `http://${address(ingress)}/restate/health`]);
  return { child, ingress, admin };
}

async function answering(child: Child, urls: readonly string[]): Promise<void> {
  for (const until = Date.now() + START_MS; ; ) {
    child.check();
    const answers = await Promise.all(urls.map((url) => fetch(url).catch(() => undefined)));
    if (answers.every((answer) => answer?.ok)) return;
    if (Date.now() > until) throw new Error(`Restate is not healthy after ${START_MS / 1_000} s.`);
    await sleep(100);
  }
}

async function register({ admin, service }: Running & { readonly admin: number }): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${admin}/deployments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ uri: `http://127.0.0.1:${service.port}` }),
  });
  if (!answer.ok)
    throw new Error(`Restate did not take its service: ${answer.status} ${await answer.text()}`);
}

const used = async ({ child, service }: Running) =>
  (await service.usage()).cpuMicros + cpuMicrosOfTree(child.pid);

async function load(running: Running, path: string, { generator, connections, seconds }: PeerSetting) {
  // wrk takes its path from the script where it holds a key, and must not see the braces.
  const url = `http://127.0.0.1:${running.ingress}${path.replace("{key}", "key")}`;
  const found = await generator.run(url, { path, connections, seconds });
  if (found.failures > 0) throw new Error(`${path}: ${found.failures} calls failed.`);
  return found;
}

/** Timed from the first call until the last handler has run. */
async function sendAndRun(running: Running, path: string, setting: PeerSetting): Promise<Sample> {
  const cpu = await used(running);
  const before = await running.service.usage();
  const began = Date.now();
  const { replies, p50Ms, p99Ms } = await load(running, path, setting);
  for (let seen = -1; ; ) {
    await sleep(POLL_MS);
    const ran = (await running.service.usage()).ran - before.ran;
    if (ran >= replies && ran === seen) break;
    if (Date.now() - began > SETTLE_LIMIT_MS) throw new Error(`${path}: ${ran} of ${replies} jobs ran.`);
    seen = ran;
  }
  const after = await running.service.usage();
  const ran = after.ran - before.ran;
  return {
    perSecond: ran / ((after.lastRanAt - began) / 1_000),
    cpuMicros: ((await used(running)) - cpu) / ran,
    p50Ms,
    p99Ms,
  };
}

async function call(running: Running, setting: PeerSetting): Promise<Sample> {
  const cpu = await used(running);
  const { replies, seconds, p50Ms, p99Ms } = await load(running, "/orders/{key}/place", setting);
  return { perSecond: replies / seconds, cpuMicros: ((await used(running)) - cpu) / replies, p50Ms, p99Ms };
}
