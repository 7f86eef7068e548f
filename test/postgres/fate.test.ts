/** What became of a transaction whose COMMIT was not answered, as the mark tells that it left. */
import assert from "node:assert/strict";
import { suite, type TestContext, test } from "node:test";
import { systemRandom } from "../../src/core/random.ts";
import { PORTABLE_SIZES } from "../../src/core/store-defaults.ts";
import { Transaction } from "../../src/engines/postgres/connection.ts";
import { Fates } from "../../src/engines/postgres/fate.ts";
import { Lines, Reach } from "../../src/engines/postgres/lines.ts";
import { migrate } from "../../src/engines/postgres/migrate.ts";
import { settingsOf } from "../../src/engines/postgres/options.ts";
import { missingPostgres } from "./support/installation.ts";
import { Postmaster } from "./support/postmaster.ts";

const LIMITS = { ...PORTABLE_SIZES, singleOwner: false, groupsInFlight: 1 };
const never = () => false;

suite("a transaction that left a mark", { skip: missingPostgres() }, () => {
  test("was lost, also if the server crashed and gives its number to another that is committed", async (t) => {
    const { lines, fates } = await world(t);
    const lost = await begun(lines, fates);
    const { rows } = await lost.transaction.run<[string]>({ text: "SELECT pg_current_xact_id()::text" });
    const victim = await lines.take();
    const [[pid = 0] = []] = (await victim.send<[number]>({ text: "SELECT pg_backend_pid()" })).rows;
    process.kill(pid, "SIGKILL");
    await assert.rejects(lost.transaction.run({ text: "SELECT pg_sleep(5)" }));
    lines.giveBack(victim);
    lines.giveBack(lost.line);
    const given = await numberOfNext(lines);
    assert.equal(given, rows[0]?.[0], "the server gives the same number again");
    assert.equal(await fates.wasCommitted(lost.mark, never), false);
  });

  test("was committed, however often that is asked", async (t) => {
    const { lines, fates } = await world(t);
    const { line, transaction, mark } = await begun(lines, fates);
    await transaction.commit();
    lines.giveBack(line);
    assert.equal(await fates.wasCommitted(mark, never), true);
    assert.equal(await fates.wasCommitted(mark, never), true);
  });

  test("is waited for while it lives", async (t) => {
    const { lines, fates } = await world(t);
    const { line, transaction, mark } = await begun(lines, fates);
    await transaction.run({ text: "SELECT 1" });
    const asked = fates.wasCommitted(mark, never);
    await waits(lines);
    await transaction.commit();
    lines.giveBack(line);
    assert.equal(await asked, true);
  });

  test("is kept out when it comes only after somebody was told that it was lost", async (t) => {
    const { lines, fates } = await world(t);
    const late = "a-node.0";
    assert.equal(await fates.wasCommitted(late, never), false);
    assert.equal(await fates.wasCommitted(late, never), false, "also if the first answer was lost");
    const line = await lines.take();
    const transaction = new Transaction(line);
    assert.equal(fates.mark(transaction), late);
    await assert.rejects(transaction.commit(), { code: "23505" });
    lines.giveBack(line);
    assert.equal(await fates.wasCommitted(late, never), false);
  });
});

async function world(t: TestContext): Promise<{ lines: Lines; fates: Fates }> {
  const postmaster = await Postmaster.start();
  const settings = settingsOf(postmaster.url, {}, LIMITS);
  const reach = new Reach(settings.address);
  await migrate(reach, settings, systemRandom());
  const lines = new Lines(reach, 4);
  t.after(async () => {
    await lines.close();
    await postmaster.remove();
  });
  return { lines, fates: new Fates(lines, settings.schema, "a-node") };
}

async function begun(lines: Lines, fates: Fates) {
  const line = await lines.take();
  const transaction = new Transaction(line);
  return { line, transaction, mark: fates.mark(transaction) };
}

/** Of the first transaction that writes once the server has recovered. */
async function numberOfNext(lines: Lines): Promise<string> {
  for (;;) {
    try {
      const line = await lines.take();
      try {
        const asked = { text: "SELECT pg_current_xact_id()::text" };
        return (await line.send<[string]>(asked)).rows[0]?.[0] ?? "";
      } finally {
        lines.giveBack(line);
      }
    } catch {
      // It is recovering.
    }
  }
}

/** Until somebody stands behind another's transaction. */
async function waits(lines: Lines): Promise<void> {
  const line = await lines.take();
  const asked = { text: "SELECT count(*) FROM pg_locks WHERE NOT granted" };
  while (((await line.send<[number]>(asked)).rows[0]?.[0] ?? 0) === 0);
  lines.giveBack(line);
}
