/**
 * What clients ask of a site through its load balancer, in every flow and with every preference, and what they were
 * told; until they are told to stop. Judged afterwards by what handlers noted and what the store has.
 */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { type Answer, Client, type Headers } from "../../wire/support/client.ts";
import type { Receipt } from "../../wire/support/judge.ts";
import { eachOf, SECOND, until } from "../../wire/support/wait.ts";
import type { Run, Site } from "./site.ts";

type Kind = { readonly operation: string; readonly ms: number; readonly headers?: Headers };

/** Some are at work for so long that a restart meets them: of each kind, as they take turns. */
const LONG_MS = 1_500;
const LONG_EVERY = 41;
const KINDS: readonly Kind[] = [
  { operation: "work-request", ms: 5 },
  { operation: "work-event", ms: 5 },
  { operation: "work-spill", ms: 5 },
  { operation: "work-event", ms: 5, headers: { prefer: "wait=10" } },
  { operation: "work-spill", ms: 5, headers: { prefer: "respond-async" } },
];
/** Between two calls of one client, so that restarts and not the load are what is tried. */
const PACE_MS = 25;

export type Told = { readonly tag: string; readonly what: string; readonly answer: Answer | Error };

export class SiteLoad {
  readonly told: Told[] = [];
  readonly #client: Client;
  readonly #lanes: readonly Promise<void>[];
  #stopped = false;
  #count = 0;

  constructor(port: number, lanes: number) {
    this.#client = new Client(port).wide(lanes);
    this.#lanes = Array.from({ length: lanes }, () => this.#lane());
  }

  /** Resolves when the last call is answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#lanes);
  }

  /** Until so many more calls were answered. */
  async more(calls: number): Promise<void> {
    const enough = this.told.length + calls;
    await until(`${calls} more calls are answered`, () => this.told.length >= enough, 60 * SECOND);
  }

  close(): void {
    this.#client.close();
  }

  async #lane(): Promise<void> {
    while (!this.#stopped) {
      const number = this.#count++;
      const kind = KINDS[number % KINDS.length] as Kind;
      const { operation, headers = {} } = kind;
      const ms = number % LONG_EVERY === 0 ? LONG_MS : kind.ms;
      const tag = `t${number}`;
      const key = number % 3 === 0 ? { "idempotency-key": `"${tag}"` } : {};
      const answer = await this.#client
        .call(operation, { tag, ms }, { ...headers, ...key })
        .catch((e: Error) => e);
      this.told.push({ tag, what: `${operation} ${JSON.stringify(headers)}`, answer });
      await pause(PACE_MS);
    }
  }
}

/** Nobody was refused, and none of what they were told is untrue. */
export async function judge(site: Site, { told }: Pick<SiteLoad, "told">, client: Client): Promise<void> {
  const refused = told.filter(
    ({ answer }) => answer instanceof Error || answer.status < 200 || answer.status > 299,
  );
  assert.deepEqual(refused.slice(0, 10).map(gist), [], `${refused.length} of ${told.length} were refused`);
  const receipts = told.filter(({ answer }) => "status" in answer && answer.status === 202);
  await eachOf(receipts, 8, async ({ tag, answer }) => {
    const { id } = (answer as Answer).as<Receipt>();
    const receipt = await until(
      `the job of ${tag} has ended`,
      async () => {
        const found = (await client.receipt(id)).as<Receipt>();
        return ["succeeded", "failed", "cancelled"].includes(found.status) && found;
      },
      30 * SECOND,
    );
    assert.equal(receipt.status, "succeeded", `${tag}: ${JSON.stringify(receipt)}`);
  });
  const kept = await site.kept();
  const runs = Map.groupBy(await site.runs(), ({ tag }) => tag);
  for (const { tag } of told) {
    assert.ok(kept.has(tag), `${tag} was acknowledged, and its write is not there`);
    assert.equal(runs.get(tag)?.length, 1, `${tag} was run ${runs.get(tag)?.length} times`);
  }
}

function gist({ tag, what, answer }: Told): string {
  return `${tag} ${what}: ${answer instanceof Error ? answer.message : `${answer.status} ${answer.text}`}`;
}

/** The most runs that were under way at once, on all nodes. */
export function mostAtOnce(runs: readonly Run[]): number {
  const steps = runs.flatMap(({ begun, ended }) => [
    { at: begun, by: 1 },
    { at: ended ?? Number.POSITIVE_INFINITY, by: -1 },
  ]);
  // Who ends in the moment in which another begins has made room for it.
  steps.sort((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  return steps.reduce((most, { by }) => {
    now += by;
    return Math.max(most, now);
  }, 0);
}
