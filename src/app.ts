/**
 * `spillway({ operations, engine })`: the composition root. Checks the whole configuration, and wires core, door
 * and worker together when it is started. Knows no transport.
 */
import type { Clock } from "./core/clock.ts";
import type { Random } from "./core/random.ts";
import type { Door } from "./door/exchange.ts";

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
  readonly clock?: Clock;
  readonly random?: Random;
};

export type App = {
  readonly kind: "app";
  readonly start: (host: AppHost) => Promise<RunningApp>;
};

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
  /** No more claims and no more calls at once; sockets are told to go. Resolves when every handler has ended, or, after the limit, was released. */
  readonly finishWork: (limitMs: number) => Promise<void>;
  /** Commits what waits and closes the store. */
  readonly close: () => Promise<void>;
};
