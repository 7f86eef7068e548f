/**
 * `spillway({ operations, engine })`: the composition root. Checks the whole configuration before anything is
 * started, and wires core, door and worker together. Knows no transport.
 */
import { inProcess } from "./core/attempt.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import { Committer } from "./core/committer.ts";
import { Drain } from "./core/drain.ts";
import type { EngineSource } from "./core/engine.ts";
import { configurationError } from "./core/errors.ts";
import { Gate } from "./core/gate.ts";
import { Ids } from "./core/ids.ts";
import { LiveRuns } from "./core/live.ts";
import { Meter } from "./core/meter.ts";
import { LocalNotifier } from "./core/notifier.ts";
import { DEFAULT_CONCURRENCY, type Operation } from "./core/operation.ts";
import { type Random, systemRandom } from "./core/random.ts";
import type { OnError, Runtime, Store } from "./core/runtime.ts";
import { SpillwayDoor } from "./door/door.ts";
import type { Door } from "./door/exchange.ts";
import { type Authenticate, Gatekeeper } from "./door/identity.ts";
import { Origins } from "./door/origins.ts";
import { type QuotaOptions, Quotas } from "./door/quotas.ts";
import { Worker } from "./worker/worker.ts";

export type AppOptions = {
  readonly operations: readonly Operation[];
  /** `sqlite("./data")`, `memory()`. None is needed by an app of `request` operations without keys or tables. */
  readonly engine?: EngineSource;
  /** Who a caller is. Without it everyone is one anonymous principal, and a receipt's id is what gives access to it. */
  readonly authenticate?: Authenticate;
  /** Origins of pages that may call besides our own, e.g. "https://shop.example". */
  readonly allowedOrigins?: readonly string[];
  /** Calls that each principal may make in a window of time. Unbounded by default. */
  readonly quota?: QuotaOptions;
  /** Hears what handlers throw; callers never do. Written to stderr by `serve` by default. */
  readonly onError?: OnError;
};

/** What starts an app gives it. */
export type AppHost = {
  /** This process's name in the attempts of a job. */
  readonly node: string;
  /** `SPILLWAY_ADMIN_TOKEN`, if it is set. */
  readonly adminToken: string | undefined;
  /** Whether only this machine can reach the server. */
  readonly boundToLoopback: boolean;
  /** Storage can promise nothing more: end the process at once, with an exit code. */
  readonly onFatal: (error: Error) => void;
  /** Where errors of handlers go if the app does not say. */
  readonly onError?: OnError;
  readonly clock?: Clock;
  readonly random?: Random;
};

export type App = { readonly kind: "app"; readonly start: (host: AppHost) => Promise<RunningApp> };

export type RunningApp = {
  readonly door: Door;
  /** Where things are kept, for people. */
  readonly location: string;
  /** A private folder of the store's, if it has one. */
  readonly folder: string | undefined;
  /** What should be said at start: defaults that were chosen, jobs that nobody here serves. */
  readonly notes: readonly string[];
  /** Accepts this admin token besides; for one that is made after the start. */
  readonly acceptAdminToken: (token: string) => void;
  /** From now on not ready; everything is still served. */
  readonly beginDrain: () => void;
  /** Begins nothing more and tells sockets to go. Resolves when every handler has ended, or after the limit was told to. */
  readonly finishWork: (limitMs: number) => Promise<void>;
  /** Commits what waits and closes the store. */
  readonly close: () => Promise<void>;
};

const LEASE_MS = 30_000;

/** @example `const app = spillway({ operations: [placeOrder], engine: sqlite("./data") });` */
export function spillway(options: AppOptions): App {
  const operations = named(options.operations);
  checkEngine(options.operations, options.engine);
  const origins = new Origins((options.allowedOrigins ?? []).map(checkedOrigin));
  // Made once here only so that what is wrong with limits is said before anything is opened.
  new Gate(specsOf(operations), systemClock());
  return { kind: "app", start: (host) => start(options, operations, origins, host) };
}

