/**
 * Three nodes on one PostgreSQL to which things happen, under load: connections cut, backends and the whole server
 * killed. What was acknowledged stays, nothing is done twice, and the nodes come back by themselves.
 */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Client as Database } from "pg";
import type { Client, Heard } from "../faults/client.ts";
import { missingPostgres } from "./support/installation.ts";
import { Nodes } from "./support/nodes.ts";
import { Postmaster } from "./support/postmaster.ts";

const TIMES = Number(process.env["TIMES"] ?? 3);
const BACK_WITHIN_MS = 5_000;
const CROWD = 40;
/** How long a node has its slots without asking. */
const LENT_MS = 5_000;

suite("three nodes and one database", { skip: missingPostgres() }, () => {
  test("that ends their sessions, again and again", async (t) => {
    const { nodes, postmaster } = await world(t);
    await nodes.underLoad(async () => {
      for (let time = 0; time < TIMES * 4; time++) {
        await pause(500);
        const share = nodes.random.chance(0.5) ? 1 : 0.3;
        await ask(postmaster, "SELECT pg_terminate_backend(pid) FROM others WHERE random() < $1", [share]);
      }
    });
    await nodes.assertKept(t, "after sessions ended");
  });

  test("of which a backend is killed, so that it ends them all and recovers", async (t) => {
    const { nodes, postmaster } = await world(t);
    await nodes.underLoad(async () => {
      for (let time = 0; time < TIMES; time++) {
        await pause(2_000);
        const [pid] = await ask(postmaster, "SELECT pid FROM others ORDER BY random() LIMIT 1");
        if (pid !== undefined) process.kill(Number(pid), "SIGKILL");
      }
    });
    await nodes.assertKept(t, "after backends were killed");
  });

  test("that is killed and started again", async (t) => {
    const { nodes, postmaster } = await world(t);
    await nodes.underLoad(async () => {
      for (let time = 0; time < TIMES; time++) {
        await pause(2_000);
        await postmaster.kill();
        await pause(nodes.random.fraction() * 1_500 + (time === 0 ? LENT_MS : 0));
        await postmaster.restart();
      }
    });
    await nodes.assertKept(t, "after the database was killed");
  });
});

suite("nodes whose database is away", { skip: missingPostgres() }, () => {
  test("say so with Retry-After, stay alive, and take calls within 5 s of its return", async (t) => {
    const { nodes, postmaster } = await world(t);
    const serving = nodes.all.filter(({ role }) => role !== "worker");
    const clients = serving.flatMap(({ client }) => client ?? []);
    for (const client of clients) assert.equal(statusOf(await call(nodes, client)), 202);
    // Of these some are lost on their way to the commit, some on the way back: nobody knows of those while it is away.
    const crowd = await Promise.all(serving.map(({ server }) => server.client(CROWD)));
    t.after(() => crowd.forEach((client) => void client.close()));
    const underWay = crowd.flatMap((client) => Array.from({ length: CROWD }, () => call(nodes, client)));
    await pause(20);
    await postmaster.shutDown();
    for (let look = 0; look < 4; look++) {
      await pause(1_000);
      for (const client of clients) {
        const heard = await call(nodes, client);
        assert.ok(heard.kind === "answer", "it answers");
        assert.equal(heard.status, 503);
        assert.equal((heard.body as { code?: string }).code, "storage-unavailable");
        assert.match(heard.headers["retry-after"] ?? "", /^[1-9]\d*$/);
      }
      for (const { client } of nodes.all) {
        assert.ok(client, "no node has ended");
        assert.equal(statusOf(await client.ask({ path: "/health/live" })), 200);
      }
    }
    await postmaster.restart();
    const since = performance.now();
    for (const client of clients) {
      while (statusOf(await call(nodes, client)) !== 202) {
        assert.ok(performance.now() - since < BACK_WITHIN_MS, "it is back in time");
        await pause(50);
      }
    }
    const answers = (await Promise.all(underWay)).map(statusOf);
    assert.deepEqual(
      answers.filter((status) => status !== 202 && status !== 503),
      [],
    );
    t.diagnostic(`back after ${Math.round(performance.now() - since)} ms`);
    await nodes.assertKept(t, "after the database was away");
  });
});

async function world(t: TestContext): Promise<{ nodes: Nodes; postmaster: Postmaster }> {
  const postmaster = await Postmaster.start();
  t.after(() => postmaster.remove());
  await ask(
    postmaster,
    "CREATE VIEW others AS SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
  );
  return { nodes: await Nodes.start(t, { url: postmaster.url }), postmaster };
}

/** The first column; nothing, where the database is just recovering. */
async function ask({ url }: Postmaster, text: string, values: readonly unknown[] = []): Promise<unknown[]> {
  const database = new Database(url);
  database.on("error", () => {});
  try {
    await database.connect();
    const { rows } = await database.query({ text, values: [...values], rowMode: "array" });
    return rows.map(([first]) => first);
  } catch {
    return [];
  } finally {
    await database.end().catch(() => {});
  }
}

/** One call to one node; the ledger knows of it, as of all. */
async function call({ ledger }: Nodes, client: Client): Promise<Heard> {
  const tag = `one.${ledger.entries.size}`;
  const entry = ledger.send({ tag, operation: "tally-event", worth: 1 });
  const heard = await client.post("/operations/tally-event", { tag, worth: 1 });
  ledger.hear(entry, heard);
  return heard;
}

const statusOf = (heard: Heard): number | undefined => (heard.kind === "answer" ? heard.status : undefined);
