/**
 * Three nodes whose connections to the database break while it answers, so that nobody knows what was committed: each
 * group is settled all the same, once, and every caller is told what is so.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { SeededRandom } from "../support/seeded-random.ts";
import { CuttingProxy } from "./support/cutting-proxy.ts";
import { missingPostgres } from "./support/installation.ts";
import { Nodes } from "./support/nodes.ts";
import { Postmaster } from "./support/postmaster.ts";

const SECONDS = Number(process.env["SECONDS"] ?? 8);
const SHARE = 0.02;

suite("three nodes that lose the answers of their database", { skip: missingPostgres() }, () => {
  test("neither lose nor double a call", async (t) => {
    const postmaster = await Postmaster.start();
    t.after(() => postmaster.remove());
    const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
    const proxies = [1, 2, 3].map((one) => new CuttingProxy(postmaster.port, new SeededRandom(seed + one)));
    t.after(() => {
      for (const proxy of proxies) proxy.close();
    });
    const ports = await Promise.all(proxies.map((proxy) => proxy.listen()));
    const url = ports.map((port) => `postgres://postgres@127.0.0.1:${port}/postgres`);
    const nodes = await Nodes.start(t, { url, seed });
    for (const proxy of proxies) proxy.share = SHARE;
    await nodes.underLoad(() => pause(SECONDS * 1_000));
    for (const proxy of proxies) proxy.share = 0;
    const cuts = proxies.reduce((sum, proxy) => sum + proxy.cuts, 0);
    t.diagnostic(`${cuts} answers lost`);
    assert.ok(cuts > 20, `${cuts} answers were lost`);
    await nodes.assertKept(t, "after lost answers");
  });
});
