/** A server that only lets itself be read, as a standby does before it takes over. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { Client } from "pg";
import { systemClock } from "../../src/core/clock.ts";
import type { Engine, NewCall } from "../../src/core/engine.ts";
import { Ids } from "../../src/core/ids.ts";
import { systemRandom } from "../../src/core/random.ts";
import { postgres } from "../../src/engines/postgres/index.ts";
import { newCall } from "../support/calls.ts";
import { missingPostgres } from "./support/installation.ts";
import { Postmaster } from "./support/postmaster.ts";

const ids = new Ids(systemClock(), systemRandom());

suite("a server that takes no writes", { skip: missingPostgres() }, () => {
  test("keeps nothing, says so at once, and is written to as soon as it takes over", async (t) => {
    const settings = { wal_level: "replica", max_wal_senders: 2 };
    const postmaster = await Postmaster.start({ settings });
    t.after(() => postmaster.remove());
    const host = { clock: systemClock(), random: systemRandom(), onFatal: assert.fail };
    const engine = await postgres(postmaster.url, { listen: false }).open(host);
    t.after(() => engine.close());
    assert.deepEqual(await opened(engine), "opened");

    await postmaster.shutDown();
    writeFileSync(join(postmaster.home, "data", "standby.signal"), "");
    await postmaster.restart();
    const held = { token: "t", leaseMs: 30_000, ifLost: "queue" } as const;
    for (const start of ["queued", held] satisfies NewCall["start"][])
      assert.deepEqual(await opened(engine, start), "storage-unavailable");

    const client = new Client(postmaster.url);
    await client.connect();
    await client.query("SELECT pg_promote()");
    await client.end();
    assert.deepEqual(await opened(engine), "opened");
  });
});

async function opened(engine: Engine, start: NewCall["start"] = "queued"): Promise<string | undefined> {
  const [answer] = await engine.commit([{ kind: "open", call: newCall(ids, { start }) }]);
  return answer?.kind === "refused" ? answer.code : answer?.kind;
}
