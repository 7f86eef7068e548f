/**
 * What every function has in common: the app is started once per process, at its first invocation; each invocation
 * knows the time it has left, and ends when nothing is under way any more.
 */
import type { App, RunningApp } from "../app/app.ts";
import { spillway } from "../app/app.ts";
import type { Engine, EngineHost, EngineSource } from "../core/engine.ts";
import { SpillwayError } from "../core/errors.ts";
import type { OnError, Role } from "../core/runtime.ts";
import { InvocationClock } from "./clock.ts";
import { Complaints, type FunctionContext } from "./complaints.ts";
import { adminTokenOf, parallelOf, unseenMsOf } from "./environment.ts";
import { Measures } from "./measures.ts";
import { Notices } from "./notices.ts";
import type { SocketPusher } from "./push.ts";
import type { PusherParts } from "./pusher-of.ts";
import { Pushes } from "./pushes.ts";
import { watched } from "./watched-engine.ts";

/** A store that is configured, but not open, and what functions need of it besides. */
export type SourceOf<E extends Engine> = Pick<EngineSource, "name" | "limits"> & {
  open(host: EngineHost): Promise<E>;
};

export type FunctionOptions<E extends Engine> = {
  readonly role: Role;
  readonly streams?: boolean;
  /** Whether attempts run here that are worth a metric. */
  readonly measured?: boolean;
  /** What tells the sockets; none where there are none. */
  readonly pusher?: (parts: PusherParts<E>) => SocketPusher | undefined;
};

export type Invocation<E extends Engine> = {
  readonly running: RunningApp;
  readonly engine: E;
  readonly pusher: SocketPusher | undefined;
  readonly pushes: Pushes;
  readonly notices: Notices;
  readonly complain: OnError;
  /** How long what was asked may still take; what is left to be done after it has time of its own. */
  readonly timeLeftMs: () => number;
  /** For how long a job that is claimed now must be held: nothing runs here after that. */
  readonly leaseMs: () => number;
  /** Resolves when there is no more time but for the answer. */
  readonly nearlyLate: Promise<void>;
};

/** Nothing that was asked has begun. */
export class NotStarted extends Error {
  override readonly name = "NotStarted";
}

type Started<E> = {
  readonly running: RunningApp;
  readonly engine: E;
  readonly idle: () => Promise<void>;
  readonly pusher: SocketPusher | undefined;
  readonly pushes: Pushes;
};

/** What is left of an invocation's time when attempts must have ended, so that their outcomes can be committed. */
const COMMIT_MS = 1_000;
/** And when whatever is still not done is given up, and when that must have been answered. */
const NEARLY_LAST_MS = 600;
const LAST_MS = 300;
const LEASE_BEYOND_MS = 2_000;
/** An answer waits no longer for what is still under way: all of that has another way back. */
const SETTLE_MS = 5_000;
const SETTINGS_MS = 60_000;

export class FunctionHost<E extends Engine> {
  readonly #app: App;
  readonly #source: SourceOf<E>;
  readonly #options: FunctionOptions<E>;
  readonly #clock = new InvocationClock();
  readonly #notices = new Notices(this.#clock);
  readonly #complaints = new Complaints();
  readonly #measures = new Measures();
  #started: Promise<Started<E>> | undefined;
  #settingsAt = 0;
  #timeLeftMs: () => number = () => 0;

  constructor(app: App, source: SourceOf<E>, options: FunctionOptions<E>) {
    this.#app = app;
    this.#source = source;
    this.#options = options;
  }

  /** To the app's own hook, if it has one, else to the log. */
  readonly complain: OnError = (error, where) => {
    const { onError } = this.#app.options;
    if (!onError) return this.#complaints.say(error, where);
    try {
      onError(error, where);
    } catch (thrown) {
      this.#complaints.say(thrown, where);
    }
  };

  /** Of what ended an invocation: to the log in any case. */
  async report(error: unknown): Promise<void> {
    this.#complaints.say(error);
    await this.#complaints.said();
  }

