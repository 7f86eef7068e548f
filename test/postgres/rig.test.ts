/** The rig itself: a PostgreSQL that is shared, that can be killed, and that is gone with whoever wanted it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { suite, test } from "node:test";
import { promisify } from "node:util";
import { Client } from "pg";
import { cluster } from "./support/cluster.ts";
import { missingPostgres, VERSIONS } from "./support/installation.ts";
import { Postmaster } from "./support/postmaster.ts";

const support = `${import.meta.dirname}/support`;

suite("the PostgreSQL of a run", () => {
  for (const version of VERSIONS) {
    test(`is one for all its processes, in version ${version}`, {
      skip: missingPostgres(version),
    }, async () => {
      const { url } = await cluster(version);
      const asks = `import { cluster } from "${support}/cluster.ts"; console.log((await cluster(${version})).url);`;
      const { stdout } = await promisify(execFile)(process.execPath, [
        "--input-type=module-typescript",
        "-e",
        asks,
      ]);
      assert.equal(stdout.trim(), url);
      assert.equal(Math.floor(Number(await first(url, "SHOW server_version_num")) / 10_000), version);
      assert.equal(await first(url, "SHOW fsync"), "on");
    });
  }
});

suite("a PostgreSQL of a test's own", { skip: missingPostgres() }, () => {
  test("has what was committed after it was killed and started again, and leaves no folder", async () => {
    const postmaster = await Postmaster.start();
    try {
      await first(postmaster.url, "CREATE TABLE kept AS SELECT 42 AS answer");
      await postmaster.kill();
      await assert.rejects(first(postmaster.url, "SELECT 1"), { code: "ECONNREFUSED" });
      await postmaster.restart();
      assert.equal(await first(postmaster.url, "SELECT answer FROM kept"), 42);
      await postmaster.shutDown();
      await postmaster.restart();
      assert.equal(await first(postmaster.url, "SELECT answer FROM kept"), 42);
    } finally {
      await postmaster.remove();
    }
    assert.equal(existsSync(postmaster.home), false);
  });
});

async function first(url: string, statement: string): Promise<unknown> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query({ text: statement, rowMode: "array" });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}
