// What a process that polls remembers of jobs that no message will bring.
import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import { Database } from "../../src/engines/aws/database.ts";
import { Parked } from "../../src/engines/aws/parked.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { TestClock } from "../support/test-clock.ts";
import { type Rig, rig, withoutMoto } from "./support/rig.ts";

suite("parked jobs", { skip: withoutMoto }, () => {
  let on: Rig;
  before(async () => {
    on = await rig();
  });

  test("are remembered up to some number, however many a process accepts that claims none", async () => {
    const store = await on.newStore(["work"]);
    const clock = new TestClock();
    const client = on.dynamodb();
    const host = { clock, random: new SeededRandom(1), onFatal: assert.fail };
    const parked = new Parked(new Database(store.table, () => client, host), clock);
    assert.deepEqual(await parked.of("work"), []);
    for (let n = 0; n < 5_000; n++) parked.note("work", `job-${n}`, clock.now() + n);
    const known = await parked.of("work");
    assert.ok(known.length > 0 && known.length <= 1_000, `${known.length} are remembered`);
    await store.remove();
  });
});
