/** A role that may do no more than it needs. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Client } from "pg";
import { systemClock } from "../../src/core/clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import { postgres } from "../../src/engines/postgres/index.ts";
import { cluster, dropSchema, missingCluster, newSchema } from "./support/cluster.ts";

suite("a role that may create no schema", { skip: missingCluster() }, () => {
  test("makes its tables in one that was given to it", async (t) => {
    const on = await cluster();
    const schema = newSchema();
    const client = new Client(on.url);
    await client.connect();
    t.after(async () => {
      await dropSchema(on, schema);
      await client.query(`DROP ROLE "${schema}"`);
      await client.end();
    });
    await client.query(`CREATE ROLE "${schema}" LOGIN; CREATE SCHEMA "${schema}" AUTHORIZATION "${schema}"`);
    const url = new URL(on.url);
    url.username = schema;
    const host = { clock: systemClock(), random: systemRandom(), onFatal: assert.fail };
    const engine = await postgres(url.href, { schema }).open(host);
    t.after(() => engine.close());
    const answers = await engine.commit([
      { kind: "claim", queues: [{ operation: "work", limit: 1 }], token: "t", leaseMs: 1_000 },
    ]);
    assert.equal(answers[0]?.kind, "claimed");
    assert.deepEqual(await engine.sweep(10), { rescued: [], pruned: 0 });
  });
});
