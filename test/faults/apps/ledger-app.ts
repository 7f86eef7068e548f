/**
 * The operations to be judged, on SQLite.
 *
 * Environment: LEDGER_PLANTED names a bug of ../planted/ to run with, LEDGER_DIE_AT the occasion at which that bug
 * ends the process, LEDGER_LEASE_MS makes every claim's lease so short.
 */
import { flushCompileCache } from "node:module";
import { spillway } from "spillway";
import { serve } from "spillway/node";
import { sqlite } from "spillway/sqlite";
import { planted } from "../planted/index.ts";
import { ledgerOperations } from "./ledger-operations.ts";

const folder = process.env["SPILLWAY_DATA"];
if (folder === undefined) throw new Error("Set SPILLWAY_DATA to the folder of the store.");

console.log(`Process ${process.pid}`);
await serve(
  spillway({
    operations: ledgerOperations,
    engine: planted(sqlite(folder), {
      bug: process.env["LEDGER_PLANTED"],
      dieAt: Number(process.env["LEDGER_DIE_AT"] ?? Number.POSITIVE_INFINITY),
      leaseMs: Number(process.env["LEDGER_LEASE_MS"] ?? 0),
    }),
    onError: () => {},
  }),
);
// A life that is killed would leave nothing of it, and the next would compile everything again.
flushCompileCache();
