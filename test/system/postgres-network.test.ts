/**
 * Three nodes on one PostgreSQL, under load, while the network between one of them and the database is in trouble, by
 * nftables. What was acknowledged stays, nothing is done twice, and the node comes back by itself.
 */
import { suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { newSchema } from "../postgres/support/cluster.ts";
import { missingPostgres } from "../postgres/support/installation.ts";
import { missingNetwork, TROUBLES, type Trouble, trouble } from "../postgres/support/network.ts";
import { Nodes } from "../postgres/support/nodes.ts";
import { Postmaster } from "../postgres/support/postmaster.ts";

/** Every node reaches the database by an address of its own, so that one can be cut off. */
const ADDRESSES = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];
const TROUBLED_MS = 7_000;

suite("three nodes, of which one has a network that", { skip: missingPostgres() || missingNetwork }, () => {
  for (const kind of Object.keys(TROUBLES) as Trouble[]) {
    test(kind, async (t) => {
      const postmaster = await Postmaster.start({ settings: { listen_addresses: "*" } });
      t.after(() => postmaster.remove());
      const urls = ADDRESSES.map((address) => postmaster.urlAt(address));
      const nodes = await Nodes.start(t, { url: urls, schema: newSchema() });
      await nodes.underLoad(async () => {
        await pause(1_000);
        const place = nodes.random.integer(ADDRESSES.length);
        nodes.all[place]?.cutOff();
        const end = trouble(kind, ADDRESSES[place] ?? "", postmaster.port);
        await pause(TROUBLED_MS).finally(end);
        await pause(2_000);
      });
      await nodes.assertKept(t, `after a network that ${kind}`);
    });
  }
});
