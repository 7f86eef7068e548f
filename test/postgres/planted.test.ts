/**
 * The rig of many nodes itself: each bug that it is there to find is planted and must be found, on the very occasion
 * that makes it show, and the same occasion without the bug must pass.
 */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { LIMIT } from "../faults/apps/ledger-operations.ts";
import type { Client } from "../faults/client.ts";
import { kindsOf, type Verdict } from "../faults/judge.ts";
import type { Receipt } from "../faults/ledger.ts";
import { cluster, missingCluster } from "./support/cluster.ts";
import { Nodes } from "./support/nodes.ts";

const HELD = 3;
const RELEASED_WITHIN_MS = 15_000;

suite("the rig of many nodes catches", { skip: missingCluster() }, () => {
  test("a limit that each node keeps for itself", async (t) => {
    const environment = { LEDGER_PLANTED: "own-limits" };
    const nodes = await Nodes.start(t, { url: (await cluster()).url, environment });
    await nodes.underLoad(() => pause(3_000));
    const { most } = nodes.overlap();
    assert.ok(most > LIMIT, `${most} of ${LIMIT}`);
  });

  test("a node that writes although it stood still and was overtaken", async (t) => {
    const kinds = kindsOf(await overtaken(t, { LEDGER_PLANTED: "no-fence" }));
    assert.ok(kinds.includes("doubled") && kinds.includes("drifted"), kinds.join());
  });

  test("a node that acknowledges what it has not committed, and dies", async (t) => {
    const environment = { LEDGER_PLANTED: "acknowledge-early", LEDGER_DIE_AT: "20" };
    const nodes = new Nodes(t, { url: (await cluster()).url, roles: ["all", "worker"], environment });
    for (const node of nodes.all) await node.start();
    const [first] = nodes.all;
    for (let call = 0; call < 40 && first?.client; call++)
      await nodes.load.call(nodes, { name: "early", flow: "event", keyed: false, work: {} });
    await first?.server.ended;
    await first?.start({ LEDGER_PLANTED: "acknowledge-early", LEDGER_DIE_AT: "Infinity" });
    assert.deepEqual(kindsOf(await nodes.verdict()), ["lost"]);
  });
});

suite("without a bug the same occasion passes:", { skip: missingCluster() }, () => {
  test("a node that stood still and was overtaken", async (t) => {
    assert.deepEqual(await overtaken(t, {}), { kind: "held" });
  });
});

/** One node's runs outlive their leases while it stands still; when it goes on, others have long settled their jobs. */
async function overtaken(t: TestContext, environment: Readonly<Record<string, string>>): Promise<Verdict> {
  const nodes = new Nodes(t, { url: (await cluster()).url, roles: ["all", "all"], environment });
  const [slow, other] = nodes.all;
  assert.ok(slow && other);
  await slow.start();
  const work = { isHeld: true };
  const held = await Promise.all(
    Array.from({ length: HELD }, () =>
      nodes.load.call(nodes, { name: "held", flow: "event", keyed: false, work }),
    ),
  );
  const ids = held.flatMap(({ receipts }) => [...receipts]);
  assert.equal(ids.length, HELD);
  for (const id of ids)
    while ((await receiptOf(slow.client, id)).status === "queued") assert.ok(slow.client, "it still serves");
  slow.server.signal("SIGSTOP");
  await other.start();
  for (const id of ids) assert.equal((await receiptOf(other.client, id, 25)).status, "succeeded");
  slow.server.signal("SIGCONT");
  assert.deepEqual(await released(slow.client), { released: HELD });
  // Its commit comes after theirs.
  const last = { name: "last", flow: "event", keyed: true, work: {} } as const;
  if (slow.client) await nodes.load.call(slow.client, last);
  return nodes.verdict();
}

/** A node that has just come to itself closes what was open, and asks for slots anew. */
async function released(client: Client | undefined): Promise<unknown> {
  const late = performance.now() + RELEASED_WITHIN_MS;
  for (;;) {
    const heard = await client?.post("/operations/release", {});
    if (heard?.kind === "answer" && heard.status === 200) return heard.body;
    assert.ok(performance.now() < late, `it is released, not ${JSON.stringify(heard)}`);
    await pause(50);
  }
}

async function receiptOf(client: Client | undefined, id: string, wait = 0): Promise<Receipt> {
  const heard = await client?.ask({ path: `/receipts/${id}`, headers: { prefer: `wait=${wait}` } });
  assert.ok(heard?.kind === "answer", "it answers");
  return heard.body as Receipt;
}
