// The clock of an app whose store goes by its own: right from the start, and never set back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { storeClock } from "../../src/core/store-clock.ts";
import { TestClock } from "../support/test-clock.ts";

const HOUR_MS = 3_600_000;

test("a process whose clock is hours off goes by the store's from its first moment", () => {
  for (const skewMs of [3 * HOUR_MS, -3 * HOUR_MS]) {
    const own = new TestClock();
    const clock = storeClock(own, () => skewMs);
    assert.equal(clock.now(), own.now() + skewMs);
    own.advance(1_000);
    assert.equal(clock.now(), own.now() + skewMs);
    assert.equal(clock.monotonic(), own.monotonic());
  }
});

test("a store that turns out to be later is followed at once", () => {
  const own = new TestClock();
  let skewMs = 0;
  const clock = storeClock(own, () => skewMs);
  skewMs = 250;
  assert.equal(clock.now(), own.now() + 250);
});

test("a store that turns out to be earlier is followed without ever going back", () => {
  const own = new TestClock();
  let skewMs = 0;
  const clock = storeClock(own, () => skewMs);
  let before = clock.now();
  skewMs = -10_000;
  for (let second = 1; second <= 30; second++) {
    own.advance(1_000);
    const now = clock.now();
    assert.ok(now > before, "time passes");
    assert.equal(now, own.now() - Math.min(10_000, second * 500));
    before = now;
  }
});

test("what the own clock loses while the store's goes on is made up for", () => {
  const own = new TestClock();
  let skewMs = 0;
  const clock = storeClock(own, () => skewMs);
  const start = clock.now();
  for (let second = 1; second <= 10; second++) {
    own.advance(950);
    skewMs += 50;
    assert.equal(clock.now(), start + second * 1_000);
  }
});
