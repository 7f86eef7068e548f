// Keys of items: whatever text they are, they are told apart, and come back as they went in.
import assert from "node:assert/strict";
import { promises } from "./promises.ts";
import { put } from "./world.ts";

/** In the order of their code points, which is the order of a scan; each a neighbour of what it might be taken for. */
const KEYS: readonly string[] = [
  ...["", "\0", "\0\0", "\n", '"', "'", "'; --"],
  ...["a", "a\0", "a\0b", "a\n", "a\nb", "a b", 'a"', "a\\0"],
  ...["e\u0301", "é", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "😀", "😀😀", "\u{10ffff}"],
];
const at = (key: string) => ({ table: "things", key });

promises("keys", (promise) => {
  promise("keys that look alike are read apart, each as it was written", async (world) => {
    await world.write(KEYS.map((key, place) => put(key, place)));
    const items = await world.engine.read(KEYS.map(at));
    assert.deepEqual(
      items.map((item) => item && [item.key, item.value]),
      KEYS.map((key, place) => [key, String(place)]),
    );
  });

  promise("a scan gives them all in the order of their code points, and goes on after any", async (world) => {
    await world.write(KEYS.toReversed().map((key) => put(key, 0)));
    for (const [place, after] of KEYS.entries()) {
      const items = await world.engine.scan("things", after, KEYS.length);
      assert.deepEqual(
        items.map(({ key }) => key),
        KEYS.slice(place + 1),
      );
    }
  });

  promise("a conflict and a deletion mean the key they name, and no other", async (world) => {
    await world.write(KEYS.map((key) => put(key, 0)));
    const answer = await world.write(KEYS.map((key) => ({ ...put(key, 1), kind: "insert", value: "1" })));
    assert.deepEqual(answer, { kind: "conflict", reads: [], conditions: KEYS.map(at) });
    const gone = KEYS.filter((_, place) => place % 2 === 0);
    await world.write(gone.map((key) => ({ ...at(key), kind: "delete" })));
    const items = await world.engine.read(KEYS.map(at));
    assert.deepEqual(
      items.map((item) => item?.key),
      KEYS.map((key, place) => (place % 2 === 0 ? undefined : key)),
    );
  });
});
