/** The options of `serve`, completed from the environment and from defaults. Refuses what cannot be meant. */
import { existsSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { type Duration, durationMs } from "../core/duration.ts";
import { configurationError } from "../core/errors.ts";
import { ROLES, type Role } from "../core/runtime.ts";
import { isBearerToken } from "../door/bearer.ts";
import { isLoopbackAddress } from "./connection.ts";
import { KEEP_ALIVE_MS } from "./limits.ts";

export type ServeOptions = {
  /** 3000, or the environment's PORT. 0 takes a free one. */
  readonly port?: number;
  /** 127.0.0.1, or the environment's HOST. */
  readonly host?: string;
  /** Whoever shows it is an administrator; or the environment's SPILLWAY_ADMIN_TOKEN. */
  readonly adminToken?: string;
  /**
   * What this process does, where several share a store: `gateway` answers and queues, `worker` runs what is queued,
   * `status` shows receipts. `all`, or the environment's SPILLWAY_ROLE.
   */
  readonly role?: Role;
  /** The Host headers that are answered, as `name` or `name:port`. By default any, or on loopback only its own. */
  readonly hosts?: readonly string[];
  /** Whether SIGTERM and SIGINT drain and end the process. By default they do. */
  readonly signals?: boolean;
  readonly drain?: {
    /** How long readiness is denied before anything else changes; 1s by default. */
    readonly delay?: Duration;
    /** How long running handlers may take to end; 25s by default. */
    readonly limit?: Duration;
  };
  /**
   * How long an idle connection is kept, as replies announce it: 4s by default. Set it longer than a load balancer keeps
   * its own where that cannot be told to keep them for less, or now and then it sends a request into a closed one.
   */
  readonly keepAlive?: Duration;
  /** Whether the console is served at /console/. By default it is. */
  readonly console?: boolean;
  /** A folder of flow reports, for the console to show. None by default; it need not be there yet. */
  readonly reports?: string;
  /** Takes lines for people, instead of the console. */
  readonly log?: (line: string) => void;
};

export type Settings = {
  readonly port: number;
  readonly host: string;
  readonly boundToLoopback: boolean;
  readonly adminToken: string | undefined;
  readonly role: Role;
  readonly hosts: readonly string[] | undefined;
  readonly signals: boolean;
  readonly delayMs: number;
  readonly limitMs: number;
  readonly keepAliveMs: number;
  readonly console: boolean;
  readonly reports: string | undefined;
  readonly log: (line: string) => void;
  readonly complain: (line: string) => void;
};

const DEFAULT_PORT = 3000;
const LONGEST_KEEP_ALIVE_MS = 3_600_000;
const HOSTS =
  "Set HOST, --host or serve(app, { host }) to 127.0.0.1 for this machine only, or to 0.0.0.0 for all of its addresses.";

export function settingsOf(options: ServeOptions, environment: NodeJS.ProcessEnv): Settings {
  const host = hostOf(options.host ?? (environment["HOST"] || "127.0.0.1"));
  return {
    port: portOf(options.port ?? (environment["PORT"] || DEFAULT_PORT)),
    host,
    boundToLoopback: host === "localhost" || isLoopbackAddress(host),
    adminToken: tokenOf(options.adminToken ?? (environment["SPILLWAY_ADMIN_TOKEN"] || undefined)),
    role: roleOf(options.role ?? (environment["SPILLWAY_ROLE"] || "all")),
    hosts: options.hosts,
    signals: options.signals ?? true,
    delayMs: durationMs(options.drain?.delay ?? "1s", "drain.delay"),
    limitMs: durationMs(options.drain?.limit ?? "25s", "drain.limit"),
    keepAliveMs: keepAliveOf(options.keepAlive),
    console: options.console ?? true,
    reports: reportsOf(options.reports),
    log: options.log ?? writerTo(process.stdout),
    complain: options.log ?? writerTo(process.stderr),
  };
}

function hostOf(given: string): string {
  if (given.trim() !== "") return given;
  throw configurationError(`The host is ${JSON.stringify(given)}, which is none.`, HOSTS);
}

function portOf(given: number | string): number {
  const port = typeof given === "string" && !/^\d+$/.test(given) ? Number.NaN : Number(given);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw configurationError(
    `The port is ${JSON.stringify(given)}, which is none.`,
    "Give a whole number from 0 to 65535, as PORT, --port or serve(app, { port }).",
  );
}

function tokenOf(given: string | undefined): string | undefined {
  if (given === undefined || isBearerToken(given)) return given;
  throw configurationError(
    "The admin token has characters that a bearer token cannot have.",
    "Set SPILLWAY_ADMIN_TOKEN to letters, digits and - . _ ~ + /, for example what this prints: openssl rand -hex 32.",
  );
}

function roleOf(given: string): Role {
  const role = ROLES.find((known) => known === given);
  if (role) return role;
  throw configurationError(
    `The role is ${JSON.stringify(given)}, which is none.`,
    `Give ${ROLES.join(", ")}, as SPILLWAY_ROLE, --role or serve(app, { role }).`,
  );
}

function keepAliveOf(given: Duration | undefined): number {
  if (given === undefined) return KEEP_ALIVE_MS;
  const ms = durationMs(given, "keepAlive");
  // It is announced in whole seconds.
  if (ms >= 1_000 && ms <= LONGEST_KEEP_ALIVE_MS && ms % 1_000 === 0) return ms;
  throw configurationError(
    `keepAlive is ${JSON.stringify(given)}.`,
    'Give whole seconds from "1s" to "1h": a few more than a load balancer keeps an idle connection.',
  );
}

function reportsOf(folder: string | undefined): string | undefined {
  if (folder === undefined || !existsSync(folder) || statSync(folder).isDirectory()) return folder;
  throw configurationError(
    `reports is ${JSON.stringify(folder)}, which is no folder.`,
    "Give the folder in which spillway lab leaves its reports.",
  );
}

/** Why listening failed, and what to do. */
export function listenError(error: NodeJS.ErrnoException, { port, host }: Settings): Error {
  switch (error.code) {
    case "EADDRINUSE":
      return configurationError(
        `Port ${port} on ${host} is in use.`,
        `Stop what uses it, or choose another: PORT=${(port % 65_535) + 1}, --port or serve(app, { port }).`,
      );
    case "EACCES":
      return configurationError(
        `This user may not listen on port ${port}.`,
        "Choose one from 1024 up: PORT=3000, --port or serve(app, { port }).",
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return configurationError(`${JSON.stringify(host)} is no address of this machine.`, HOSTS);
    default:
      return error;
  }
}

/** Whoever read the lines may go away: that must not end the server, as an error that nobody hears would. */
function writerTo(stream: NodeJS.WriteStream): (line: string) => void {
  if (!stream.listeners("error").includes(ignore)) stream.on("error", ignore);
  return (line) => stream.write(`${line}\n`);
}

function ignore(): void {
  // There is nowhere left to say it.
}

export function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** Where to find a server that listens; an address that stands for all of them is of no use in a URL. */
export function urlOf(host: string, port: number): string {
  if (isEveryAddress(host)) return `http://localhost:${port}`;
  return isIP(host) === 6 ? `http://[${host}]:${port}` : `http://${host}:${port}`;
}
