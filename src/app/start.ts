/** Wires a running app: engine, committer, gate, worker and door. Decides nothing. */
import { inProcess } from "../core/attempt.ts";
import { systemClock } from "../core/clock.ts";
import { Committer } from "../core/committer.ts";
import { Drain } from "../core/drain.ts";
import type { EngineHost } from "../core/engine.ts";
import { Gate } from "../core/gate.ts";
import { Ids } from "../core/ids.ts";
import { LiveRuns } from "../core/live.ts";
import { Meter } from "../core/meter.ts";
import { LocalNotifier } from "../core/notifier.ts";
import { DEFAULT_CONCURRENCY, type Operation } from "../core/operation.ts";
import { Outage } from "../core/outage.ts";
import { systemRandom } from "../core/random.ts";
import type { OnError, Role, Runtime, Store } from "../core/runtime.ts";
import { readSettings } from "../core/settings.ts";
import { storeClock } from "../core/store-clock.ts";
import type { SpillwayDoor } from "../door/door.ts";
import type { Door } from "../door/exchange.ts";
import { Gatekeeper } from "../door/identity.ts";
import { Quotas } from "../door/quotas.ts";
import { SocketTexts } from "../door/socket/texts.ts";
import { Deliveries } from "../worker/deliveries.ts";
import type { Keeper } from "../worker/keeper.ts";
import type { Worker } from "../worker/worker.ts";
import type { AppHost, RunningApp } from "./app.ts";
import { type Configuration, checkRole, specsOf } from "./configuration.ts";
import type { Sharing } from "./sharing.ts";

const LEASE_MS = 30_000;

export async function start(configuration: Configuration, host: AppHost): Promise<RunningApp> {
  const { options, operations, origins } = configuration;
  const { role = "all", reports, streams } = host;
  // What a function is to do was decided when its template was made.
  if (host.timeLeftMs === undefined) checkRole(role, options.engine);
  const alone = await runtimeOf(configuration, host);
  // Who shows receipts runs nothing, and need not be allowed to write.
  const sharing = host.timeLeftMs || role === "status" ? undefined : await sharingOf(alone);
  const runtime: Runtime = { ...alone, grants: sharing?.grants };
  const { store, clock } = runtime;
  const gatekeeper = new Gatekeeper(options.authenticate, host.adminToken, host.boundToLoopback);
  const quotas = options.quota && new Quotas(options.quota, clock);
  const opened = once(async () => {
    const { SpillwayDoor } = await import("../door/door.ts");
    return new SpillwayDoor(runtime, gatekeeper, origins, { quotas, reports, role, streams });
  });
  const door = role === "worker" ? undefined : await opened();
  const restored = await restoredOrClosed(runtime, role);
  const notes = [...defaultsOf(operations), ...(store?.engine.notes ?? []), ...restored];
  const stays = host.timeLeftMs === undefined && role !== "status";
  const keeper = store && stays ? await keeperOf(runtime, store) : undefined;
  const worker = store && stays && role !== "gateway" ? await workerOf(runtime, store) : undefined;
  if (worker) store?.engine.listen?.([...operations.keys()]);
  await sharing?.start();
  keeper?.start();
  worker?.start();
  return {
    door: door ?? late(opened),
    detached: async () => (await opened()).detached,
    texts: new SocketTexts(runtime),
    location: store?.engine.location ?? "nowhere: this app has no engine",
    folder: store?.engine.folder,
    notes,
    slots: (operation) => runtime.gate.budgets(operation),
    deliveries: store && new Deliveries(runtime, store, host.parallel ?? Number.POSITIVE_INFINITY),
    readSettings: () => readSettings(runtime),
    acceptAdminToken: (token) => gatekeeper.acceptAdminToken(token),
    beginDrain: () => {
      if (door) door.unready();
      else void opened().then((late) => late.unready());
    },
    finishWork: async (limitMs) => {
      runtime.drain.begin();
      worker?.stopClaims();
      const limit = clock.after(limitMs, () => runtime.live.stopAll());
      await worker?.finish();
      await runtime.live.idle();
      limit.cancel();
      // Nothing holds a lease any more.
      keeper?.stop();
    },
    close: async () => {
      await store?.committer.drained();
      await sharing?.stop();
      await store?.engine.close();
    },
  };
}

/** Not in the code of a function, which does not stay. */
async function keeperOf(runtime: Runtime, store: Store): Promise<Keeper> {
  const { Keeper } = await import("../worker/keeper.ts");
  return new Keeper(runtime, store);
}

