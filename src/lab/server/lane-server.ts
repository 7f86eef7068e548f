/**
 * The server of one lane: the user's app with one operation's flow set, on loopback, over a store that nobody used
 * before; and everything that is noted beside it.
 */
import type { App, RunningApp } from "../../app/app.ts";
import { systemClock } from "../../core/clock.ts";
import type { Engine } from "../../core/engine.ts";
import { sqlite } from "../../engines/sqlite/index.ts";
import { type Served as Listening, serve } from "../../node/index.ts";
import type { Served, ServeRequest } from "../messages.ts";
import { moment } from "../moment.ts";
import { takeInventory } from "./inventory.ts";
import { laneApp } from "./lane-app.ts";
import { Ledger } from "./ledger.ts";
import { Sampler } from "./sampler.ts";
import { HandlerTimes } from "./stopwatch.ts";
import { witnessed } from "./witnessed.ts";

const LOOK_MS = 50;
/** Handlers that still run when the drain was given up have so long to end. */
const LAST_RUNS_MS = 5_000;

type Parts = {
  readonly operation: string;
  readonly served: ReadonlySet<string>;
  readonly engine: Engine;
  readonly running: RunningApp;
  readonly listening: Listening;
  readonly ledger: Ledger;
  readonly times: HandlerTimes;
};

export class LaneServer {
  readonly #parts: Parts;
  readonly #sampler: Sampler;

  constructor(parts: Parts) {
    const { operation, running, engine } = parts;
    const clock = systemClock();
    this.#parts = parts;
    this.#sampler = new Sampler(operation, {
      slots: () => running.slots(operation),
      figures: () => engine.figures(),
      now: () => clock.now(),
    });
  }

  static async start(
    userApp: App,
    { operation, flow, folder, adminToken }: ServeRequest,
  ): Promise<LaneServer> {
    const ledger = new Ledger(operation);
    const times = new HandlerTimes();
    let engine: Engine | undefined;
    let running: RunningApp | undefined;
    const { migrations = [] } = userApp.options.engine ?? {};
    const store = witnessed(sqlite(folder, { migrations }), ledger, (opened) => {
      engine = opened;
    });
    const app = laneApp(userApp, operation, flow, store, times);
    const noted: App = {
      ...app,
      start: async (host) => {
        running = await app.start({ ...host, onError: () => undefined });
        return running;
      },
    };
    const quietly = { adminToken, signals: false, log: () => undefined };
    const listening = await serve(noted, {
      port: 0,
      host: "127.0.0.1",
      console: false,
      role: "all",
      ...quietly,
    });
    if (!engine || !running) throw new Error("The app was served without being started.");
    const served = new Set(app.options.operations.map(({ spec }) => spec.name));
    return new LaneServer({ operation, served, engine, running, listening, ledger, times });
  }

  get port(): number {
    return this.#parts.listening.port;
  }

  /** When last looked at. */
  get queued(): number {
    return this.#sampler.queued;
  }

  /** Until no job of an operation that is served is queued or running, or the time is up. */
  async drain(limitMs: number): Promise<void> {
    const { engine, served } = this.#parts;
    const until = moment() + limitMs;
    for (;;) {
      const figures = (await engine.figures()).filter(({ operation }) => served.has(operation));
      const left = figures.reduce((sum, one) => sum + one.queued + one.running, 0);
      if (left === 0 || moment() > until) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    this.#sampler.stop();
  }

  async finish(): Promise<Served> {
    const { engine, operation, running, listening, ledger, times } = this.#parts;
    // What is queued stays so, and what runs ends: nothing changes any more while it is counted.
    await running.finishWork(LAST_RUNS_MS);
    const { jobs, sent } = await takeInventory(engine, operation, ledger);
    await listening.close();
    const { endedIds, endedAt, endedAs, expected, counted, strangers, retried } = ledger;
    return {
      jobs,
      sent,
      endedIds,
      endedAt: Float64Array.from(endedAt),
      endedAs,
      handlerMs: Float64Array.from(times.ms),
      retried,
      effects: { expected, counted },
      strangers,
      sizes: times.samples(ledger),
      samples: this.#sampler.samples(),
    };
  }
}
