// Millions of jobs through the same tables: each tenth is accepted, then run, its outcomes pruned as in operation.
// What has to stay as it was: how fast, at what cost to the store, and how large tables and indexes are.
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Store } from "../peers/queue-peer.ts";
import { cpuMicrosOfTree } from "./children.ts";
import { Server } from "./server.ts";

const TENTHS = 10;
const RETENTION_SECONDS = 30;
/**
 * Uncounted, two tenths at least: until outcomes go as fast as they come, and the server's own vacuum, which looks
 * once a minute, has been there twice, tables can only grow.
 */
const WARM_UP_MS = 150_000;
const WARM_UP_TENTHS = 2;
const MIB = 2 ** 20;
const POLL_MS = 100;
const TENTH_LIMIT_MS = 300_000;
const TABLES = ["jobs", "live", "outcomes"] as const;

export type Tenth = {
  readonly jobs: number;
  readonly acceptPerSecond: number;
  readonly acceptStoreMicros: number;
  readonly drainPerSecond: number;
  readonly drainStoreMicros: number;
  readonly drainWorkerMicros: number;
  /** Table and indexes, at the end. */
  readonly sizesMiB: Readonly<Record<(typeof TABLES)[number], number>>;
};

export type PostgresSoakPlan = {
  readonly scripts: string;
  readonly startStore: (name: string) => Promise<Store>;
  readonly jobs: number;
  readonly say: (line: string) => void;
};

export async function postgresSoakRun(plan: PostgresSoakPlan): Promise<readonly Tenth[]> {
  const store = await plan.startStore("soak");
  const database = new pg.Client(`postgres://postgres@127.0.0.1:${store.port}/postgres`);
  const servers: Server[] = [];
  try {
    await database.connect();
    const start = async (role: string): Promise<Server> => {
      const args = [role, String(store.port), `${RETENTION_SECONDS}s`];
      const server = await Server.start({ folder: plan.scripts, script: "spillway-postgres.js", args });
      servers.push(server);
      return server;
    };
    const site: Site = { store, database, front: await start("front"), worker: await start("worker") };
    const jobs = Math.ceil(plan.jobs / TENTHS / 1_000) * 1_000;
    const tenths: Tenth[] = [];
    const warmAt = performance.now() + WARM_UP_MS;
    for (let warm = 1; warm <= WARM_UP_TENTHS || performance.now() < warmAt; warm++)
      plan.say(`warming up: ${said(await oneTenth(site, jobs))}`);
    while (tenths.length < TENTHS) {
      const tenth = await oneTenth(site, jobs);
      tenths.push(tenth);
      plan.say(`tenth ${tenths.length}: ${said(tenth)}`);
    }
    return tenths;
  } finally {
    await database.end().catch(() => {});
    for (const server of servers.reverse()) await server.stop();
    await store.stop();
  }
}

type Site = {
  readonly store: Store;
  readonly database: pg.Client;
  readonly front: Server;
  readonly worker: Server;
};

async function oneTenth({ store, database, front, worker }: Site, jobs: number): Promise<Tenth> {
  const start = { at: performance.now(), store: cpuMicrosOfTree(store.pid) };
  await front.tell("preload", jobs);
  const accepted = { at: performance.now(), store: cpuMicrosOfTree(store.pid) };
  const before = await worker.usage();
  const began = performance.now();
  await worker.tell("work");
  let after = before;
  while (after.ran - before.ran < jobs) {
    if (performance.now() - began > TENTH_LIMIT_MS)
      throw new Error(`${after.ran - before.ran} of ${jobs} jobs ran in ${TENTH_LIMIT_MS / 1_000} s.`);
    await sleep(POLL_MS);
    after = await worker.usage();
  }
  const drained = { at: performance.now(), store: cpuMicrosOfTree(store.pid) };
  await worker.tell("rest");
  return {
    jobs,
    acceptPerSecond: jobs / ((accepted.at - start.at) / 1_000),
    acceptStoreMicros: (accepted.store - start.store) / jobs,
    drainPerSecond: jobs / ((drained.at - began) / 1_000),
    drainStoreMicros: (drained.store - accepted.store) / jobs,
    drainWorkerMicros: (after.cpuMicros - before.cpuMicros) / jobs,
    sizesMiB: await sizes(database),
  };
}

async function sizes(database: pg.Client): Promise<Tenth["sizesMiB"]> {
  const { rows } = await database.query<{ readonly name: (typeof TABLES)[number]; readonly bytes: string }>(
    "SELECT name, pg_total_relation_size(('spillway.' || name)::regclass) AS bytes FROM unnest($1::text[]) AS name",
    [[...TABLES]],
  );
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, Number(bytes) / MIB])) as Tenth["sizesMiB"];
}

function said({ acceptPerSecond, drainPerSecond, drainStoreMicros, sizesMiB }: Tenth): string {
  const rates = `accepted ${Math.round(acceptPerSecond)}/s, ran ${Math.round(drainPerSecond)}/s at ${drainStoreMicros.toFixed(1)} µs of the store`;
  return `${rates}; ${TABLES.map((name) => `${name} ${Math.round(sizesMiB[name])} MiB`).join(", ")}`;
}
