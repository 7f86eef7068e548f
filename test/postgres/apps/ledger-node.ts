/**
 * The operations to be judged, on a PostgreSQL that several nodes share.
 *
 * Environment: LEDGER_URL and LEDGER_SCHEMA of the store, LEDGER_LEASE_MS of every lease, LEDGER_PLANTED of a bug to
 * run with, LEDGER_DIE_AT of when it ends the process, SPILLWAY_ROLE.
 */
import { flushCompileCache } from "node:module";
import { spillway } from "spillway";
import { serve } from "spillway/node";
import { postgres } from "spillway/postgres";
import { ledgerOperations } from "../../faults/apps/ledger-operations.ts";
import { planted } from "../../faults/planted/index.ts";

const { LEDGER_URL, LEDGER_SCHEMA, LEDGER_LEASE_MS, LEDGER_PLANTED, LEDGER_DIE_AT } = process.env;
if (LEDGER_URL === undefined || LEDGER_SCHEMA === undefined)
  throw new Error("Set LEDGER_URL and LEDGER_SCHEMA to where the store is.");

console.log(`Process ${process.pid}`);
const app = spillway({
  operations: ledgerOperations,
  engine: planted(postgres(LEDGER_URL, { schema: LEDGER_SCHEMA }), {
    bug: LEDGER_PLANTED,
    dieAt: Number(LEDGER_DIE_AT ?? Number.POSITIVE_INFINITY),
    leaseMs: 0,
  }),
  onError: (error) => console.error(String(error)),
});
const leases = LEDGER_LEASE_MS === undefined ? {} : { leaseMs: Number(LEDGER_LEASE_MS) };
await serve({ ...app, start: (host) => app.start({ ...host, ...leases }) });
// A life that is killed would leave nothing of it, and the next would compile everything again.
flushCompileCache();
