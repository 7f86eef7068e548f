// A read of many keys that the table answers in part: what it left over is asked for again, but not for ever.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { Engine } from "../../src/core/engine.ts";
import { writesAlone } from "../support/calls.ts";
import { EngineGround } from "./support/engine.ts";
import { type Fault, intercept } from "./support/faults.ts";
import { withoutMoto } from "./support/rig.ts";
import { whileRunning } from "./support/running.ts";

const ITEMS = ["a", "b", "c"].map((key) => ({ table: "counts", key }));
/** Longer than any patience: a read that is still asking by then is answered, so that the test ends. */
const END_MS = 60_000;

suite("keys that a read of the table leaves over", { skip: withoutMoto }, () => {
  let on: EngineGround;

  before(async () => {
    on = await EngineGround.lay();
    const engine = await opened(1, () => undefined);
    const writes = ITEMS.map((item) => ({ kind: "insert", ...item, value: item.key }) as const);
    const [answer] = await engine.commit([writesAlone(on.ids, writes)]);
    assert.deepEqual(answer, { kind: "applied" });
  });

  after(() => on.clear());

  /** @param fault of its reads once it is open, by how many there were before */
  async function opened(seed: number, fault: (reads: number) => Fault | undefined): Promise<Engine> {
    const client = on.dynamodb();
    const engine = await on.open(seed, client);
    let reads = 0;
    intercept(client, ({ name }) => (name === "BatchGetItem" ? fault(reads++) : undefined));
    return engine;
  }

  const valuesOf = async (engine: Engine) =>
    (await whileRunning(on.clock, engine.read(ITEMS))).map((item) => item?.value);

  test("once are asked for again, and all are answered", async () => {
    const engine = await opened(2, (reads) => (reads === 0 ? "left-over" : undefined));
    assert.deepEqual(await valuesOf(engine), ["a", "b", "c"]);
  });

  test("again and again are refused after as long as a table that throttles, and as that", async () => {
    const refusals = (["throttled", "left-over"] as const).map(async (fault, place) => {
      let begunAt = 0;
      const engine = await opened(3 + place, () => (on.clock.now() - begunAt < END_MS ? fault : undefined));
      begunAt = on.clock.now();
      const error = await engine.read(ITEMS).then(
        () => assert.fail(`${fault} for ${END_MS} ms, and still asked`),
        ({ code, hint }) => ({ code, hint }),
      );
      return { ...error, isWithin: on.clock.now() - begunAt < END_MS / 2 };
    });
    const [throttled, leftOver] = await whileRunning(on.clock, Promise.all(refusals));
    assert.equal(throttled?.code, "storage-unavailable");
    assert.deepEqual(leftOver, throttled);
  });
});
