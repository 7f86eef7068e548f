/** What a node tells the people who run it while its database is away. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { operation } from "../../src/core/operation.ts";
import { anything } from "../support/schemas.ts";
import { BreakingProxy } from "./support/breaking-proxy.ts";
import { missingCluster } from "./support/cluster.ts";
import { OwnWorld } from "./support/own-world.ts";

suite("a database that is away", { skip: missingCluster() }, () => {
  test("is said once by a node, and once that it is back", async (t) => {
    const world = await OwnWorld.prepare(t);
    const proxy = await BreakingProxy.start(world.url);
    t.after(() => proxy.close());
    const work = operation({ name: "work", input: anything, flow: "event" }, () => 1);
    await world.start([work], {}, proxy.url);
    proxy.away();
    await world.until(async () => (world.errors.length > 0 ? true : undefined));
    // So that everything in the node that asks the store has missed it.
    for (let refused = 0; refused < 3; refused++) assert.equal((await world.call("work", 1)).status, 503);
    await proxy.back();
    await world.until(async () => world.news[0]);
    assert.deepEqual(
      world.errors.map((error) => String(error).replace(/:.*/s, "")),
      ["SpillwayError"],
    );
    assert.match(String(world.errors[0]), /PostgreSQL cannot be used now/);
    assert.equal(world.news.length, 1);
    assert.match(String(world.news[0]), /^The store answers again, after \d+ s\.$/);
  });
});
