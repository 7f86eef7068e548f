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
  const open = (readsOnly = false) => postgres(url.href, { schema }).open({ ...host, readsOnly });
  return { schema, client, open };
}

/** The tables are another's, as where whoever serves may not make them; the role may do with them what is granted. */
async function guest(t: TestContext, ...grants: string[]) {
  const { schema, client, open } = await role(t);
  await (await open()).close();
  await client.query(`REASSIGN OWNED BY "${schema}" TO current_user`);
  const grant = (text: string) => client.query(text.replaceAll("$", `"${schema}"`));
  for (const text of ["GRANT USAGE ON SCHEMA $ TO $", ...grants]) await grant(text);
  return { schema, client, open, grant };
}

const READ = "GRANT SELECT ON ALL TABLES IN SCHEMA $ TO $";
const WRITE = "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA $ TO $";
const COUNT = "GRANT USAGE ON ALL SEQUENCES IN SCHEMA $ TO $";

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

suite("a role that lacks rights on the tables", { skip: missingCluster() }, () => {
  for (const { named, grants, lacks } of [
    {
      named: "may only read",
      grants: [READ],
      lacks: /no INSERT, UPDATE, DELETE on audit, .*; no USAGE on versions/,
    },
    {
      named: "may not read",
      grants: [WRITE, COUNT, "GRANT SELECT ON $.store TO $"],
      lacks: /no SELECT on audit, /,
    },
    {
      named: "lacks one right on one table",
      grants: [READ, WRITE, COUNT, "REVOKE DELETE ON $.live FROM $"],
      lacks: /gives its user \w+ no DELETE on live\./,
    },
    { named: "may not count", grants: [READ, WRITE], lacks: /no USAGE on versions\./ },
  ]) {
    test(`is refused at the start where it ${named}, and serves after what it is told`, async (t) => {
      const { schema, open, grant } = await guest(t, ...grants);
      const refused = await open().then(
        () => assert.fail("it was opened"),
        (error) => error,
      );
      assert.equal(refused.code, "configuration");
      assert.match(refused.message, lacks);
      const told = [...refused.message.matchAll(/GRANT [^;]+;/g)];
      assert.equal(told.length, 2, refused.message);
      for (const [text] of told) await grant(text);
      const engine = await open();
      t.after(() => engine.close());
      assert.deepEqual(await engine.sweep(10), { rescued: [], pruned: 0 });
      assert.ok(refused.message.includes(schema));
    });
  }

  test("is told of every table", async (t) => {
    const { schema, client, open } = await guest(t, "GRANT SELECT (version) ON $.store TO $");
    const tables = `SELECT string_agg(relname, ', ' ORDER BY relname) AS names FROM pg_class
      WHERE relnamespace = $1::regnamespace AND relkind = 'r'`;
    const { names } = (await client.query(tables, [`"${schema}"`])).rows[0];
    await assert.rejects(open(), { message: new RegExp(` no SELECT, INSERT, UPDATE, DELETE on ${names}; `) });
  });

  test("is told to have the schema opened to it", async (t) => {
    const { open, grant } = await guest(t, "REVOKE USAGE ON SCHEMA $ FROM $");
    await assert.rejects(open(), { code: "configuration", message: /GRANT USAGE ON SCHEMA/ });
    await grant("GRANT USAGE ON SCHEMA $ TO $");
    await assert.rejects(open(), { code: "configuration", message: /GRANT SELECT/ });
  });

  test("shows receipts where it may only read", async (t) => {
    const { open } = await guest(t, READ);
    const engine = await open(true);
    t.after(() => engine.close());
    assert.deepEqual(await engine.find([{ id: "none", principal: "ann" }]), [undefined]);
  });

  test("is refused at the start where it may not read the receipts it is to show", async (t) => {
    const { open } = await guest(t, READ, "REVOKE SELECT ON $.outcomes FROM $");
    await assert.rejects(open(true), {
      code: "configuration",
      message: /no SELECT on outcomes\..*GRANT SELECT ON ALL TABLES IN SCHEMA/,
    });
  });
});
