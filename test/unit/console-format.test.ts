// How the console words lengths of time.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { duration, shortDuration } from "../../console/src/format.ts";

suite("a length of time", () => {
  test("is said in the largest unit that it fills, rounded", () => {
    const said = [null, 0, 7.4, 999, 1_000, 9_949, 12_400, 65_000, 3_600_000, 172_800_000].map(duration);
    assert.deepEqual(said, [
      "–",
      "0 ms",
      "7 ms",
      "999 ms",
      "1.0 s",
      "9.9 s",
      "12 s",
      "1 min 5 s",
      "1 h 0 min",
      "2 days",
    ]);
  });

  test("that is rounded up to the next unit is said in that", () => {
    const said = [999.6, 9_960, 59_700, 119_700, 3_599_900].map(duration);
    assert.deepEqual(said, ["1.0 s", "10 s", "1 min 0 s", "2 min 0 s", "1 h 0 min"]);
  });

  test("has one unit where there is no room", () => {
    assert.deepEqual([59_000, 90_000, 5_400_000].map(shortDuration), ["59 s", "1.5 min", "1.5 h"]);
  });
});
