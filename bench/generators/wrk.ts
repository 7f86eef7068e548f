// wrk, and what it prints.
import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bodyOf } from "./body.ts";
import { execute, type Generator, type Load, type Work } from "./generator.ts";
import { requestHead } from "./http.ts";

export function wrkGenerator(version: string, folder: string): Generator {
  return {
    name: `wrk ${version}`,
    notes: [],
    run: async (url, work) => {
      const { connections, seconds } = work;
      const script = join(folder, "requests.lua");
      writeFileSync(script, scriptOf(url, work));
      const args = [
        "-t1",
        `-c${connections}`,
        `-d${seconds}s`,
        "--timeout",
        "30s",
        "--latency",
        "-s",
        script,
        url,
      ];
      const { stdout } = await execute("wrk", args, { timeout: (seconds + 10) * 1_000 });
      return loadOf(stdout);
    },
  };
}

/** The body's text is the same in JSON and in Lua, as it holds no escapes. */
export function scriptOf(url: string, { path, keyed = false, batch }: Work): string {
  const body = bodyOf(batch);
  const common = `wrk.method = "POST"\nwrk.body = [==[${body}]==]\nwrk.headers["Content-Type"] = "application/json"\n`;
  if (!keyed && !path.includes("{key}")) return common;
  const { host, hostname, port } = new URL(url);
  const head = requestHead(hostname, port, path, body) + (keyed ? `Idempotency-Key: {key}\r\n` : "");
  if (!head.includes(host)) throw new Error(`${url} names its port implicitly.`);
  return common + uniqueRequests(`${head}\r\n`);
}

/** Keys as clients make them, random and 36 characters long. The text is put together once but for the key. */
function uniqueRequests(head: string): string {
  const [before = "", after = ""] = head.split("{key}").map((part) => part.replaceAll("\r\n", "\\r\\n"));
  return `
math.randomseed(${randomInt(2 ** 31)})
local before = "${before}"
local after = "${after}" .. wrk.body
local random, format = math.random, string.format
local n = 0
request = function()
  n = n + 1
  return before .. format("%08x-%08x-%08x-%09x", random(0, 2147483647), random(0, 2147483647), random(0, 2147483647), n) .. after
end
`;
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
