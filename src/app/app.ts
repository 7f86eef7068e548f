/**
 * `spillway({ operations, engine })`: what an app is made of. The whole configuration is checked here, before
 * anything is opened; `start.ts` wires a running app. Knows no transport.
 */
import type { Room } from "../core/budget.ts";
import type { Clock } from "../core/clock.ts";
import type { EngineSource } from "../core/engine.ts";
import type { Meter } from "../core/meter.ts";
import type { Notifier } from "../core/notifier.ts";
import type { Operation } from "../core/operation.ts";
import type { Random } from "../core/random.ts";
import type { OnError, Role } from "../core/runtime.ts";
import type { Door } from "../door/exchange.ts";
import type { Authenticate } from "../door/identity.ts";
import type { QuotaOptions } from "../door/quotas.ts";
import type { Reports } from "../door/reports.ts";
import type { DetachedSockets } from "../door/socket/detached.ts";
import type { SocketTexts } from "../door/socket/texts.ts";
import type { Deliveries } from "../worker/deliveries.ts";
import { checkedConfiguration } from "./configuration.ts";
import { start } from "./start.ts";

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
  /** The machine it is on, for operators; its node's name by default. */
  readonly machine?: string;
  /** `SPILLWAY_ADMIN_TOKEN`, if it is set. */
  readonly adminToken: string | undefined;
  /** Whether only this machine can reach the server. */
  readonly boundToLoopback: boolean;
  /** Storage can promise nothing more: end the process at once, with an exit code. */
  readonly onFatal: (error: Error) => void;
  /** Where errors of handlers go if the app does not say. */
  readonly onError?: OnError;
  /** Hears that what was told as an error is over. */
  readonly onNews?: (text: string) => void;
  /** Flow reports that operators may look at. */
  readonly reports?: Reports | undefined;
  readonly clock?: Clock;
  readonly random?: Random;
  /** `all` by default. */
  readonly role?: Role;
  /**
   * Of a process that may be stopped as soon as it has answered, as a function is: how long it may still work on what
   * it was asked. Such a process looks for no work by itself and leaves nothing behind that goes on.
   */
  readonly timeLeftMs?: () => number;
  /** Delivered jobs that may run at once, whatever their limits allow; as many as those do by default. */
  readonly parallel?: number;
  /** For how long an attempt holds its job before it must say that it is alive; half a minute by default. */
  readonly leaseMs?: number;
  /**
   * How long a call may wait in a queue that a gateway fills by itself, before anybody sees it. Until then a receipt
   * that is not known, but says when it was accepted, may be one; by default there are none.
   */
  readonly unseenMs?: number;
  /** Hears of every change, and tells those who listen. Within the process by default. */
  readonly notifier?: Notifier;
  /** Counts an operation's attempts. By default for the admin's figures only. */
  readonly meter?: (operation: string, clock: Clock) => Meter;
  /** Whether a reply may go on after its headers. By default it may; where not, streams are refused. */
  readonly streams?: boolean;
};

export type App = {
  readonly kind: "app";
  /** As they were given: whoever wants the same app with another engine makes it of these. */
  readonly options: AppOptions;
  readonly start: (host: AppHost) => Promise<RunningApp>;
};

export type RunningApp = {
  readonly door: Door;
  /** Sockets for transports that keep none in memory. */
  readonly detached: () => Promise<DetachedSockets>;
  /** What such sockets are told of a job. */
  readonly texts: SocketTexts;
  /** Where things are kept, for people. */
  readonly location: string;
  /** A private folder of the store's, if it has one. */
  readonly folder: string | undefined;
  /** What should be said at start: defaults that were chosen, jobs that nobody here serves. */
  readonly notes: readonly string[];
  /** The slots of every budget that an operation is under, as they are at this moment. */
  readonly slots: (operation: string) => readonly Room[];
  /** Accepts this admin token besides; for one that is made after the start. */
  readonly acceptAdminToken: (token: string) => void;
  /** Runs jobs that are delivered rather than looked for; none without an engine. */
  readonly deliveries: Deliveries | undefined;
  /** What operators paused or limited elsewhere is in force here from then on. */
  readonly readSettings: () => Promise<void>;
  /** From now on not ready; everything is still served. */
  readonly beginDrain: () => void;
  /** Begins nothing more and tells sockets to go. Resolves when every handler has ended, or after the limit was told to. */
  readonly finishWork: (limitMs: number) => Promise<void>;
  /** Commits what waits and closes the store. */
  readonly close: () => Promise<void>;
};

/** @example `const app = spillway({ operations: [placeOrder], engine: sqlite("./data") });` */
export function spillway(options: AppOptions): App {
  const configuration = checkedConfiguration(options);
  return { kind: "app", options, start: (host) => start(configuration, host) };
}