  /** `until`: when whoever waits for the answer goes away, if that may be before the function's end. */
  async invoke<T>(
    context: FunctionContext,
    run: (invocation: Invocation<E>) => Promise<T>,
    until = Number.POSITIVE_INFINITY,
  ): Promise<T> {
    this.#clock.begin();
    this.#complaints.begin(context);
    const wholeMs = context.getRemainingTimeInMillis();
    const cutMs = Math.max(0, wholeMs - Math.max(0, until - this.#clock.now()));
    this.#timeLeftMs = () => Math.max(0, context.getRemainingTimeInMillis() - cutMs - COMMIT_MS);
    const alarm = alarmIn(wholeMs - cutMs);
    try {
      return await Promise.race([this.#run(context, run, alarm.nearlyLate), alarm.late]);
    } finally {
      await Promise.race([this.#settled(), alarm.late, alarm.in(SETTLE_MS)]).catch(() => undefined);
      alarm.cancel();
    }
  }

  async #run<T>(
    context: FunctionContext,
    run: (invocation: Invocation<E>) => Promise<T>,
    nearlyLate: Promise<void>,
  ): Promise<T> {
    if (this.#options.measured) this.#measures.begin();
    const { running, engine, pusher, pushes } = await this.#start(context);
    await this.#readSettings(running);
    const { complain } = this;
    return run({
      running,
      engine,
      pusher,
      pushes,
      complain,
      nearlyLate,
      leaseMs: () => context.getRemainingTimeInMillis() + LEASE_BEYOND_MS,
      notices: this.#notices,
      timeLeftMs: this.#timeLeftMs,
    });
  }

  /** Begun again by the next invocation if it fails. */
  #start(context: FunctionContext): Promise<Started<E>> {
    this.#started ??= this.#open(context).catch((error) => {
      this.#started = undefined;
      const why = error instanceof Error ? error.message : String(error);
      throw new NotStarted(`The app could not be started: ${why}`, { cause: error });
    });
    return this.#started;
  }

  async #open(context: FunctionContext): Promise<Started<E>> {
    const opened = Promise.withResolvers<ReturnType<typeof watched<E>>>();
    const source = this.#source;
    const engine: EngineSource = {
      name: source.name,
      limits: source.limits,
      open: async (host) => {
        const watch = watched(await source.open(host));
        opened.resolve(watch);
        return watch.engine;
      },
    };
    const { role, streams = false, measured, pusher: pusherOf } = this.#options;
    const running = await spillway({ ...this.#app.options, engine }).start({
      node: `${context.functionName}-${context.logStreamName.slice(-8)}`,
      adminToken: adminTokenOf(process.env),
      boundToLoopback: false,
      clock: this.#clock,
      notifier: this.#notices,
      // The first invocation has all of a function's time, but for what its start takes.
      leaseMs: context.getRemainingTimeInMillis() + LEASE_BEYOND_MS,
      timeLeftMs: () => this.#timeLeftMs(),
      unseenMs: unseenMsOf(process.env),
      onError: this.complain,
      onFatal: endAtOnce,
      role,
      streams,
      parallel: parallelOf(process.env),
      ...(measured && { meter: this.#measures.meter }),
    });
    const { engine: watchedEngine, idle } = await opened.promise;
    this.#settingsAt = this.#clock.now();
    const pusher = pusherOf?.({
      engine: watchedEngine,
      running,
      clock: this.#clock,
      onError: this.complain,
    });
    const pushes = new Pushes(this.#notices, pusher);
    return { running, engine: watchedEngine, idle, pusher, pushes };
  }

  /** What operators changed is in force a minute later. */
  async #readSettings(running: RunningApp): Promise<void> {
    if (this.#options.role === "status" || this.#clock.now() - this.#settingsAt < SETTINGS_MS) return;
    this.#settingsAt = this.#clock.now();
    await running.readSettings().catch(this.complain);
  }

  async #settled(): Promise<void> {
    const started = await this.#started?.catch(() => undefined);
    await started?.idle();
    if (this.#options.measured) await this.#measures.write();
    await this.#complaints.said();
  }
}

/** They also keep the process at work: what waits for timers alone would end it. */
function alarmIn(ms: number) {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const { promise: nearlyLate, resolve } = Promise.withResolvers<void>();
  const error = new SpillwayError(
    "handler-timeout",
    "The function's time is over; what it was asked was given up.",
  );
  const timers = [
    setTimeout(resolve, Math.max(0, ms - NEARLY_LAST_MS)),
    setTimeout(() => reject(error), Math.max(0, ms - LAST_MS)),
  ];
  late.catch(() => undefined);
  return {
    late,
    nearlyLate,
    in: (moreMs: number) => new Promise<void>((resolve) => timers.push(setTimeout(resolve, moreMs))),
    cancel: () => {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** EX_SOFTWARE of sysexits.h; the platform starts another process. */
const STORAGE_FAILED = 70;

function endAtOnce(error: Error): never {
  process.stderr.write(`spillway: storage can promise nothing more, ending: ${error.message}\n`);
  process.exit(STORAGE_FAILED);
}