async function start(
  options: AppOptions,
  operations: ReadonlyMap<string, Operation>,
  origins: Origins,
  host: AppHost,
): Promise<RunningApp> {
  const { clock = systemClock(), random = systemRandom(), onFatal } = host;
  const notifier = new LocalNotifier();
  const engine = await options.engine?.open({ clock, random, onFatal });
  const store: Store | undefined = engine && { engine, committer: new Committer(engine, clock, notifier) };
  const runtime: Runtime = {
    operations,
    store,
    notifier,
    drain: new Drain(),
    clock,
    random,
    node: host.node,
    leaseMs: LEASE_MS,
    gate: new Gate(specsOf(operations), clock),
    live: new LiveRuns(notifier),
    ids: new Ids(clock, random, engine?.lastSequence),
    executor: inProcess,
    meters: new Map([...operations.keys()].map((name) => [name, new Meter(clock)])),
    onError: options.onError ?? host.onError ?? (() => {}),
  };
  const gatekeeper = new Gatekeeper(options.authenticate, host.adminToken, host.boundToLoopback);
  const door = new SpillwayDoor(
    runtime,
    gatekeeper,
    origins,
    options.quota && new Quotas(options.quota, clock),
  );
  const notes = [...defaultsOf(operations), ...(await restored(runtime))];
  const worker = store && new Worker(runtime, store);
  worker?.start();
  return {
    door,
    location: engine?.location ?? "nowhere: this app has no engine",
    folder: engine?.folder,
    notes,
    acceptAdminToken: (token) => gatekeeper.acceptAdminToken(token),
    beginDrain: () => door.unready(),
    finishWork: async (limitMs) => {
      runtime.drain.begin();
      worker?.stopClaims();
      const limit = clock.after(limitMs, () => runtime.live.stopAll());
      await worker?.finish();
      await runtime.live.idle();
      limit.cancel();
    },
    close: async () => {
      await store?.committer.drained();
      await engine?.close();
    },
  };
}

/** Settings that operators made outlive a restart; jobs whose operation is gone are left, and said. */
async function restored({ store, gate, operations }: Runtime): Promise<readonly string[]> {
  if (!store) return [];
  for (const setting of await store.engine.settings()) gate.set(setting);
  const unserved = (await store.engine.figures()).filter(
    ({ operation, queued }) => queued > 0 && !operations.has(operation),
  );
  return unserved.map(
    ({ operation, queued }) =>
      `${queued} queued jobs of "${operation}" are left alone: no such operation is registered.`,
  );
}

function defaultsOf(operations: ReadonlyMap<string, Operation>): readonly string[] {
  const unlimited = specsOf(operations).filter(({ declaresLimits }) => !declaresLimits);
  const names = unlimited.map(({ name }) => name).join(", ");
  return names === "" ? [] : [`No limits declared, so ${DEFAULT_CONCURRENCY} at once each: ${names}.`];
}

function named(list: readonly Operation[]): ReadonlyMap<string, Operation> {
  const operations = new Map<string, Operation>();
  const routes = new Set<string>();
  for (const operation of list) {
    const { name, route } = operation.spec;
    if (operations.has(name))
      throw configurationError(`Two operations are called "${name}".`, "Give each its own name.");
    if (route !== undefined && routes.has(route))
      throw configurationError(`Two operations have the route ${route}.`, "Give each its own.");
    operations.set(name, operation);
    if (route !== undefined) routes.add(route);
  }
  return operations;
}

function checkEngine(operations: readonly Operation[], engine: EngineSource | undefined): void {
  for (const { spec } of operations) {
    if (!engine && spec.flow !== "request") {
      throw configurationError(
        `Operation "${spec.name}" has flow "${spec.flow}", and there is no engine to queue it in.`,
        'Give spillway({ … }) an engine, such as sqlite("./data"), or make the flow "request".',
      );
    }
    if (!engine && spec.keyRequired) {
      throw configurationError(
        `Operation "${spec.name}" requires keys, and there is no engine to keep them.`,
        "Add an engine.",
      );
    }
    if (engine && spec.inputBytes > engine.limits.inputBytes) {
      throw configurationError(
        `Operation "${spec.name}" takes ${spec.inputBytes} bytes, and ${engine.name} holds ${engine.limits.inputBytes}.`,
        "Lower inputBytes.",
      );
    }
  }
}

function checkedOrigin(origin: string): string {
  if (URL.canParse(origin) && new URL(origin).origin === origin) return origin;
  throw configurationError(
    `allowedOrigins has ${JSON.stringify(origin)}.`,
    'Write origins as browsers send them: "https://shop.example".',
  );
}

function specsOf(operations: ReadonlyMap<string, Operation>) {
  return [...operations.values()].map(({ spec }) => spec);
}
