/** A role that may do no more than it needs. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { Client } from "pg";
import { systemClock } from "../../src/core/clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import { postgres } from "../../src/engines/postgres/index.ts";
import { until } from "../wire/support/wait.ts";
import { cluster, dropSchema, missingCluster, newSchema } from "./support/cluster.ts";

const host = { clock: systemClock(), random: systemRandom(), onFatal: assert.fail };

/** A role with a schema that was given to it. */
async function role(t: TestContext) {
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
  return { schema, client, open: () => postgres(url.href, { schema }).open(host) };
}

suite("a role that may create no schema", { skip: missingCluster() }, () => {
  test("leaves no connection open where it may not read what it needs", async (t) => {
    const { schema, client, open } = await role(t);
    await (await open()).close();
    await client.query(`REVOKE SELECT ON "${schema}".jobs FROM "${schema}"`);
    await assert.rejects(open());
    const left = "SELECT count(*)::int AS open FROM pg_stat_activity WHERE usename = $1";
    await until("every connection of the role is gone", async () => {
      const { rows } = await client.query(left, [schema]);
      return rows[0].open === 0;
    });
  });

  test("makes its tables in one that was given to it", async (t) => {
    const { open } = await role(t);
    const engine = await open();
    t.after(() => engine.close());
    const answers = await engine.commit([
      { kind: "claim", queues: [{ operation: "work", limit: 1 }], token: "t", leaseMs: 1_000 },
    ]);
    assert.equal(answers[0]?.kind, "claimed");
    assert.deepEqual(await engine.sweep(10), { rescued: [], pruned: 0 });
  });
});
