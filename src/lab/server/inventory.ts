/** What the store holds when a lane is over: every job and every row, read in pages through the engine's port. */
import type { Engine } from "../../core/engine.ts";
import { JOB_STATUSES, type JobStatus } from "../../core/job.ts";
import type { JobCounts } from "../messages.ts";
import type { Ledger } from "./ledger.ts";

const JOBS_A_PAGE = 500;
const ROWS_A_PAGE = 1_000;
/** Where calls come from; any other origin is the id of the job that sent it. */
const CLIENTS: ReadonlySet<string> = new Set(["http", "socket", "batch"]);

type Tally = Record<JobStatus | "accepted", number>;

export async function takeInventory(
  engine: Engine,
  operation: string,
  ledger: Ledger,
): Promise<{ readonly jobs: JobCounts; readonly sent: JobCounts }> {
  for (const table of ledger.tables) await countRows(engine, table, ledger);
  ledger.foundAll();
  const jobs = emptyTally();
  const sent = emptyTally();
  let cursor: string | undefined;
  do {
    const page = await engine.list({ limit: JOBS_A_PAGE, ...(cursor !== undefined && { cursor }) });
    for (const job of page.items) {
      const isSent = !CLIENTS.has(job.details.origin);
      if (isSent) ledger.foundSent(job.id);
      // Nobody but the lab calls this server; its probe is a call that is answered at once, or is no job of ours.
      else if (job.operation !== operation) continue;
      const tally = isSent ? sent : jobs;
      tally.accepted++;
      tally[job.status]++;
    }
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return { jobs, sent };
}

async function countRows(engine: Engine, table: string, ledger: Ledger): Promise<void> {
  let after = "";
  for (;;) {
    const items = await engine.scan(table, after, ROWS_A_PAGE);
    for (const item of items) ledger.found(item);
    const last = items.at(-1);
    if (last === undefined || items.length < ROWS_A_PAGE) return;
    after = last.key;
  }
}

function emptyTally(): Tally {
  return Object.fromEntries(["accepted", ...JOB_STATUSES].map((name) => [name, 0])) as Tally;
}
