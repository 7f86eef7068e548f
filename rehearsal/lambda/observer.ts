/**
 * Loaded into the functions' processes, and changes nothing they do: tells when the example's stand-in for a database
 * is in use. That it sleeps is its whole work, for a time that nothing else sleeps; the machine's one monotonic clock
 * orders what processes tell.
 */
import { writeSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

const marked = Number(process.env["ORDERS_DB_LATENCY_MS"]);
const sleep = timers.setTimeout;
let uses = 0;

function tell(what: "begin" | "end", use: number): void {
  writeSync(3, `${what} ${use} ${process.hrtime.bigint()}\n`);
}

timers.setTimeout = async <T = void>(
  delay?: number,
  value?: T,
  options?: Parameters<typeof sleep>[2],
): Promise<T> => {
  if (delay !== marked) return sleep(delay, value, options);
  const use = ++uses;
  tell("begin", use);
  try {
    return await sleep(delay, value, options);
  } finally {
    tell("end", use);
  }
};
syncBuiltinESMExports();
