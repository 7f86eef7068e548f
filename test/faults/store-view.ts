/** Reads a store from outside, by HTTP alone, once it is quiet: what `judge.ts` judges. */
import type { Asked, Question } from "./client.ts";
import type { StoreView, Unreadable } from "./judge.ts";
import { isFinal, type Ledger, type Receipt } from "./ledger.ts";

export type Reading = {
  /** Whether every receipt and job is read, or only what was not known to be final before. */
  readonly isFull: boolean;
  /** How long jobs may take to end. */
  readonly quietWithinMs?: number;
};

const QUIET_MS = 60_000;
const LOOK_AGAIN_MS = 50;
const TRIES = 5;
const READERS = 16;
const MOST_PAGES = 10_000;
const TALLIES = ["tally-spill", "tally-event", "tally-request"];

class CannotRead extends Error {}

export async function readStore(
  client: Asked,
  ledger: Ledger,
  { isFull, quietWithinMs = QUIET_MS }: Reading,
): Promise<StoreView | Unreadable> {
  try {
    const unfinished = await untilQuiet(client, quietWithinMs);
    const receipts = await readReceipts(client, ledger, isFull);
    const counters = await readRows(client, "counters");
    const echoes = await readRows(client, "echoes");
    const jobs = isFull
      ? (await Promise.all(TALLIES.map((name) => walkJobs(client, name)))).flat()
      : undefined;
    return {
      receipts,
      unfinished,
      counts: counters.rows,
      echoes: echoes.rows,
      totals: echoes.totals,
      ...(jobs && { jobs }),
    };
  } catch (error) {
    if (error instanceof CannotRead) return { unreadable: error.message };
    throw error;
  }
}

/** The jobs that were not over when the time was up. */
async function untilQuiet(client: Asked, withinMs: number): Promise<readonly string[]> {
  const until = performance.now() + withinMs;
  for (;;) {
    const unfinished: string[] = [];
    for (const status of ["queued", "running"]) {
      const { items } = await page(client, `/admin/jobs?status=${status}&limit=50`);
      unfinished.push(...items.map(({ id }) => id));
    }
    if (unfinished.length === 0 || performance.now() > until) return unfinished;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** By the receipts that were acknowledged; those seen to be final need another look only at the end. */
async function readReceipts(client: Asked, ledger: Ledger, isFull: boolean) {
  const receipts = new Map<string, Receipt | undefined>();
  const ids = [...ledger.owners.keys()];
  const left = ids.values();
  const reader = async () => {
    for (const id of left) {
      const floor = ledger.floor(id);
      if (!isFull && floor && isFinal(floor)) receipts.set(id, floor);
      else receipts.set(id, await readReceipt(client, ledger, id, floor));
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return receipts;
}

async function readReceipt(client: Asked, ledger: Ledger, id: string, floor: Receipt | undefined) {
  const { status, body } = await answer(client, { path: `/receipts/${id}` }, [200, 404]);
  if (status === 404) return undefined;
  const receipt = body as Receipt;
  ledger.observe(receipt, floor);
  return receipt;
}

async function readRows(client: Asked, table: "counters" | "echoes") {
  const rows = new Map<string, number>();
  let totals: StoreView["totals"] = { applied: 0, worth: 0, echoes: 0 };
  let after = "";
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const body = JSON.stringify({ table, after });
    const heard = await answer(client, { method: "POST", path: "/operations/audit", body }, [200]);
    const found = heard.body as { rows: [string, number][]; totals: Partial<typeof totals> | null };
    totals = { applied: 0, worth: 0, echoes: 0, ...found.totals };
    for (const [tag, count] of found.rows) rows.set(tag, count);
    const last = found.rows.at(-1);
    if (!last) return { rows, totals };
    after = last[0];
  }
  throw new CannotRead(`The rows of ${table} have no end.`);
}

async function walkJobs(client: Asked, operation: string) {
  const jobs: { id: string; tag: string }[] = [];
  let cursor: string | null = "";
  for (let pages = 0; pages < MOST_PAGES && cursor !== null; pages++) {
    const place: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { items, next }: Page = await page(client, `/admin/jobs?operation=${operation}&limit=500${place}`);
    jobs.push(...items.map(({ id, input }) => ({ id, tag: input.tag })));
    cursor = next;
  }
  return jobs;
}

type Page = {
  readonly items: readonly { readonly id: string; readonly input: { readonly tag: string } }[];
  readonly next: string | null;
};

async function page(client: Asked, path: string): Promise<Page> {
  for (let tries = 1; ; tries++) {
    const heard = await client.askAdmin(path);
    if (heard.kind === "answer" && heard.status === 200) return heard.body as Page;
    if (tries === TRIES) throw new CannotRead(`${path}: ${told(heard)}`);
  }
}

async function answer(client: Asked, question: Question, statuses: readonly number[]) {
  for (let tries = 1; ; tries++) {
    const heard = await client.ask(question);
    if (heard.kind === "answer" && statuses.includes(heard.status)) return heard;
    if (tries === TRIES) throw new CannotRead(`${question.path}: ${told(heard)}`);
  }
}

function told(heard: Awaited<ReturnType<Asked["ask"]>>): string {
  return heard.kind === "silence"
    ? heard.why
    : `${heard.status} ${JSON.stringify(heard.body)?.slice(0, 300)}`;
}
