/**
 * Three nodes of mixed roles on one PostgreSQL, under load, and what happens to nodes: nothing that was acknowledged is
 * lost, nothing is done twice, and the limit that they share is kept. SECONDS makes each longer, SEED repeats choices.
 */
import { suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { cluster, missingCluster } from "./support/cluster.ts";

import { LEASE_MS, Nodes } from "./support/nodes.ts";

const SECONDS = Number(process.env["SECONDS"] ?? 10);

suite("three nodes", { skip: missingCluster() }, () => {
  test(`of which one is killed every second, for ${SECONDS} s`, async (t) => {
    const nodes = await Nodes.start(t, { url: (await cluster()).url });
    await nodes.underLoad(async () => {
      for (let second = 0; second < SECONDS; second++) {
        await pause(1_000);
        const node = nodes.random.pick(nodes.all);
        await node.kill();
        await node.start();
      }
    });
    await nodes.assertKept(t, "after kills");
  });

  test("of which one stands still for longer than its leases, again and again", async (t) => {
    const nodes = await Nodes.start(t, { url: (await cluster()).url });
    await nodes.underLoad(async () => {
      for (let turn = 0; turn * 5 < SECONDS; turn++) {
        const node = nodes.random.pick(nodes.all);
        node.cutOff();
        node.server.signal("SIGSTOP");
        await pause(LEASE_MS * 1.5);
        node.server.signal("SIGCONT");
        await pause(1_000);
      }
    });
    await nodes.assertKept(t, "after standing still");
  });
});
