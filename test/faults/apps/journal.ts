/**
 * When each run of a handler begins and ends, by the one clock that all processes of a machine share, in a file that
 * outlives the process: LEDGER_JOURNAL names it.
 */
import { openSync, writeSync } from "node:fs";

const path = process.env["LEDGER_JOURNAL"];
const file = path === undefined ? undefined : openSync(path, "a");
let runs = 0;

export function journaled<I, C, R>(
  handler: (input: I, context: C) => Promise<R>,
): (input: I, context: C) => Promise<R> {
  if (file === undefined) return handler;
  return async (input, context) => {
    const run = `${process.pid}.${runs++}`;
    const note = (what: "began" | "ended") => writeSync(file, `${process.hrtime.bigint()} ${what} ${run}\n`);
    note("began");
    try {
      return await handler(input, context);
    } finally {
      note("ended");
    }
  };
}
