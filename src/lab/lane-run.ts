/**
 * One lane once: a server with a fresh store, a load generator, and the probe; from their start until nothing is left
 * to be done. Brings home what each of them saw; judges nothing.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "./child.ts";
import { LabRefusal } from "./errors.ts";
import type { Description, FromLoad, FromServer, Loaded, LoadPlan, Served, ToServer } from "./messages.ts";
import { moment } from "./moment.ts";
import type { LabOptions } from "./options.ts";
import { Probe, type ProbeSamples } from "./probe.ts";
import type { LaneName } from "./report.ts";

export type LaneRun = {
  readonly lane: LaneName;
  readonly arrivals: Float64Array;
  readonly loaded: Loaded;
  readonly served: Served;
  readonly probe: ProbeSamples | undefined;
};

export type LaneProgress = {
  readonly lane: LaneName;
  readonly repeat: number;
  readonly offered: number;
  readonly ended: number;
  readonly queued: number;
};

type Told = (progress: Omit<LaneProgress, "lane" | "repeat">) => void;

const START_MS = 30_000;
/** Beyond what was asked for: counting what the store holds takes its time. */
const COUNT_MS = 120_000;
/** Most give up long before; so many tries bring all of them through, if anything can. */
const TRIES = 20;
/** What the server may answer a handler's timeout late. */
const REPLY_GRACE_MS = 10_000;

const SERVER = new URL("./server/process.ts", import.meta.url);
const LOAD = new URL("./load/process.ts", import.meta.url);

export function serverProcess(
  heard: (message: FromServer) => void = () => undefined,
): Child<ToServer, FromServer> {
  const child: Child<ToServer, FromServer> = new Child("The server process", SERVER, (message) => {
    if (message.kind === "refused") child.giveUp(new LabRefusal(message.message));
    else heard(message);
  });
  return child;
}

export async function runLane(
  lane: LaneName,
  arrivals: Float64Array,
  description: Description,
  options: LabOptions,
  told: Told,
): Promise<LaneRun> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-lab-"));
  // More than one try: a process that was just killed may be at its last write.
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", remove);
  let seen = { offered: 0, ended: 0, queued: 0 };
  const tell = (more: Partial<typeof seen>) => {
    seen = { ...seen, ...more };
    told(seen);
  };
  const server = serverProcess((message) => {
    if (message.kind === "depth") tell({ queued: message.queued });
  });
  const load = new Child<LoadPlan, FromLoad>("The load generator", LOAD, (message) => {
    if (message.kind === "progress") tell({ offered: message.offered, ended: message.ended });
  });
  let probe: Probe | undefined;
  tell({});
  try {
    const adminToken = randomBytes(24).toString("hex");
    const flow = lane === "request-retrying" ? "request" : lane;
    const { module, operation } = options;
    server.tell({ kind: "serve", module, operation, flow, folder, adminToken });
    const { port } = await server.next("listening", START_MS);
    const plan = planOf(lane, arrivals, port, adminToken, description, options);
    if (options.probe !== undefined) {
      const token = description.probeAccess === "admin" ? adminToken : options.bearer;
      probe = new Probe(port, options.probe, token);
      await probe.begin();
    }
    load.tell(plan);
    await Promise.race([load.next("started", START_MS), server.gone]);
    const loaded = await Promise.race([load.next("loaded", plan.limitMs + START_MS), server.gone]);
    tell({ offered: arrivals.length, ended: arrivals.length });
    const leftMs = Math.max(1_000, loaded.startedAt + plan.limitMs - moment());
    server.tell({ kind: "drain", limitMs: leftMs });
    await server.next("drained", leftMs + START_MS);
    await probe?.end();
    server.tell({ kind: "finish" });
    const served = await server.next("finished", COUNT_MS);
    return { lane, arrivals, loaded, served, probe: probe?.samples() };
  } finally {
    probe?.stop();
    await Promise.all([server.stop(), load.stop()]);
    remove();
    process.off("exit", remove);
  }
}

function planOf(
  lane: LaneName,
  arrivals: Float64Array,
  port: number,
  adminToken: string,
  description: Description,
  { operation, bearer, seed, drainLimitMs }: LabOptions,
): LoadPlan {
  const isRetrying = lane === "request-retrying";
  const token = description.access === "admin" ? adminToken : bearer;
  return {
    port,
    path: `/operations/${operation}`,
    authorization: token === undefined ? undefined : `Bearer ${token}`,
    inputs: description.inputs,
    arrivals,
    keys: isRetrying || description.keyRequired ? `lab-${seed}` : undefined,
    tries: isRetrying ? TRIES : 1,
    seed,
    replyMs: description.timeoutMs + REPLY_GRACE_MS,
    limitMs: (arrivals.at(-1) ?? 0) + drainLimitMs,
  };
}
