// Who makes the load: wrk where it is installed, a process of our own otherwise. wrk needs much less of the machine
// that it shares with the server, so rates measured by one and by the other must not be compared.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

export type Load = {
  /** With a status of 2xx. */
  readonly replies: number;
  readonly seconds: number;
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

export type Generator = {
  readonly name: string;
  readonly run: (url: string, connections: number, seconds: number) => Promise<Load>;
};

const execute = promisify(execFile);

/** 199 bytes: an order as they are. */
const body = JSON.stringify({
  sku: "lamp-with-green-shade",
  quantity: 2,
  customer: "Ada Lovelace, 12 St James's Square, London",
  note: "Leave it with the neighbour on the left if nobody opens the door by noon, and ring twice.",
}).padEnd(199);

export async function chooseGenerator(folder: string): Promise<Generator> {
  // `wrk -v` prints its version and ends with 1.
  const probe = await execute("wrk", ["-v"]).catch((error: { readonly stdout?: string }) => error);
  const version = /^wrk (\S+)/.exec(probe.stdout ?? "")?.[1];
  return version === undefined ? ownGenerator() : wrk(version, folder);
}

function ownGenerator(): Generator {
  return {
    name: "bench/load.ts (wrk is not installed)",
    run: async (url, connections, seconds) => {
      const script = join(import.meta.dirname, "load.ts");
      const args = [script, url, String(connections), String(seconds), body];
      const { stdout } = await execute(process.execPath, args, { timeout: (seconds + 10) * 1_000 });
      return JSON.parse(stdout) as Load;
    },
  };
}

function wrk(version: string, folder: string): Generator {
  const script = join(folder, "post.lua");
  writeFileSync(
    script,
    `wrk.method = "POST"\nwrk.body = ${JSON.stringify(body)}\nwrk.headers["Content-Type"] = "application/json"\n`,
  );
  return {
    name: `wrk ${version}`,
    run: async (url, connections, seconds) => {
      const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", "-s", script, url];
      const { stdout } = await execute("wrk", args, { timeout: (seconds + 10) * 1_000 });
      return loadOf(stdout);
    },
  };
}

export function loadOf(printed: string): Load {
  const number = (pattern: RegExp) => Number(pattern.exec(printed)?.[1] ?? 0);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(printed) ?? [];
  const refused = number(/Non-2xx or 3xx responses: (\d+)/);
  return {
    replies: number(/(\d+) requests in/) - refused,
    seconds: durationMs(/requests in ([\d.]+\w+)/.exec(printed)?.[1]) / 1_000,
    failures: refused + errors.slice(1).reduce((total, count) => total + Number(count), 0),
    p50Ms: durationMs(/\n\s+50%\s+(\S+)/.exec(printed)?.[1]),
    p99Ms: durationMs(/\n\s+99%\s+(\S+)/.exec(printed)?.[1]),
  };
}

function durationMs(text = "0ms"): number {
  const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 };
  const [, amount, unit = ""] = /^([\d.]+)(us|ms|s|m)$/.exec(text) ?? [];
  return Number(amount) * (units[unit] ?? Number.NaN);
}
