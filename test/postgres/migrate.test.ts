/** A schema on its way from one version to the next. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { Client } from "pg";
import { systemClock } from "../../src/core/clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import { type PostgresOptions, postgres } from "../../src/engines/postgres/index.ts";
import { MIGRATIONS } from "../../src/engines/postgres/schema.ts";
import { CALL } from "../support/job-states.ts";
import { until } from "../wire/support/wait.ts";
import { BreakingProxy } from "./support/breaking-proxy.ts";
import { cluster, dropSchema, missingCluster, newSchema } from "./support/cluster.ts";

const host = { clock: systemClock(), random: systemRandom(), onFatal: assert.fail };
const LATEST = MIGRATIONS.length;

async function world(t: TestContext) {
  const on = await cluster();
  const client = new Client(on.url);
  await client.connect();
  t.after(() => client.end());
  const schema = () => {
    const name = newSchema();
    t.after(() => dropSchema(on, name));
    return name;
  };
  const open = (name: string, options: PostgresOptions = {}) =>
    postgres(on.url, { schema: name, ...options }).open(host);
  /** As that version of Spillway made it. */
  const made = async (version: number) => {
    const name = schema();
    await client.query(`CREATE SCHEMA "${name}"`);
    for (const migration of MIGRATIONS.slice(0, version)) await client.query(migration(`"${name}"`));
    await client.query(`INSERT INTO "${name}".store (version, secret) VALUES ($1, 'secret')`, [version]);
    return name;
  };
  const versionOf = async (name: string) =>
    (await client.query(`SELECT version FROM "${name}".store`)).rows[0].version as number;
  return { url: on.url, client, schema, open, made, versionOf };
}

suite("a schema", { skip: missingCluster() }, () => {
  for (let version = 1; version < LATEST; version++)
    test(`of version ${version} becomes what a new one is, with what it has`, async (t) => {
      const { client, schema, open, made, versionOf } = await world(t);
      const [older, fresh] = [await made(version), schema()];
      const insert = `INSERT INTO "${older}".jobs (id, sequence, operation, principal, max_attempts, accepted_at,
          input_version, details, input) VALUES ($1, 1, 'work', '', 3, 0, 1, '{"origin":"http"}', '{}')`;
      await client.query(insert, [CALL.id]);
      for (const name of [older, fresh]) await (await open(name)).close();
      const shape = async (name: string) =>
        (
          await client.query(
            `SELECT c.relname, c.relkind, c.reloptions, a.attname, a.atttypid::regtype::text AS type, a.attnotnull
            FROM pg_class AS c LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
            WHERE c.relnamespace = $1::regnamespace ORDER BY c.relname, a.attnum`,
            [`"${name}"`],
          )
        ).rows;
      assert.deepEqual(await shape(older), await shape(fresh));
      assert.equal(await versionOf(older), LATEST);
      const { rows } = await client.query(`SELECT id FROM "${older}".jobs`);
      assert.deepEqual(rows, [{ id: CALL.id }]);
    });

  test("that is missing or too old is refused by who may not make it, with the command, and left as it is", async (t) => {
    const { schema, open, made, versionOf } = await world(t);
    await assert.rejects(open(schema(), { migrate: false }), {
      code: "configuration",
      message: /There is no schema .*Run: spillway migrate/s,
    });
    const older = await made(LATEST - 1);
    await assert.rejects(open(older, { migrate: false }), {
      code: "configuration",
      message: new RegExp(
        `is version ${LATEST - 1}, and this Spillway needs ${LATEST}.*spillway migrate`,
        "s",
      ),
    });
    assert.equal(await versionOf(older), LATEST - 1);
  });

  test("of a newer Spillway is refused and left as it is", async (t) => {
    const { client, open, made, versionOf } = await world(t);
    const newer = await made(LATEST);
    await client.query(`UPDATE "${newer}".store SET version = ${LATEST + 1}`);
    await assert.rejects(open(newer), { code: "configuration", message: /newer Spillway/ });
    assert.equal(await versionOf(newer), LATEST + 1);
  });

  test("is made by a node whose first connections lead nowhere, as a pooler's do until it has one to the server", async (t) => {
    const { schema, url, versionOf } = await world(t);
    const [name, proxy] = [schema(), await BreakingProxy.start(url)];
    t.after(() => proxy.close());
    proxy.sendsAway = true;
    const opening = postgres(proxy.url, { schema: name, listen: false }).open(host);
    opening.catch(() => {});
    await until("it has come again", () => proxy.sentAway >= 3);
    proxy.sendsAway = false;
    await (await opening).close();
    assert.equal(await versionOf(name), LATEST);
  });
});
