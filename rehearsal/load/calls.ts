/** The load: so many orders over the three flows, with and without keys, some poison, each as a client would call. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Faults } from "../faults/faults.ts";
import { type Client, eachOf } from "./client.ts";
import { type Call, type Entry, hear, type Ledger } from "./ledger.ts";
import type { Listener } from "./listener.ts";

const SHARES = { poison: 0.015, keyed: 0.5, socket: 0.4, repeated: 0.2, direct: 0.3 };
const SURELY_POISON = 4;
const MOST_SENDS = 10;
const LONGEST_WAIT_MS = 1_500;

/** The operation that a template may have a gateway put into its queue. */
export const DIRECT_OPERATION = "place-order-event";

export function callsOf(
  count: number,
  { run, direct }: { readonly run: string; readonly direct: boolean },
  chance: () => number,
): readonly Call[] {
  return Array.from({ length: count }, (_, index) => {
    const tag = `${run}-${index}`;
    const which = chance();
    const flow = which < 0.5 ? "place-order-event" : which < 0.8 ? "place-order" : "place-order-request";
    const isDirect = direct && flow === DIRECT_OPERATION && chance() < SHARES.direct;
    return {
      tag,
      flow,
      isDirect,
      // A few at least, however small the load.
      poison: flow !== "place-order-request" && (index < SURELY_POISON || chance() < SHARES.poison),
      key: chance() < SHARES.keyed ? `key-${tag}` : undefined,
      // Until a function has seen it, a direct call cannot be followed on a socket (docs/wire.md, 9).
      follow: chance() < SHARES.socket && !isDirect ? "socket" : "status",
    };
  });
}

export async function makeCalls(
  calls: readonly Call[],
  width: number,
  { client, ledger, listeners, faults }: Clients,
): Promise<void> {
  let turn = 0;
  await eachOf(calls, width, async (call) => {
    const entry = ledger.begin(call);
    await send(entry, client);
    if (entry.key !== undefined && faults.chance() < SHARES.repeated) await send(entry, client);
    const listener = listeners[turn++ % listeners.length];
    if (entry.receipt !== undefined && entry.follow === "socket") listener?.follow(entry, entry.receipt);
  });
}

export type Clients = {
  readonly client: Client;
  readonly ledger: Ledger;
  readonly listeners: readonly Listener[];
  readonly faults: Faults;
};

/** Under a key until it is known what became of it; without one, once: to repeat it would be to order twice. */
async function send(entry: Entry, client: Client): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    entry.sends++;
    const answer = await client.send(`${entry.isDirect ? "/direct" : ""}/operations/${entry.flow}`, {
      method: "POST",
      body: { sku: entry.poison ? "POISON" : "lamp", quantity: 1, customer: entry.tag },
      headers: entry.key === undefined ? {} : { "idempotency-key": `"${entry.key}"` },
    });
    hear(entry, answer);
    if (entry.last === "acknowledged" || entry.key === undefined || attempt >= MOST_SENDS) return;
    const isOver = answer !== undefined && answer.status < 500 && answer.status !== 409;
    if (isOver) return;
    const seconds = Number(answer?.headers?.["retry-after"] ?? 1);
    await sleep(Math.min(LONGEST_WAIT_MS, seconds * 250 * attempt));
  }
}
