/**
 * Where tests share a cluster, the transactions of one hold back what another's store tells of its changes: this waits
 * until all that are under way now have ended, as they have on a cluster that does nothing else.
 */
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";

const PATIENCE_MS = 10_000;

const clients = new Map<string, Promise<Client>>();

export async function untilOver(url: string): Promise<void> {
  const client = await clientOf(url);
  const number = async (which: "xmin" | "xmax") => {
    const { rows } = await client.query(`SELECT pg_snapshot_${which}(pg_current_snapshot())::text AS id`);
    return BigInt(rows[0].id);
  };
  const next = await number("xmax");
  const until = performance.now() + PATIENCE_MS;
  while ((await number("xmin")) < next && performance.now() < until) await pause(1);
}

/** For as long as the process lives, which it does not prolong. */
function clientOf(url: string): Promise<Client> {
  const known = clients.get(url) ?? connected(url);
  clients.set(url, known);
  return known;
}

async function connected(url: string): Promise<Client> {
  const client = new Client(url);
  await client.connect();
  (client as unknown as { unref(): void }).unref();
  return client;
}