/** Nor this: it is handed its jobs. */
async function workerOf(runtime: Runtime, store: Store): Promise<Worker> {
  const { Worker } = await import("../worker/worker.ts");
  return new Worker(runtime, store);
}

/** None where the store is this process's alone. Not in the code of a function, which could not say that it is alive. */
async function sharingOf(runtime: Runtime): Promise<Sharing | undefined> {
  const { engine } = runtime.store ?? {};
  if (!engine?.share || engine.limits.singleOwner) return undefined;
  const { Sharing } = await import("./sharing.ts");
  return new Sharing(runtime, engine, engine.share);
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Loaded when somebody comes: most who only run jobs are never asked anything, and start sooner without it. */
function late(opened: () => Promise<SpillwayDoor>): Door {
  return {
    handle: async (request) => (await opened()).handle(request),
    upgrade: async (request) => (await opened()).upgrade(request),
  };
}

async function runtimeOf({ options, operations }: Configuration, host: AppHost): Promise<Runtime> {
  const { clock: own = systemClock(), random = systemRandom(), notifier = new LocalNotifier() } = host;
  const hint: EngineHost["hint"] = (topic, name, dueAt) => notifier.publish(topic, name, dueAt);
  const readsOnly = host.role === "status";
  const engine = await options.engine?.open({ clock: own, random, onFatal: host.onFatal, hint, readsOnly });
  const clock = engine?.skewMs ? storeClock(own, () => engine.skewMs?.() ?? 0) : own;
  const onError = guarded(options.onError ?? host.onError ?? (() => {}));
  const stays = host.timeLeftMs === undefined;
  const outage = stays ? new Outage(own, onError, host.onNews ?? (() => {})) : undefined;
  const { meter = (_operation: string) => new Meter(clock) } = host;
  return {
    operations,
    store: engine && { engine, committer: new Committer(engine, clock, notifier) },
    notifier,
    drain: new Drain(),
    clock,
    random,
    node: host.node,
    self: {
      id: host.node,
      host: host.machine ?? host.node,
      role: host.role ?? "all",
      startedAt: clock.now(),
    },
    leaseMs: host.leaseMs ?? LEASE_MS,
    timeLeftMs: host.timeLeftMs,
    unseenMs: host.unseenMs ?? 0,
    gate: new Gate(specsOf(operations), clock),
    // Progress is shown by the process that makes it, so that one which shows nothing meanwhile tells nobody of it.
    live: new LiveRuns(host.timeLeftMs ? new LocalNotifier() : notifier, clock),
    ids: new Ids(clock, random, engine?.lastSequence),
    executor: inProcess,
    meters: new Map([...operations.keys()].map((name) => [name, meter(name, clock)])),
    onError: outage?.onError ?? onError,
    outage,
  };
}

/** A hook of the app's that throws must not take the server down. */
function guarded(onError: OnError): OnError {
  return (error, where) => {
    try {
      onError(error, where);
    } catch {
      // There is nobody left to tell.
    }
  };
}

/** A store that cannot be read at the start is not left open, and locked for the next try. */
async function restoredOrClosed(runtime: Runtime, role: Role): Promise<readonly string[]> {
  try {
    // Receipts are under no setting, and who shows them runs no job.
    if (role === "status") return [];
    await readSettings(runtime);
    // Nobody reads the notes of a process that comes and goes.
    return runtime.timeLeftMs ? [] : await unserved(runtime);
  } catch (error) {
    await runtime.store?.engine.close();
    throw error;
  }
}

/** Jobs whose operation is gone are left, and said. */
async function unserved({ store, operations }: Runtime): Promise<readonly string[]> {
  if (!store) return [];
  const figures = await store.engine.figures();
  const left = figures.filter(({ operation, queued }) => queued > 0 && !operations.has(operation));
  return left.map(
    ({ operation, queued }) =>
      `${queued} queued ${queued === 1 ? "job" : "jobs"} of "${operation}" left alone: no such operation is registered.`,
  );
}

function defaultsOf(operations: ReadonlyMap<string, Operation>): readonly string[] {
  const unlimited = specsOf(operations).filter(({ declaresLimits }) => !declaresLimits);
  const names = unlimited.map(({ name }) => name).join(", ");
  return names === "" ? [] : [`No limits declared, so ${DEFAULT_CONCURRENCY} at once each: ${names}.`];
}
