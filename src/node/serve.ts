/**
 * `serve(app)`: an app on one port of this machine, HTTP and WebSocket, from its start to the end of the process.
 * Says where things are, drains on a signal, and ends at once when storage can promise nothing more.
 */
import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { hostname } from "node:os";
import type { App, RunningApp } from "../app/app.ts";
import type { ErrorPlace } from "../core/runtime.ts";
import { type KeptToken, keptAdminToken } from "./admin-token.ts";
import { atMostSome, describe } from "./complaints.ts";
import { ConsoleDoor, consoleFolder, isBuilt } from "./console.ts";
import { hostRuleOf } from "./framing.ts";
import { refuseWhileImporting } from "./importing.ts";
import { Listener } from "./listener.ts";
import { ReportsFolder } from "./reports.ts";
import {
  isEveryAddress,
  listenError,
  type ServeOptions,
  type Settings,
  settingsOf,
  urlOf,
} from "./settings.ts";

export type Served = {
  readonly url: string;
  readonly port: number;
  /** Drains as on SIGTERM, without the delay before it; the process goes on. Resolves when all is closed. */
  readonly close: () => Promise<void>;
};

const DOES = {
  gateway: "gateway; answers calls and queues them, and runs no queued job",
  worker: "worker; runs queued jobs, and takes no calls",
  status: "status; shows receipts, and takes no calls",
} as const;

/** EX_SOFTWARE of sysexits.h: whoever restarts processes should restart this one. */
const STORAGE_FAILED = 70;
const GUESSABLE_CHARACTERS = 16;

/** @throws SpillwayError `configuration`: nothing was started. */
export async function serve(app: App, options: ServeOptions = {}): Promise<Served> {
  refuseWhileImporting();
  const settings = settingsOf(options, process.env);
  const complain = atMostSome(settings.complain);
  const isShared = app.options.engine?.limits.singleOwner === false;
  const running = await app.start({
    node: nodeName(isShared),
    machine: hostname(),
    role: settings.role,
    adminToken: settings.adminToken,
    boundToLoopback: settings.boundToLoopback,
    reports: settings.reports === undefined ? undefined : new ReportsFolder(settings.reports),
    onFatal: endAtOnce,
    onError: (error, where) =>
      complain(`${where ? placeOf(where) : "Behind the scenes"}: ${describe(error)}`),
    onNews: complain,
  });
  const listener = new Listener({
    door: hasConsole(settings) ? new ConsoleDoor(running.door, consoleFolder()) : running.door,
    hostRule: hostRuleOf(settings.hosts, settings.boundToLoopback),
    keepAliveMs: settings.keepAliveMs,
    complain,
  });
  const { token, port } = await begin(running, listener, settings);
  const url = urlOf(settings.host, port);

  const stop = stopper(running, listener, settings);
  const ended = settings.signals ? drainOnSignal(stop, settings) : () => undefined;
  // Last: whoever waits for these lines may send a signal next.
  const admin = settings.role === "status" ? [] : adminLines(settings, token, isShared);
  for (const line of greeting(url, running, settings, admin)) settings.log(line);
  return {
    url,
    port,
    close: () => {
      ended();
      return stop(0);
    },
  };
}

/** Containers may share a host's name, and each has a process 1. */
function nodeName(isShared: boolean): string {
  const own = `${hostname()}-${process.pid}`;
  return isShared ? `${own}-${randomBytes(2).toString("hex")}` : own;
}

/** Everything it shows comes from the operators' routes, which a process that shows receipts has none of. */
function hasConsole({ console, role }: Settings): boolean {
  return console && role !== "status";
}

function placeOf({ operation, id, attempt }: ErrorPlace): string {
  return `${operation} failed, attempt ${attempt} of ${id}`;
}

/** What is begun and fails is ended again: a store left open would be locked for the next try. */
async function begin(running: RunningApp, listener: Listener, settings: Settings) {
  try {
    const { folder } = running;
    const token =
      settings.adminToken === undefined && folder !== undefined ? keptAdminToken(folder) : undefined;
    if (token !== undefined) running.acceptAdminToken(token.token);
    const { port } = await listener.listen(settings.port, settings.host);
    return { token, port };
  } catch (error) {
    running.beginDrain();
    await running.finishWork(0);
    await running.close();
    throw listenError(error as NodeJS.ErrnoException, settings);
  }
}

function adminLines({ adminToken }: Settings, kept: KeptToken | undefined, isShared: boolean) {
  if (adminToken === undefined) {
    const none = `none; set SPILLWAY_ADMIN_TOKEN ${isShared ? "to the same on every node" : "to have one"}`;
    return [`Admin token: ${kept ? `in ${kept.file}` : none}`];
  }
  const guessable = "The admin token is short enough to be guessed. Make one by: openssl rand -hex 32";
  return [
    "Admin token: the one that was set",
    ...(adminToken.length < GUESSABLE_CHARACTERS ? [guessable] : []),
  ];
}

function greeting(url: string, running: RunningApp, settings: Settings, admin: readonly string[]) {
  const reach =
    settings.boundToLoopback || settings.hosts !== undefined
      ? []
      : ["Any Host header is answered. Name yours in serve(app, { hosts }) to refuse others."];
  return [
    `Listening on ${url}${isEveryAddress(settings.host) ? " and every other address of this machine." : ""}`,
    ...(settings.role === "all" ? [] : [`Role: ${DOES[settings.role]}`]),
    ...(hasConsole(settings) && isBuilt(consoleFolder()) ? [`Console: ${url}/console/`] : []),
    `Data: ${running.location}`,
    ...admin,
    ...reach,
    ...running.notes,
  ];
}

/** Once, however often it is asked for. */
function stopper(running: RunningApp, listener: Listener, { limitMs }: Settings) {
  let stopped: Promise<void> | undefined;
  const run = async (delayMs: number): Promise<void> => {
    running.beginDrain();
    // So that a load balancer sees it, and sends its requests elsewhere, while they are all still served.
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    // Still accepting: what cannot run here any more gets its receipt here.
    await running.finishWork(limitMs);
    await listener.close();
    await running.close();
  };
  return (delayMs: number): Promise<void> => {
    stopped ??= run(delayMs);
    return stopped;
  };
}

/** Ends the process when the drain has ended. Returns what takes the signals off again. */
function drainOnSignal(stop: (delayMs: number) => Promise<void>, settings: Settings): () => void {
  let draining = false;
  const drain = async (signal: NodeJS.Signals): Promise<void> => {
    settings.log(`${signal}: draining. Running handlers have ${settings.limitMs / 1_000} s to end.`);
    try {
      await stop(settings.delayMs);
      settings.log("Drained.");
      process.exit(0);
    } catch (thrown) {
      settings.complain(`The drain failed: ${describe(thrown)}`);
      process.exit(1);
    }
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (draining) return;
    draining = true;
    void drain(signal);
  };
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  return () => process.off("SIGTERM", onSignal).off("SIGINT", onSignal);
}

/**
 * Within this turn of the event loop: a reply that waits for the store must not leave any more. The console could
 * be a pipe and would write later.
 */
function endAtOnce(error: Error): never {
  const line = `spillway: storage can promise nothing more, ending: ${describe(error.message)} Restart it; what was accepted is kept.\n`;
  try {
    writeSync(process.stderr.fd, line);
  } catch {
    // Nobody reads it, or not now; ending is what matters.
  }
  process.exit(STORAGE_FAILED);
}
