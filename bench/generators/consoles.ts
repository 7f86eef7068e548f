// Open consoles, as far as a server can tell them from browsers: `node consoles.ts PLAN`, the plan as JSON. Each holds
// the stream of figures, and asks what its page asks again by itself. Prints one line of JSON.
import { setTimeout as sleep } from "node:timers/promises";

export type ConsolesPlan = { readonly url: string; readonly token: string; readonly seconds: number };
export type Watched = { readonly figures: number; readonly answers: number };

/** What the pages of the console ask, and how long after each answer they ask again. */
const PAGES: readonly { readonly path?: string; readonly everyMs: number }[] = [
  { everyMs: 60_000 },
  { path: "/admin/jobs?limit=50", everyMs: 3_000 },
  { path: "/admin/jobs?status=failed&limit=50", everyMs: 3_000 },
  { path: "/admin/dead-letters", everyMs: 3_000 },
  { path: "/admin/audit", everyMs: 5_000 },
];

const { url, token, seconds }: ConsolesPlan = JSON.parse(process.argv[2] ?? "");
const headers = { authorization: `Bearer ${token}` };
const until = performance.now() + seconds * 1_000;
const ended = AbortSignal.timeout(seconds * 1_000);
let figures = 0;
let answers = 0;

async function stream(): Promise<void> {
  const { body, status } = await fetch(`${url}/admin/live`, { headers, signal: ended });
  if (status !== 200 || body === null) throw new Error(`/admin/live answered ${status}.`);
  for await (const text of body.pipeThrough(new TextDecoderStream()))
    figures += text.split("event: figures").length - 1;
}

async function page({ path, everyMs }: (typeof PAGES)[number]): Promise<void> {
  while (path !== undefined && performance.now() < until) {
    const answer = await fetch(`${url}${path}`, { headers });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}.`);
    answers++;
    await sleep(Math.max(0, Math.min(everyMs, until - performance.now())));
  }
}

const unlessEnded = (error: unknown): void => {
  if (!ended.aborted) throw error;
};
await Promise.all(PAGES.flatMap((one) => [stream().catch(unlessEnded), page(one)]));
process.stdout.write(JSON.stringify({ figures, answers } satisfies Watched), () => process.exit(0));
