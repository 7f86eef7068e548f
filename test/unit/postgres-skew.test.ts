// How far a database's clock is ahead: whatever the network does, what is believed is within what the last answer allows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { believed } from "../../src/engines/postgres/skew.ts";
import { SeededRandom } from "../support/seeded-random.ts";

test("the first answer is believed", () => {
  assert.equal(believed(undefined, 3_600_000, 40), 3_600_000);
});

test("what the network may have made of it is followed slowly", () => {
  assert.equal(believed(100, 110, 50), 101);
});

test("what no network could have made of it is followed at once", () => {
  assert.equal(believed(0, 3_600_000, 5), 3_600_000 - 6);
  assert.equal(believed(0, -3_600_000, 5), -3_600_000 + 6);
});

test("over ways that take unequally long there and back it is never off by more than a round trip takes", () => {
  const random = new SeededRandom(4);
  const skew = 1_234;
  let ms: number | undefined;
  for (let answer = 0; answer < 500; answer++) {
    const [there, back] = [1 + random.integer(200), 1 + random.integer(20)];
    // Half of the round trip is taken off; it is off by half of their difference.
    ms = believed(ms, skew + (back - there) / 2, (there + back) / 2);
    assert.ok(Math.abs(ms - skew) <= there + back + 1);
  }
});
