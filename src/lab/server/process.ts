/**
 * The process of one lane: the user's app with one operation's flow set, served on loopback from a store that nobody
 * used before. Told what to do by the process that started it, and ends with it.
 */
import type { App, RunningApp } from "../../app/app.ts";
import { appOf } from "../../cli/app-module.ts";
import { isForPeople } from "../../cli/command.ts";
import { systemClock } from "../../core/clock.ts";
import type { Engine } from "../../core/engine.ts";
import { sqlite } from "../../engines/sqlite/index.ts";
import { serve } from "../../node/index.ts";
import { LabRefusal } from "../lab-refusal.ts";
import type { FromServer, Served, ServeRequest, ToServer } from "../messages.ts";
import { moment } from "../moment.ts";
import { describe } from "./describe.ts";
import { takeInventory } from "./inventory.ts";
import { laneApp } from "./lane-app.ts";
import { Ledger } from "./ledger.ts";
import { Sampler } from "./sampler.ts";
import { HandlerTimes } from "./stopwatch.ts";
import { witnessed } from "./witnessed.ts";

const LOOK_MS = 50;
const TELL_MS = 250;
/** Handlers that still run when the drain was given up have so long to end. */
const LAST_RUNS_MS = 5_000;

type Lane = {
  readonly drain: (limitMs: number) => Promise<void>;
  readonly finish: () => Promise<Served>;
};

let lane: Lane | undefined;

process.on("disconnect", () => process.exit(1));
process.on("message", (message: ToServer) => {
  answer(message).catch((error: unknown) => {
    if (!(error instanceof LabRefusal || isForPeople(error))) throw error;
    tell({ kind: "refused", message: error.message });
  });
});

async function answer(message: ToServer): Promise<void> {
  if (message.kind === "describe") return tell(await describe(await appOf(message.module), message));
  if (message.kind === "serve") {
    lane = await serveLane(message);
    return;
  }
  if (!lane) throw new Error(`"${message.kind}" was said before "serve".`);
  if (message.kind === "drain") {
    await lane.drain(message.limitMs);
    return tell({ kind: "drained" });
  }
  tell({ kind: "finished", ...(await lane.finish()) });
}

function tell(message: FromServer): void {
  process.send?.(message);
}

async function serveLane(request: ServeRequest): Promise<Lane> {
  const { operation, flow, folder, adminToken } = request;
  const ledger = new Ledger(operation);
  const times = new HandlerTimes();
  let engine: Engine | undefined;
  let running: RunningApp | undefined;
  const store = witnessed(sqlite(folder), ledger, (one) => {
    engine = one;
  });
  const inner = laneApp(await appOf(request.module), operation, flow, store, times);
  const app: App = {
    ...inner,
    start: async (host) => {
      running = await inner.start({ ...host, onError: () => undefined });
      return running;
    },
  };
  const { port, close } = await serve(app, {
    port: 0,
    host: "127.0.0.1",
    adminToken,
    signals: false,
    log: () => undefined,
  });
  if (!engine || !running) throw new Error("The app started without its store.");
  const [opened, started] = [engine, running];
  const clock = systemClock();
  const sampler = new Sampler(operation, {
    slots: () => started.slots(operation),
    figures: () => opened.figures(),
    now: () => clock.now(),
  });
  tell({ kind: "listening", port });
  return {
    drain: async (limitMs) => {
      const served = new Set(inner.options.operations.map(({ spec }) => spec.name));
      await drained(opened, served, limitMs, () => sampler.queued);
      sampler.stop();
    },
    finish: async () => {
      // What is queued stays so, and what runs ends: nothing changes any more while it is counted.
      await started.finishWork(LAST_RUNS_MS);
      const inventory = await takeInventory(opened, operation, ledger);
      const { endedIds, endedAs, expected, counted, strangers, retried } = ledger;
      await close();
      return {
        ...inventory,
        endedIds,
        endedAt: Float64Array.from(ledger.endedAt),
        endedAs,
        handlerMs: Float64Array.from(times.ms),
        retried,
        effects: { expected, counted },
        strangers,
        sizes: times.samples(ledger),
        samples: sampler.samples(),
      };
    },
  };
}

/** Until no job of an operation that is served is queued or running, or the time is up. */
async function drained(
  engine: Engine,
  served: ReadonlySet<string>,
  limitMs: number,
  queued: () => number,
): Promise<void> {
  const until = moment() + limitMs;
  let toldAt = 0;
  for (;;) {
    const figures = (await engine.figures()).filter(({ operation }) => served.has(operation));
    const left = figures.reduce((sum, one) => sum + one.queued + one.running, 0);
    if (left === 0 || moment() > until) return;
    if (moment() - toldAt > TELL_MS) {
      toldAt = moment();
      tell({ kind: "depth", queued: queued() });
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
