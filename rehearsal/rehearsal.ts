/** One rehearsal: the deployment, the load, the wait for every end, a redrive, the verdict. */
import { setTimeout as sleep } from "node:timers/promises";
import { Faults } from "./faults/faults.ts";
import type { Instance } from "./lambda/instance.ts";
import { callsOf, makeCalls } from "./load/calls.ts";
import { Client, eachOf } from "./load/client.ts";
import { InUse } from "./load/in-use.ts";
import { type Breach, judge, type UsedLimit } from "./load/judge.ts";
import { isFinal, Ledger, type Receipt } from "./load/ledger.ts";
import { Listener } from "./load/listener.ts";
import { type Redriven, redriveOf } from "./load/redrive.ts";
import { jobsOf, viewOf } from "./load/view.ts";
import { ADMIN_TOKEN, openStage } from "./opened.ts";
import type { Options } from "./options.ts";
import type { Stage } from "./stage.ts";

const SOCKETS = 8;
/** Until every receipt has ended: a killed function's jobs come back when their lease has ended. */
const SETTLE_MS = 150_000;
const STATUS_WIDTH = 8;
const LONGEST_PAUSE_MS = 5_000;

export type Rehearsed = {
  readonly breaches: readonly Breach[];
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly stage: Stage;
  readonly listeners: readonly Listener[];
  readonly limits: readonly UsedLimit[];
  readonly redriven: Redriven;
  readonly seconds: {
    readonly start: number;
    readonly load: number;
    readonly settle: number;
    readonly judge: number;
  };
};

export async function rehearse(
  options: Options,
  template: string,
  say: (line: string) => void,
): Promise<Rehearsed> {
  const faults = new Faults(options.faults, options.seed);
  const inUse = new InUse();
  const began = performance.now();
  const stage = await openStage(options, template, faults, {
    onLine: (instance: Instance, line: string) => inUse.hear(instance.pid, line),
    onDeath: (instance: Instance) => inUse.died(instance.pid),
  });
  const client = new Client(stage.port, options.width + STATUS_WIDTH, ADMIN_TOKEN);
  const listeners = Array.from({ length: SOCKETS }, () => new Listener(stage.port));
  try {
    for (const listener of listeners) listener.open();
    const ledger = new Ledger();
    const run = `order-${options.seed}`;
    const calls = callsOf(options.calls, { run, direct: options.direct }, () => faults.chance());
    const opened = performance.now();
    say(`The template runs at http://127.0.0.1:${stage.port}. ${options.calls} calls …`);
    await makeCalls(calls, options.width, { client, ledger, listeners, faults });
    const loaded = performance.now();
    // Whose process is killed comes back when its lease has ended: later ones would only make this longer.
    faults.stop("kills");
    say(`Answered after ${seconds(loaded - opened)} s; ${ledger.open.length} receipts have not ended …`);
    await settled(ledger, client, say);
    const ended = performance.now();
    faults.stop(...faults.on);
    const redriven = await redriveOf(stage, client, ledger, run);
    await confirmed(client);
    const view = await viewOf(stage, client, run);
    const limits = [{ name: "orders-db", peak: inUse.peak, uses: inUse.uses, limit: await limitOf(client) }];
    const breaches = judge({
      entries: ledger.entries,
      view,
      limits,
      redriven,
      denied: Object.assign({}, ...stage.proxies.map(({ denied }) => denied)),
      pushesMustArrive: !["gone", "kills", "lost-responses"].some((name) => faults.on.has(name as never)),
    });
    const judged = performance.now();
    return {
      ...{ breaches, ledger, faults, stage, listeners, limits, redriven },
      seconds: {
        start: seconds(opened - began),
        load: seconds(loaded - opened),
        settle: seconds(ended - loaded),
        judge: seconds(judged - ended),
      },
    };
  } finally {
    for (const listener of listeners) listener.close();
    client.close();
    await stage.close();
  }
}

/** Asks for the state of what is polled, and waits for what the sockets hear, until all have ended or time is up. */
async function settled(ledger: Ledger, client: Client, say: (line: string) => void): Promise<void> {
  const until = performance.now() + SETTLE_MS;
  for (let round = 0; ledger.open.length > 0 && performance.now() < until; round++) {
    const polled = ledger.open.filter(({ follow }) => follow === "status");
    await eachOf(polled, STATUS_WIDTH, async (entry) => {
      const answer = await client.send(entry.path);
      const receipt = answer?.status === 200 ? (answer.body as Receipt) : undefined;
      if (receipt === undefined || !isFinal(receipt)) return;
      entry.final = receipt;
      entry.heardBy = "status";
    });
    if (round % 5 === 4) say(`${ledger.open.length} receipts have not ended …`);
    await sleep(Math.min(LONGEST_PAUSE_MS, 500 * (round + 1)));
  }
  // What no socket heard is looked up, to be judged for what it is; that it was not heard is a breach of its own.
  await eachOf(ledger.open, STATUS_WIDTH, async (entry) => {
    const answer = await client.send(entry.path);
    const receipt = answer?.status === 200 ? (answer.body as Receipt) : undefined;
    if (receipt !== undefined && isFinal(receipt)) entry.final = receipt;
  });
}

/** What the orders sent has ended too, or had its time for it. */
async function confirmed(client: Client): Promise<void> {
  const until = performance.now() + SETTLE_MS;
  while (performance.now() < until) {
    const jobs = await jobsOf(client, "send-confirmation");
    if (jobs.every(isFinal)) return;
    await sleep(LONGEST_PAUSE_MS);
  }
}

async function limitOf(client: Client): Promise<number> {
  type Resources = { items: readonly { name: string; declared: number }[] };
  const { items } = await client.administer<Resources>("/admin/resources");
  return items.find(({ name }) => name === "orders-db")?.declared ?? 0;
}

const seconds = (ms: number): number => Math.round(ms / 100) / 10;
