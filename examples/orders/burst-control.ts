/**
 * The operation `burst` from the server's side: starts the load in a process of its own, one at a time, so that a
 * console's button neither loads from a browser nor from the process that is to be seen under load.
 */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { ProblemError } from "spillway";
import * as z from "zod";

export const BurstOrder = z.strictObject({
  flow: z.enum(["request", "event", "spill", "all"]).default("all"),
  calls: z.int().min(1).max(50_000).default(6_000),
  perSecond: z.int().min(1).max(10_000).default(2_000),
  stop: z.boolean().optional(),
});
// Until somebody says where to send calls to: no console is to offer what would be refused.
z.globalRegistry.add(BurstOrder, { deprecated: true });

type BurstOrder = z.output<typeof BurstOrder>;

const OPERATIONS = {
  request: ["place-order-request"],
  event: ["place-order-event"],
  spill: ["place-order"],
  all: ["place-order-request", "place-order-event", "place-order"],
} as const;

export class Bursts {
  #url: string | undefined;
  #load: ChildProcess | undefined;

  /** Whoever serves the app knows where; until it says so there is nothing to send calls to. */
  servedAt(url: string): void {
    this.#url = url;
    z.globalRegistry.remove(BurstOrder);
  }

  start({ flow, calls, perSecond }: BurstOrder) {
    if (this.#url === undefined) {
      throw refused(
        "burst-unavailable",
        "This server does not know its own address",
        "Serve the example by npm start, or run npm run burst beside it.",
      );
    }
    if (this.#load !== undefined) {
      throw refused(
        "burst-running",
        "A burst is running",
        'Wait until it is over, or send { "stop": true }.',
      );
    }
    const load = fork(
      join(import.meta.dirname, "burst-load.ts"),
      [this.#url, String(calls), String(perSecond), ...OPERATIONS[flow]],
      // Not this process's flags: a debugger's port, for one, can be had only once.
      { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] },
    );
    const over = () => {
      if (this.#load === load) this.#load = undefined;
    };
    load.once("exit", over).once("error", over);
    this.#load = load;
    return { started: true, flow, calls, perSecond };
  }

  /** Whether there was one to stop. */
  stop() {
    const load = this.#load;
    this.#load = undefined;
    return { stopped: load?.kill() ?? false };
  }
}

function refused(code: string, title: string, detail: string): ProblemError {
  return new ProblemError({ status: 409, code, title, detail });
}
