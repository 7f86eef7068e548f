// A batch's items stand each for itself, and others get their turn while a large one is taken in.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { operation } from "../../src/core/operation.ts";
import type { Schema } from "../../src/core/schema.ts";
import { DoorRig } from "../support/door-rig.ts";
import { anything } from "../support/schemas.ts";

const throwing: Schema<unknown, unknown> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      if (value === null) throw new TypeError("The schema cannot take null.");
      return { value };
    },
  },
};

suite("a batch", () => {
  test("answers the items around one whose schema throws", async () => {
    const rig = await DoorRig.start({
      operations: [operation({ name: "e", flow: "event", input: throwing }, () => 1)],
    });
    const items = await rig.batch("e", [1, null, 3]);
    assert.deepEqual(
      items.map(({ status, code }) => code ?? status),
      ["queued", "internal", "queued"],
    );
    assert.equal(rig.errors.length, 1);
  });

  test("lets others have a turn every 500 items or 256 KiB", async () => {
    const rig = await DoorRig.start({
      operations: [operation({ name: "e", flow: "event", input: anything }, () => 1)],
    });
    await rig.pause("e");
    const turns = async (items: readonly unknown[]) => {
      let taken = 0;
      const after = rig.clock.after.bind(rig.clock);
      rig.clock.after = (ms, run) => {
        if (ms === 0) taken++;
        return after(ms, run);
      };
      assert.equal((await rig.batch("e", items)).length, items.length);
      rig.clock.after = after;
      return taken;
    };
    assert.equal(await turns(Array.from({ length: 1_499 }, (_, place) => place)), 2);
    assert.equal(await turns(Array.from({ length: 7 }, () => "x".repeat(100 * 1_024))), 2);
  });
});
