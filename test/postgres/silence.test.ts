/** A network that drops what it carries: nobody is told, so whoever asks gives up by himself. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { Connections } from "../../src/engines/postgres/connection.ts";
import { Lines, Reach } from "../../src/engines/postgres/lines.ts";
import { cluster, missingCluster } from "./support/cluster.ts";
import { SilentProxy } from "./support/silent-proxy.ts";

const SILENCE_MS = 300;
const MARKED = "nobody hears this";

suite("a read on a connection that falls silent", { skip: missingCluster() }, () => {
  test("waits for it once, and not again on another", async (t) => {
    const { proxy, connections } = await silenced(t);
    await assert.rejects(connections.read({ text: `SELECT '${MARKED}'` }), {
      code: "storage-unavailable",
      message: /did not answer for 300 ms/,
    });
    assert.equal(proxy.asked, 1);
    assert.deepEqual(await connections.read({ text: "SELECT 1" }), [[1]]);
  });
});

async function silenced(t: TestContext) {
  const proxy = await SilentProxy.start((await cluster()).url, MARKED);
  const reach = new Reach({ connectionString: proxy.url });
  const connections = new Connections(new Lines(reach, 1, SILENCE_MS), new Lines(reach, 1));
  t.after(async () => {
    await connections.close();
    proxy.close();
  });
  return { proxy, connections };
}
